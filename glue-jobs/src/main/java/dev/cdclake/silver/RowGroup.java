/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import dev.cdclake.silver.ColumnType.UnreadableValueException;
import java.util.List;
import org.apache.spark.sql.Row;

/** The rows that are folded together, while their changes come in, in order. */
interface RowGroup {

  /** Takes in a row that silver has. */
  void add(String key, CurrentRow current);

  /**
   * Folds one change.
   *
   * @return false if the change is older than what it would change, and was left out
   * @throws UnreadableValueException if a value cannot be read; then the rows are as before
   * @throws RowNotFoundException if the change is about a row that is not there
   */
  boolean apply(Change change, EventLayout event)
      throws UnreadableValueException, RowNotFoundException;

  /** Ends the rows that are older than a TRUNCATE. */
  void truncate(Truncation truncation);

  /** Returns the rows to write, and those that give up their places. */
  List<Row> folded();

  /** A change of a table without a key whose row before the change is not there. */
  final class RowNotFoundException extends Exception {

    private static final long serialVersionUID = 1L;

    RowNotFoundException(String message) {
      super(message);
    }
  }
}
