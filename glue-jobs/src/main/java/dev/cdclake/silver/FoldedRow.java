/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * The shape of a folded row: the silver row, followed by what the writer must know and does not
 * store. The constants are positions behind the table's columns.
 */
final class FoldedRow {

  /** File of the row that this one replaces, NULL if there is none. */
  static final int REPLACES_FILE = 0;

  /** Its position in the file. */
  static final int REPLACES_POSITION = 1;

  /** File of the version of the row that is held back, NULL if there is none. */
  static final int HELD_FILE = 2;

  /** Its position in the file. */
  static final int HELD_POSITION = 3;

  /** False for a version of a row that later changes of the batch replace. */
  static final int NEWEST = 4;

  /** Whether the row is stored; false removes the replaced row and stores nothing. */
  static final int STORED = 5;

  /** Why a change was rejected; then the row is no silver row, only its coordinates are set. */
  static final int REASON = 6;

  static final int DETAIL = 7;

  /** Key of the event that is or may have to be rejected, NULL if it cannot be. */
  static final int KEY_JSON = 8;

  /** The row that this event carries. */
  static final int VALUE_JSON = 9;

  static final StructType EXTRA =
      new StructType()
          .add("_replaces_file", DataTypes.StringType)
          .add("_replaces_position", DataTypes.LongType)
          .add("_held_file", DataTypes.StringType)
          .add("_held_position", DataTypes.LongType)
          .add("_newest", DataTypes.BooleanType)
          .add("_stored", DataTypes.BooleanType)
          .add("_reject_reason", DataTypes.StringType)
          .add("_reject_detail", DataTypes.StringType)
          .add("_reject_key", DataTypes.StringType)
          .add("_reject_value", DataTypes.StringType);

  private FoldedRow() {}

  static StructType of(SilverSchema silver) {
    StructType shape = silver.columns();
    for (var field : EXTRA.fields()) {
      shape = shape.add(field);
    }
    return shape;
  }
}
