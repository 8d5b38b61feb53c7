/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.runtime;

/**
 * Named points at which a test may let the process die, as if it were killed.
 *
 * <p>Set the system property {@code cdclake.die-at} to a point's name; without it a point costs one
 * comparison.
 */
public enum FaultPoint {
  /** Bronze wrote its files and committed nothing. */
  BRONZE_BEFORE_COMMIT,
  /** Bronze committed the first of several tables. */
  BRONZE_AFTER_FIRST_COMMIT,
  /** Bronze committed all tables and has not said how far they are complete. */
  BRONZE_BEFORE_WATERMARK,
  /** Silver wrote its files and committed nothing. */
  SILVER_BEFORE_COMMIT,
  /** Silver committed a table. */
  SILVER_AFTER_COMMIT,
  /** Silver folded all tables up to one point and has not published them together. */
  SILVER_BEFORE_PUBLISHING,
  /** Maintenance wrote compacted files and committed nothing. */
  MAINTAIN_BEFORE_COMPACTION_COMMIT,
  /** Maintenance committed compacted files of a table. */
  MAINTAIN_AFTER_COMPACTION,
  /** Maintenance dropped snapshots of a table from its metadata and deleted none of their files. */
  MAINTAIN_DURING_EXPIRY,
  /** A replay noted which rejected rows it takes, and committed nothing of them. */
  REPLAY_BEFORE_COMMIT,
  /** A replay committed its rows, and did not note that it has. */
  REPLAY_AFTER_COMMIT;

  private static final String CHOSEN = System.getProperty("cdclake.die-at");

  /** Ends the process, without any clean-up, if this is the chosen point. */
  public void pass() {
    if (CHOSEN != null && CHOSEN.equals(name())) {
      Runtime.getRuntime().halt(137);
    }
  }
}
