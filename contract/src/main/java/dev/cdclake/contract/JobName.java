/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

import java.util.Locale;

/**
 * The jobs that a scheduler starts, in flow order; the one authority on their names. Every job but
 * {@link #STREAM} ends by itself when it has done what there was to do.
 */
public enum JobName {
  /** Bronze and silver, continuously, in one process. */
  STREAM,
  /** Topics into bronze. */
  BRONZE,
  /** Bronze into silver. */
  SILVER,
  /** Silver into the gold models. */
  GOLD,
  /** The checks of the pipeline file over silver. */
  CHECK,
  /** Source against silver. */
  VERIFY,
  /** Retention, compaction, old snapshots, orphans. */
  MAINTAIN,
  /** Tables of the source anew, when an operator asks. */
  RESNAPSHOT,
  /** Rejected rows once more, when an operator asks. */
  REPLAY,
  /** One row out of every layer, when an operator asks. */
  FORGET;

  /** Returns the name that logs, settings and DAGs carry, for example {@code bronze}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Returns the name of the job's entry, for example {@code BronzeEntry}. */
  public String entry() {
    return name().charAt(0) + name().substring(1).toLowerCase(Locale.ROOT) + "Entry";
  }
}
