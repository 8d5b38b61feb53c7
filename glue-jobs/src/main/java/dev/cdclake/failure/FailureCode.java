/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.failure;

/** The ways in which a run can fail. */
public enum FailureCode {
  /** A setting or a model cannot be used. */
  CONFIG_INVALID(Remedy.FIX_THEN_RERUN),
  /** The source, Kafka or the catalog did not answer. */
  UNREACHABLE(Remedy.RERUN),
  /** Kafka no longer holds offsets that were not yet read, or a topic was created anew. */
  KAFKA_GAP(Remedy.FIX_THEN_RERUN),
  /** A table has rows but no record of what they were made from. */
  PROGRESS_MISSING(Remedy.FIX_THEN_RERUN),
  /** Another writer committed to the same table at the same time. */
  CONCURRENT_WRITER(Remedy.RERUN),
  /** The catalog did not say whether a commit landed. */
  COMMIT_UNKNOWN(Remedy.CHECK_THEN_RERUN),
  /** Silver did not get as far as the comparison needs in the time allowed. */
  BEHIND(Remedy.RERUN),
  /** A row breaks an expectation that stops its table. */
  EXPECTATION_BROKEN(Remedy.FIX_THEN_RERUN),
  /** The run did its work and found what must not be. */
  CHECK_BROKEN(Remedy.FIX_THEN_RERUN),
  /** Silver is not what the source is. */
  NOT_EQUAL(Remedy.FIX_THEN_RERUN);

  private final Remedy remedy;

  FailureCode(Remedy remedy) {
    this.remedy = remedy;
  }

  /** Returns what to do about the failure. */
  public Remedy remedy() {
    return remedy;
  }
}
