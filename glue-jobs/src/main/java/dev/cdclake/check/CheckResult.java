/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.check;

import java.util.List;

/**
 * What one check found.
 *
 * @param table the silver table's noun
 * @param check what should hold, for example {@code unique email}
 * @param checked rows that were looked at
 * @param broken rows for which it does not hold
 * @param examples the first of them, in words
 * @param snapshot of the silver table, null if there is none
 */
public record CheckResult(
    String table, String check, long checked, long broken, List<String> examples, Long snapshot) {

  public CheckResult {
    examples = List.copyOf(examples);
  }

  /** Whether it holds. */
  public boolean holds() {
    return broken == 0;
  }
}
