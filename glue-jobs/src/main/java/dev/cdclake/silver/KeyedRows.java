/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import dev.cdclake.silver.ColumnType.UnreadableValueException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;

/** Rows of one key, or of the keys that updates of the key connect. */
final class KeyedRows implements RowGroup {

  private final RowState.Layout layout;
  private final Map<String, KeyRows> keys = new LinkedHashMap<>();

  KeyedRows(RowState.Layout layout) {
    this.layout = layout;
  }

  @Override
  public void add(String key, CurrentRow current) {
    rows(key).add(current);
  }

  @Override
  public boolean apply(Change change, EventLayout event) throws UnreadableValueException {
    String old = change.movedFrom();
    KeyRows movedFrom = old == null ? null : keys.getOrDefault(old, new KeyRows(layout));
    return rows(change.key()).apply(change, event, movedFrom);
  }

  @Override
  public void truncate(Truncation truncation) {
    keys.values().forEach(rows -> rows.truncate(truncation));
  }

  @Override
  public List<Row> folded() {
    List<Row> folded = new ArrayList<>();
    keys.values().forEach(rows -> folded.addAll(rows.folded()));
    return folded;
  }

  private KeyRows rows(String key) {
    return keys.computeIfAbsent(key, unknown -> new KeyRows(layout));
  }
}
