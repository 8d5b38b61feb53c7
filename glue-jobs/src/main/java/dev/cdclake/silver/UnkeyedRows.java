/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import dev.cdclake.silver.ColumnType.UnreadableValueException;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Row;

/**
 * Rows of a table without a key that look alike, as a multiset: of two equal rows, a delete takes
 * one.
 *
 * <p>An update comes as two changes, one that takes the row before it and one that adds the row
 * after it; they may belong to different groups. Which of several equal rows is taken makes no
 * difference to what the table holds; it is the newest that is older than the change, so that a
 * change which arrives late still finds one.
 */
final class UnkeyedRows implements RowGroup {

  private final RowState.Layout layout;

  /** Active rows, the newest last. */
  private final List<RowState> rows = new ArrayList<>();

  /** Rows that ended. */
  private final List<RowState> ended = new ArrayList<>();

  /** Rows that took another form, which is a row of its own. */
  private final List<RowState> replaced = new ArrayList<>();

  UnkeyedRows(RowState.Layout layout) {
    this.layout = layout;
  }

  /** Whether a change takes a row away rather than adding one. */
  static boolean isRemoval(Change change) {
    return change.after() == null;
  }

  @Override
  public void add(String key, CurrentRow current) {
    RowState row = RowState.current(layout, current);
    if (row.isActive()) {
      rows.add(row);
    }
  }

  @Override
  public boolean apply(Change change, EventLayout event)
      throws UnreadableValueException, RowNotFoundException {
    if (isRemoval(change)) {
      remove(change, event);
      return true;
    }
    RowState inserted = RowState.unknown(layout);
    inserted.apply(change, event, null);
    rows.add(inserted);
    return true;
  }

  @Override
  public void truncate(Truncation truncation) {
    rows.removeIf(
        row -> {
          row.truncate(truncation);
          return !row.isActive() && ended.add(row);
        });
  }

  @Override
  public List<Row> folded() {
    List<Row> folded = new ArrayList<>();
    rows.stream().filter(RowState::isChanged).forEach(row -> folded.addAll(row.folded()));
    ended.forEach(row -> folded.addAll(row.folded()));
    replaced.stream().filter(RowState::isStored).map(RowState::foldedAway).forEach(folded::add);
    return folded;
  }

  private void remove(Change change, EventLayout event)
      throws UnreadableValueException, RowNotFoundException {
    List<String> columns = event.inLake();
    String image = RowImage.text(RowImage.decode(change.before(), event, columns));
    for (int i = rows.size() - 1; i >= 0; i--) {
      RowState row = rows.get(i);
      if (row.isBefore(change) && image.equals(row.image(columns))) {
        rows.remove(i);
        if (change.isDelete()) {
          row.apply(change, event, null);
          ended.add(row);
        } else {
          replaced.add(row);
        }
        return;
      }
    }
    throw new RowNotFoundException(
        "Silver has no row with the values that the row had before the change");
  }
}
