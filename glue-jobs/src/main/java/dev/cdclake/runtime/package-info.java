/* Licensed under the Apache License, Version 2.0: see LICENSE. */
/**
 * What the jobs have in common when they run: reports, latencies and fault points.
 *
 * <p>A stage hands in one batch of work; out come reports. The stages build on it.
 */
package dev.cdclake.runtime;
