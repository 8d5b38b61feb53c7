/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import java.io.Serializable;
import java.util.HashMap;

/** Counts what tasks find when they check rows: how many rows, and which expectations broke. */
final class ExpectationTally implements Serializable {

  private static final long serialVersionUID = 1L;

  private final HashMap<String, Long> broken = new HashMap<>();
  private final HashMap<String, String> examples = new HashMap<>();
  private long checked;

  static ExpectationTally none() {
    return new ExpectationTally();
  }

  /** Counts one row that was checked. */
  void addChecked() {
    checked++;
  }

  /**
   * Counts an expectation that a row broke.
   *
   * @param key the row's key for a person; the first one is kept
   */
  void addBroken(String expectation, String key) {
    broken.merge(expectation, 1L, Long::sum);
    examples.putIfAbsent(expectation, key);
  }

  /** Adds what another task found. */
  void addAll(ExpectationTally other) {
    checked += other.checked;
    other.broken.forEach((name, rows) -> broken.merge(name, rows, Long::sum));
    other.examples.forEach(examples::putIfAbsent);
  }

  long checked() {
    return checked;
  }

  long broken(String expectation) {
    return broken.getOrDefault(expectation, 0L);
  }

  /** Returns the key of a row that broke an expectation, null if none did. */
  String example(String expectation) {
    return examples.get(expectation);
  }
}
