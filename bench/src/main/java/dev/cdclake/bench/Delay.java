/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

/**
 * How long changes took from their commit in PostgreSQL until they were visible in a layer.
 *
 * @param rate changes a second that were asked for
 * @param reached changes a second that were committed
 * @param layer where they became visible
 * @param changes how many were timed
 * @param missing how many never arrived; any is a failure
 * @param p50 milliseconds
 * @param cpuShare of one core that the lake's jobs used
 * @param megabytes the most that servers and jobs held together; -1 if it is not known
 */
record Delay(
    int rate,
    double reached,
    String layer,
    long changes,
    long missing,
    long p50,
    long p95,
    long p99,
    double cpuShare,
    long megabytes) {}
