/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

/** Names of the metrics that the jobs publish and the alarms read. */
final class Metrics {

  /** The name space of the line's own metrics. */
  static final String NAMESPACE = "CdcLake";

  /** The line that a metric is about: the resources' prefix. */
  static final String LINE = "Line";

  /** Seconds since the source committed the newest change that silver holds. */
  static final String SECONDS_BEHIND = "SecondsBehind";

  /** Rows that were rejected. */
  static final String REJECTED_ROWS = "RejectedRows";

  /** Rows in which source and silver differ. */
  static final String ROWS_DIFFERENT = "RowsDifferent";

  private Metrics() {}
}
