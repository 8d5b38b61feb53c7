/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.silver.ColumnType.UnreadableValueException;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Row;

/**
 * The rows that one key has while its changes are folded: one, except within a transaction.
 *
 * <p>Where the constraint of the key is deferrable, a transaction may give a row a key that another
 * row still has, and give that one another key later: {@code update t set id = 3 - id} does. The
 * other row is covered then. What ends or changes it says so by the row before the change, which
 * such a table always sends, because PostgreSQL demands REPLICA IDENTITY FULL of it. When the
 * transaction is over, no row is covered any more.
 */
final class KeyRows {

  private final RowState.Layout layout;
  private RowState top;
  private final List<RowState> covered = new ArrayList<>();

  /** Rows that are no longer under this key; their places in silver are given up. */
  private final List<RowState> ended = new ArrayList<>();

  /** The row that the newest delete took away. */
  private RowState departed;

  KeyRows(RowState.Layout layout) {
    this.layout = layout;
    this.top = RowState.unknown(layout);
  }

  /** Takes in a row that silver has under this key. */
  void add(CurrentRow current) {
    if (current.values() != null && layout.isCovered(current.values())) {
      covered.add(RowState.current(layout, current));
    } else {
      top.take(current);
    }
  }

  /**
   * Folds one change.
   *
   * @param old the rows under the key that the row had before, null if its key was not updated
   * @return false if the change is older than the row and was left out
   * @throws UnreadableValueException if a value cannot be read; then the rows are as before
   */
  boolean apply(Change change, EventLayout event, KeyRows old) throws UnreadableValueException {
    if (ChangeColumns.OP_FILL.equals(change.op())) {
      return top.fill(change, event);
    }
    RowState movedFrom = old == null ? null : old.left(change);
    if (!top.isBefore(change)) {
      return top.apply(change, event, movedFrom);
    }
    if (isDoneAlready(change)) {
      return false;
    }
    if (!top.isOf(change)) {
      ended.addAll(covered);
      covered.clear();
    }
    if (isOntoAnotherRow(change)) {
      RowState successor = RowState.unknown(layout);
      successor.apply(change, event, movedFrom);
      covered.add(top);
      top = successor;
      return true;
    }
    RowState meant = meant(change, event);
    meant.apply(change, event, movedFrom);
    boolean delete = change.isDelete();
    if (delete) {
      departed = meant;
    }
    if (meant != top) {
      if (delete) {
        covered.remove(meant);
        ended.add(meant);
      }
      top.touch(change);
    } else if (delete && !covered.isEmpty()) {
      ended.add(top);
      top = covered.remove(covered.size() - 1);
      top.touch(change);
    }
    return true;
  }

  /** Ends the rows that are older than a TRUNCATE. */
  void truncate(Truncation truncation) {
    top.truncate(truncation);
    covered.removeIf(row -> row.isBefore(truncation) && ended.add(row));
  }

  /** Returns the rows to write, and those whose place is to be given up. */
  List<Row> folded() {
    List<Row> rows = new ArrayList<>(1);
    for (RowState row : covered) {
      if (!row.isCovered()) {
        rows.add(row.foldedCovered());
      }
    }
    for (RowState row : ended) {
      if (row.isStored()) {
        rows.add(row.foldedAway());
      }
    }
    if (top.isChanged()) {
      rows.addAll(top.folded());
    }
    return rows;
  }

  /**
   * Whether a change puts a row where another one still is. On equal positions it is the same event
   * once more.
   */
  private boolean isOntoAnotherRow(Change change) {
    return "c".equals(change.op()) && change.txid() != null && top.isActive() && !top.isAt(change);
  }

  /** Whether a delete that took away a covered row comes once more. */
  private boolean isDoneAlready(Change change) {
    return change.isDelete() && top.isActive() && top.isAt(change);
  }

  /** Returns which of the rows under this key a change is about. */
  private RowState meant(Change change, EventLayout event) throws UnreadableValueException {
    if (covered.isEmpty() || change.before() == null) {
      return top;
    }
    List<String> columns = event.inLake();
    Object[] values = RowImage.decode(change.before(), event, columns);
    String image = RowImage.text(values);
    for (RowState row : covered) {
      if (image.equals(row.image(columns))) {
        return row;
      }
    }
    if (image.equals(top.image(columns))) {
      return top;
    }
    if (isKeyAlone(values, columns)) {
      ended.addAll(covered);
      covered.clear();
      return top;
    }
    return covered.get(0);
  }

  /**
   * Whether the row before a change is told by its key alone, as other replica identities do: then
   * no row can be covered, and one that seems to be was left by a change that never came.
   */
  private boolean isKeyAlone(Object[] values, List<String> columns) {
    for (int i = 0; i < values.length; i++) {
      if (values[i] != null && !layout.silver().key().contains(columns.get(i))) {
        return false;
      }
    }
    return true;
  }

  /**
   * Returns the row that a change took away from under this key, unknown if silver has none or it
   * is already another, newer row.
   */
  private RowState left(Change change) {
    if (departed != null && departed.isAt(change)) {
      return departed;
    }
    return top.isAfter(change) ? RowState.unknown(layout) : top;
  }
}
