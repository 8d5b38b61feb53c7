/* Licensed under the Apache License, Version 2.0: see LICENSE. */
/**
 * What runs in the capture image: in come variables and secrets of the container, out come a
 * Connect worker, or its connector registered and running.
 *
 * <p>Settings of worker and connector are those of {@code dev.cdclake.connect}.
 */
package dev.cdclake.container;
