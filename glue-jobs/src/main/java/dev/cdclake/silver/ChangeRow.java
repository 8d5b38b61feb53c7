/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * The shape in which changes and current rows meet to be folded: one row is either a change of
 * bronze or the silver row that a key has now.
 */
final class ChangeRow {

  /** Rows that must be folded together: one key, or the keys that updates of the key connect. */
  static final String GROUP = "group";

  static final String KEY = "row_key";

  /** 0 for the current row, 1 for a change: the current row comes first. */
  static final String KIND = "kind";

  static final String EPOCH = "epoch";
  static final String LSN = "lsn";

  /** 0 for a row read by a snapshot, 1 for a streamed change, which wins on equal LSNs. */
  static final String STREAMED = "streamed";

  static final String OFFSET = "offset";
  static final String PARTITION = "partition";
  static final String OP = "op";
  static final String TXID = "txid";
  static final String COMMITTED_AT = "committed_at";
  static final String SCHEMA = "schema";
  static final String KEY_JSON = "key_json";

  /** The row before the change as JSON; NULL where the source did not log it. */
  static final String BEFORE = "before";

  /** The row after the change as JSON; NULL for a delete. */
  static final String AFTER = "after";

  static final String MOVED_FROM = "moved_from";
  static final String CURRENT = "current";

  /** Whether the current row has the values of all columns; see {@link CurrentRow}. */
  static final String WHOLE = "whole";

  static final String FILE = "file";
  static final String POSITION = "position";

  /** Why the change cannot be folded, NULL if it can. */
  static final String REASON = "reason";

  static final String DETAIL = "detail";

  private static final StructType CHANGE =
      new StructType()
          .add(GROUP, DataTypes.StringType)
          .add(KEY, DataTypes.StringType)
          .add(KIND, DataTypes.IntegerType)
          .add(EPOCH, DataTypes.IntegerType)
          .add(LSN, DataTypes.LongType)
          .add(STREAMED, DataTypes.IntegerType)
          .add(OFFSET, DataTypes.LongType)
          .add(PARTITION, DataTypes.IntegerType)
          .add(OP, DataTypes.StringType)
          .add(TXID, DataTypes.LongType)
          .add(COMMITTED_AT, DataTypes.TimestampType)
          .add(SCHEMA, DataTypes.StringType)
          .add(KEY_JSON, DataTypes.StringType)
          .add(BEFORE, DataTypes.StringType)
          .add(AFTER, DataTypes.StringType)
          .add(MOVED_FROM, DataTypes.StringType)
          .add(REASON, DataTypes.StringType)
          .add(DETAIL, DataTypes.StringType)
          .add(FILE, DataTypes.StringType)
          .add(POSITION, DataTypes.LongType)
          .add(WHOLE, DataTypes.BooleanType);

  private ChangeRow() {}

  /** Returns the shape for a table: the columns of a change, and its current row as a struct. */
  static StructType of(SilverSchema schema) {
    List<StructField> fields = new ArrayList<>(List.of(CHANGE.fields()));
    fields.add(DataTypes.createStructField(CURRENT, schema.columns(), true));
    return DataTypes.createStructType(fields);
  }

  /** Returns the position of a column. */
  static int at(String column) {
    return CURRENT.equals(column) ? CHANGE.size() : CHANGE.fieldIndex(column);
  }
}
