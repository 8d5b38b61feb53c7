/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.verify;

import java.util.List;

/**
 * What the comparison of one table found.
 *
 * @param table the table's noun
 * @param sourceRows rows in the source's snapshot
 * @param silverRows active rows in silver, and rows held back, that belong to the snapshot
 * @param missing rows of the source that silver lacks
 * @param extra rows of silver that the source lacks
 * @param different rows whose values differ
 * @param changedSince rows that were changed after the snapshot and are left out
 * @param quarantined rows whose newest version is held back because it breaks an expectation; that
 *     version equals the source
 * @param examples the first keys that differ, each with what is wrong
 * @param notCompared columns that are left out, because source and events spell them differently
 */
public record TableVerdict(
    String table,
    long sourceRows,
    long silverRows,
    long missing,
    long extra,
    long different,
    long changedSince,
    long quarantined,
    List<String> examples,
    List<String> notCompared) {

  /** Returns the verdict with other examples. */
  TableVerdict withExamples(List<String> lines) {
    return new TableVerdict(
        table,
        sourceRows,
        silverRows,
        missing,
        extra,
        different,
        changedSince,
        quarantined,
        lines,
        notCompared);
  }

  /** Returns the verdict with some of the missing rows counted as changed since. */
  TableVerdict explained(long rows) {
    return new TableVerdict(
        table,
        sourceRows,
        silverRows,
        missing - rows,
        extra,
        different,
        changedSince + rows,
        quarantined,
        missing == rows && extra == 0 ? List.of() : examples,
        notCompared);
  }

  /** Whether silver equals the source, rows apart that are held back on purpose. */
  public boolean isEqual() {
    return missing == 0 && extra == 0 && different == 0;
  }
}
