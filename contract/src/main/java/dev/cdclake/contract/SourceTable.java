/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

import java.util.List;
import java.util.Map;

/**
 * One captured table, as the pipeline file lists it.
 *
 * @param name its name in PostgreSQL
 * @param lakeName its name in bronze and silver
 * @param key the columns that identify a row; empty when the source's primary key is used
 * @param renames columns that the source renamed: the earlier name, and the one that followed it
 * @param onDelete what silver does with a deleted row
 * @param expectations in the order of the file
 * @param checks what should hold between rows
 * @param masks columns whose values are masked before they leave the connector
 */
public record SourceTable(
    TableName name,
    String lakeName,
    List<String> key,
    Map<String, String> renames,
    OnDelete onDelete,
    List<Expectation> expectations,
    Checks checks,
    List<Mask> masks) {

  /** What becomes of a silver row whose source row was deleted. */
  public enum OnDelete {
    /** The row stays with its last values and {@code is_active = false}. */
    KEEP,
    /** The row is removed from the table; older snapshots hold it until they expire. */
    PURGE
  }

  public SourceTable {
    key = List.copyOf(key);
    renames = Map.copyOf(renames);
    expectations = List.copyOf(expectations);
    masks = List.copyOf(masks);
  }

  /** Returns a table with nothing but its name given. */
  public static SourceTable of(TableName name) {
    return new SourceTable(
        name,
        name.lakeName(),
        List.of(),
        Map.of(),
        OnDelete.KEEP,
        List.of(),
        Checks.NONE,
        List.of());
  }
}
