/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.shop;

/** How many rows one transaction has changed. */
record RowChanges(long inserts, long updates, long deletes) {

  static final RowChanges NONE = new RowChanges(0, 0, 0);

  long total() {
    return inserts + updates + deletes;
  }

  /** Adds the rows of one statement, which is an insert, an update or a delete. */
  RowChanges plus(String sql, long rows) {
    if (sql.startsWith("insert")) {
      return new RowChanges(inserts + rows, updates, deletes);
    }
    if (sql.startsWith("update")) {
      return new RowChanges(inserts, updates + rows, deletes);
    }
    if (sql.startsWith("delete")) {
      return new RowChanges(inserts, updates, deletes + rows);
    }
    throw new IllegalArgumentException("Cannot count the rows of: " + sql);
  }
}
