/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

import java.util.List;

/**
 * One captured table, as the pipeline file lists it.
 *
 * @param name its name in PostgreSQL
 * @param lakeName its name in bronze and silver
 * @param key the columns that identify a row; empty when the source's primary key is used
 * @param onDelete what silver does with a deleted row
 * @param expectations in the order of the file
 */
public record SourceTable(
    TableName name,
    String lakeName,
    List<String> key,
    OnDelete onDelete,
    List<Expectation> expectations) {

  /** What becomes of a silver row whose source row was deleted. */
  public enum OnDelete {
    /** The row stays with its last values and {@code is_active = false}. */
    KEEP,
    /** The row is removed from the table; older snapshots hold it until they expire. */
    PURGE
  }

  public SourceTable {
    key = List.copyOf(key);
    expectations = List.copyOf(expectations);
  }

  /** Returns a table with nothing but its name given. */
  public static SourceTable of(TableName name) {
    return new SourceTable(name, name.lakeName(), List.of(), OnDelete.KEEP, List.of());
  }
}
