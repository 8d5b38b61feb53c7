/* Licensed under the Apache License, Version 2.0: see LICENSE. */
/**
 * The command line, and the whole line on one machine.
 *
 * <p>In come verbs and {@code pipeline.yaml}; out come running servers, a capturing connector, lake
 * jobs and what they report. The servers themselves are in {@code dev.cdclake.local.servers}.
 */
package dev.cdclake.local;
