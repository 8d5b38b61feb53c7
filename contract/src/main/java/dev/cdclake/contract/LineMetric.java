/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** What jobs publish and alarms read; the one authority on these names. */
public enum LineMetric {
  /** Seconds since the source was as silver shows it. */
  SECONDS_BEHIND,
  /** Events that wait for a stage's next batch. */
  EVENTS_WAITING,
  /** Tables that a stage cannot carry on, while the others go on. */
  TABLES_WAITING,
  /** Rows that were rejected. */
  REJECTED_ROWS,
  /** Rows in which source and silver differ. */
  ROWS_DIFFERENT,
  /** Runs of gold that ended well: one as often as it has its turn. */
  GOLD_RUNS;

  /** Dimension of all of them: the line, by the prefix of its resources. */
  public static final String LINE = "Line";

  /** Returns the metric's name, for example {@code SecondsBehind}. */
  public String label() {
    return Arrays.stream(name().split("_", -1))
        .map(word -> word.charAt(0) + word.substring(1).toLowerCase(Locale.ROOT))
        .collect(Collectors.joining());
  }
}
