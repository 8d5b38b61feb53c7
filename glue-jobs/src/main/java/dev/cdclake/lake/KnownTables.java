/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import dev.cdclake.contract.LakeTable;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.iceberg.Table;
import org.apache.iceberg.exceptions.NoSuchTableException;

/**
 * Finds the same tables again and again: the metadata is read of those alone that changed.
 *
 * <p>For one thread at a time. A table that was found before is the same object, which moves on to
 * its newest state.
 */
public final class KnownTables {

  private final LakeTables tables;
  private final Map<LakeTable, Table> known = new HashMap<>();

  public KnownTables(LakeTables tables) {
    this.tables = tables;
  }

  /** Returns a table at its newest state; empty when it does not exist. */
  public Optional<Table> find(LakeTable name) {
    Optional<Table> found = refreshed(known.remove(name)).or(() -> tables.find(name));
    found.ifPresent(table -> known.put(name, table));
    return found;
  }

  private static Optional<Table> refreshed(Table table) {
    try {
      if (table != null) {
        table.refresh();
      }
      return Optional.ofNullable(table);
    } catch (NoSuchTableException | IllegalStateException e) {
      // It was dropped; and, if it is another table now, made anew.
      return Optional.empty();
    }
  }
}
