/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.crash;

/**
 * Where the line is struck, in the order in which the data flows. A point of the job's code has the
 * name of its {@link dev.cdclake.runtime.FaultPoint}.
 */
enum CrashPoint {
  POSTGRES("PostgreSQL: immediate shutdown"),
  CONNECT_WHILE_SNAPSHOTTING("Connect worker: while it reads the first snapshot"),
  CONNECT_WHILE_STREAMING("Connect worker: while it streams"),
  KAFKA("Kafka broker"),
  BRONZE_BEFORE_READING("bronze: before it reads"),
  BRONZE_WHILE_WRITING("bronze: while it writes files"),
  BRONZE_BEFORE_COMMIT("bronze: between write and commit"),
  BRONZE_AFTER_FIRST_COMMIT("bronze: after the commit of the first of several tables"),
  BRONZE_BEFORE_WATERMARK("bronze: after its commits, before it says how far it is"),
  SILVER_WHILE_WRITING("silver: while it writes files"),
  SILVER_BEFORE_COMMIT("silver: between write and commit"),
  SILVER_AFTER_COMMIT("silver: after the commit of one of several tables"),
  SILVER_BEFORE_PUBLISHING("silver: before it publishes the consistent set"),
  GOLD_BEFORE_WRITING("gold: before it writes"),
  GOLD_AFTER_COMMIT("gold: after the commit of one of several models"),
  MAINTAIN_BEFORE_COMPACTION_COMMIT("compaction: between write and commit"),
  MAINTAIN_AFTER_COMPACTION("compaction: after a commit"),
  MAINTAIN_DURING_EXPIRY("expiry: in the middle"),
  REPLAY_BEFORE_COMMIT("replay: before its commit"),
  REPLAY_AFTER_COMMIT("replay: after its commit"),
  CATALOG_UNREACHABLE("catalog: unreachable for some seconds"),
  DISK_FULL("disk: full for some seconds"),
  JOB_AT_ANY_MOMENT("job: at a moment of chance");

  private final String sentence;

  CrashPoint(String sentence) {
    this.sentence = sentence;
  }

  /** Returns what is struck and when, for people. */
  String sentence() {
    return sentence;
  }
}
