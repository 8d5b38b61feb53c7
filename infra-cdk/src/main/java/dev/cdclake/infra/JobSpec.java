/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import static dev.cdclake.contract.Layer.BRONZE;
import static dev.cdclake.contract.Layer.GOLD;
import static dev.cdclake.contract.Layer.SILVER;

import dev.cdclake.contract.JobName;
import dev.cdclake.contract.Layer;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/**
 * What a job may touch, and how long it may take.
 *
 * @param job its name
 * @param topics whether it reads Kafka
 * @param source whether it reads the captured database
 * @param reads layers that it reads and does not write
 * @param writes layers that it writes
 * @param limit longest time of a run
 */
record JobSpec(
    JobName job,
    boolean topics,
    boolean source,
    Set<Layer> reads,
    Set<Layer> writes,
    Duration limit) {

  /** Returns every job, in flow order. */
  static List<JobSpec> all() {
    return List.of(JobName.values()).stream().map(JobSpec::of).toList();
  }

  /**
   * Rejected rows lie in bronze, so silver writes there too. Verify waits for marks that come out
   * of Kafka.
   */
  private static JobSpec of(JobName job) {
    return switch (job) {
      case STREAM ->
          new JobSpec(job, true, true, Set.of(), Set.of(BRONZE, SILVER), Duration.ofDays(7));
      case BRONZE -> new JobSpec(job, true, false, Set.of(), Set.of(BRONZE), Duration.ofHours(4));
      case SILVER ->
          new JobSpec(job, false, true, Set.of(), Set.of(BRONZE, SILVER), Duration.ofHours(4));
      case GOLD ->
          new JobSpec(job, false, false, Set.of(SILVER), Set.of(GOLD), Duration.ofHours(4));
      case CHECK ->
          new JobSpec(job, false, true, Set.of(BRONZE), Set.of(SILVER), Duration.ofHours(2));
      case VERIFY ->
          new JobSpec(job, true, true, Set.of(BRONZE, SILVER), Set.of(), Duration.ofHours(8));
      case MAINTAIN ->
          new JobSpec(
              job, false, false, Set.of(), Set.of(BRONZE, SILVER, GOLD), Duration.ofHours(4));
      case REPLAY ->
          new JobSpec(job, false, true, Set.of(), Set.of(BRONZE, SILVER), Duration.ofHours(4));
      case FORGET ->
          new JobSpec(
              job, false, true, Set.of(), Set.of(BRONZE, SILVER, GOLD), Duration.ofHours(8));
    };
  }

  /** Whether the job ends by itself. */
  boolean ends() {
    return job != JobName.STREAM;
  }
}
