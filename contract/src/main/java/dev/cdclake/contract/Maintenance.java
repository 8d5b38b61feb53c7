/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

import java.time.Duration;
import java.util.Optional;

/**
 * How the lake's tables are kept small and fast, and what is deleted when.
 *
 * @param retention what is deleted by age
 * @param whileRunning whether a running line looks after its own tables
 * @param smallFiles new files of a silver table after which a running line compacts it; five times
 *     as many elsewhere
 * @param snapshots that a table is cut down to; a running line does so when a quarter more have
 *     come, and more stay while a later table needs them
 * @param fileBytes size that compaction gives to files
 * @param longestQuery how long files that a reader may still use outlive their snapshot
 * @param orphans age from which a file that no snapshot knows is deleted; empty for never
 */
public record Maintenance(
    Retention retention,
    boolean whileRunning,
    int smallFiles,
    int snapshots,
    long fileBytes,
    Duration longestQuery,
    Optional<Duration> orphans) {

  /**
   * How long rows and states are kept; empty for ever.
   *
   * @param bronze changes in bronze, by day of arrival
   * @param tombstones silver rows whose source row was deleted
   * @param rejected rows that could not be used, and what expectations found
   * @param snapshots older states of a table
   */
  public record Retention(
      Optional<Duration> bronze,
      Optional<Duration> tombstones,
      Optional<Duration> rejected,
      Duration snapshots) {}
}
