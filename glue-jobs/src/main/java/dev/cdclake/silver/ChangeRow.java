/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import java.util.stream.IntStream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * The shape in which changes and current rows meet to be folded: one row is either a change of
 * bronze or the silver row that a key has now. The constants are positions in it.
 */
final class ChangeRow {

  /** Rows that must be folded together: one key, or the keys that updates of the key connect. */
  static final int GROUP = 0;

  static final int KEY = 1;

  /** 0 for the current row, 1 for a change: the current row comes first. */
  static final int KIND = 2;

  static final int EPOCH = 3;

  /** 0 for a row read by a snapshot, 1 for a streamed change, which wins on equal LSNs. */
  static final int STREAMED = 4;

  static final int LSN = 5;
  static final int OFFSET = 6;
  static final int PARTITION = 7;
  static final int OP = 8;
  static final int TXID = 9;
  static final int COMMITTED_AT = 10;
  static final int SCHEMA = 11;
  static final int KEY_JSON = 12;

  /** The row before the change as JSON; NULL where the source did not log it. */
  static final int BEFORE = 13;

  /** The row after the change as JSON; NULL for a delete. */
  static final int AFTER = 14;

  static final int MOVED_FROM = 15;

  /** Why the change cannot be folded, NULL if it can. */
  static final int REASON = 16;

  static final int DETAIL = 17;

  /** Place of the current row. */
  static final int FILE = 18;

  static final int POSITION = 19;

  /** Whether the current row has the values of all columns; see {@link CurrentRow}. */
  static final int WHOLE = 20;

  /** The current row as a struct. */
  static final int CURRENT = 21;

  static final int WIDTH = 22;

  /** Everything but the current row, whose columns are the table's. */
  private static final StructType CHANGE =
      new StructType()
          .add("group", DataTypes.StringType)
          .add("row_key", DataTypes.StringType)
          .add("kind", DataTypes.IntegerType)
          .add("epoch", DataTypes.IntegerType)
          .add("streamed", DataTypes.IntegerType)
          .add("lsn", DataTypes.LongType)
          .add("offset", DataTypes.LongType)
          .add("partition", DataTypes.IntegerType)
          .add("op", DataTypes.StringType)
          .add("txid", DataTypes.LongType)
          .add("committed_at", DataTypes.TimestampType)
          .add("schema", DataTypes.StringType)
          .add("key_json", DataTypes.StringType)
          .add("before", DataTypes.StringType)
          .add("after", DataTypes.StringType)
          .add("moved_from", DataTypes.StringType)
          .add("reason", DataTypes.StringType)
          .add("detail", DataTypes.StringType)
          .add("file", DataTypes.StringType)
          .add("position", DataTypes.LongType)
          .add("whole", DataTypes.BooleanType);

  /** What orders the rows of a group. */
  private static final int[] ORDER = {KIND, EPOCH, STREAMED, LSN, OFFSET};

  private ChangeRow() {}

  /** Returns the shape for a table. */
  static StructType of(SilverSchema schema) {
    return CHANGE.add("current", schema.columns());
  }

  /** Returns the column that holds a row together with those it is folded with. */
  static Column group() {
    return column(GROUP);
  }

  /** Returns the columns by which the rows of a group are ordered. */
  static Column[] order() {
    return IntStream.concat(IntStream.of(GROUP), IntStream.of(ORDER))
        .mapToObj(ChangeRow::column)
        .toArray(Column[]::new);
  }

  /** Compares two rows as {@link #group} and {@link #order} do; NULL comes first. */
  static int compare(InternalRow one, InternalRow other) {
    // The same order as compareTo's, which asks the environment for a variable at every call.
    int order = one.getUTF8String(GROUP).binaryCompare(other.getUTF8String(GROUP));
    for (int column : ORDER) {
      order = order == 0 ? Long.compare(number(one, column), number(other, column)) : order;
    }
    return order;
  }

  private static long number(InternalRow row, int column) {
    if (row.isNullAt(column)) {
      return Long.MIN_VALUE;
    }
    return column == LSN || column == OFFSET ? row.getLong(column) : row.getInt(column);
  }

  private static Column column(int position) {
    return functions.col(CHANGE.fields()[position].name());
  }
}
