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
import software.amazon.awscdk.services.ec2.ISecurityGroup;

/**
 * What a job may touch, and how long it may take.
 *
 * @param job its name
 * @param topics what it does with Kafka
 * @param source whether it reads the captured database
 * @param reads layers that it reads and does not write
 * @param writes layers that it writes
 * @param limit longest time of a run
 */
record JobSpec(
    JobName job,
    Topics topics,
    boolean source,
    Set<Layer> reads,
    Set<Layer> writes,
    Duration limit) {

  /** What a job does with the topics of the line. */
  enum Topics {
    NONE,
    READS,
    /** Also writes to them, and makes those that are gone. */
    WRITES
  }

  /** Returns every job, in flow order. */
  static List<JobSpec> all() {
    return List.of(JobName.values()).stream().map(JobSpec::of).toList();
  }

  /**
   * Rejected rows lie in bronze, so silver writes there too. Verify waits for marks that come out
   * of Kafka. What reads tables anew lets bronze pass a gap, and ends rows by an event of its own.
   */
  static JobSpec of(JobName job) {
    return switch (job) {
      case STREAM ->
          new JobSpec(
              job, Topics.READS, true, Set.of(), Set.of(BRONZE, SILVER), Duration.ofDays(7));
      case BRONZE ->
          new JobSpec(job, Topics.READS, false, Set.of(), Set.of(BRONZE), Duration.ofHours(4));
      case SILVER ->
          new JobSpec(
              job, Topics.NONE, true, Set.of(), Set.of(BRONZE, SILVER), Duration.ofHours(4));
      case GOLD ->
          new JobSpec(job, Topics.NONE, false, Set.of(SILVER), Set.of(GOLD), Duration.ofHours(4));
      case CHECK ->
          new JobSpec(job, Topics.NONE, true, Set.of(BRONZE), Set.of(SILVER), Duration.ofHours(2));
      case VERIFY ->
          new JobSpec(
              job, Topics.READS, true, Set.of(BRONZE, SILVER), Set.of(), Duration.ofHours(8));
      case MAINTAIN ->
          new JobSpec(
              job, Topics.NONE, false, Set.of(), Set.of(BRONZE, SILVER, GOLD), Duration.ofHours(4));
      case RESNAPSHOT ->
          new JobSpec(
              job, Topics.WRITES, true, Set.of(SILVER), Set.of(BRONZE), Duration.ofHours(8));
      case REPLAY ->
          new JobSpec(
              job, Topics.NONE, true, Set.of(), Set.of(BRONZE, SILVER), Duration.ofHours(4));
      case FORGET ->
          new JobSpec(
              job, Topics.NONE, true, Set.of(), Set.of(BRONZE, SILVER, GOLD), Duration.ofHours(8));
    };
  }

  /** Whether the job ends by itself. */
  boolean ends() {
    return job != JobName.STREAM;
  }

  /** Whether the job tells Connect what to capture. */
  boolean captures() {
    return job == JobName.RESNAPSHOT;
  }

  /** Returns which security group the job is in, and so whom it reaches. */
  ISecurityGroup group(NetworkStack.Groups groups) {
    return captures() ? groups.resnapshot() : groups.jobs();
  }

  /** Returns the name of the connection that leads there. */
  String connection(Line line) {
    return line.name(captures() ? job.label() : "jobs");
  }
}
