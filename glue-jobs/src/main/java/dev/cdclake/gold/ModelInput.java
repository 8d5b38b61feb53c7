/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.gold;

import java.util.Optional;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.types.Types;
import org.apache.iceberg.util.SnapshotUtil;

/**
 * A table that a model reads.
 *
 * @param name as the model calls it, {@code silver.orders}
 * @param snapshot the state of it that a refresh reads
 */
record ModelInput(String name, Table table, long snapshot) {

  /** Returns the columns that the table has in that state. */
  Schema columns() {
    return SnapshotUtil.schemaFor(table, snapshot);
  }

  /** Returns the column that holds the model's key; empty if the model names none. */
  Optional<Types.NestedField> keyOf(GoldModel model) {
    return Optional.ofNullable(model.touchedBy().get(name)).map(columns()::findField);
  }
}
