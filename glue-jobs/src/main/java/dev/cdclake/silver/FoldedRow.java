/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * The shape of a folded row: the silver row, followed by what the writer must know and does not
 * store.
 */
final class FoldedRow {

  /** File of the row that this one replaces, NULL if there is none. */
  static final String REPLACES_FILE = "_replaces_file";

  /** Its position in the file. */
  static final String REPLACES_POSITION = "_replaces_position";

  /** File of the version of the row that is held back, NULL if there is none. */
  static final String HELD_FILE = "_held_file";

  /** Its position in the file. */
  static final String HELD_POSITION = "_held_position";

  /** False for a version of a row that later changes of the batch replace. */
  static final String NEWEST = "_newest";

  /** Whether the row is stored; false removes the replaced row and stores nothing. */
  static final String STORED = "_stored";

  /** Why a change was rejected; then the row is no silver row, only its coordinates are set. */
  static final String REASON = "_reject_reason";

  static final String DETAIL = "_reject_detail";

  /** Key of the event that is or may have to be rejected, NULL if it cannot be. */
  static final String KEY_JSON = "_reject_key";

  /** The row that this event carries. */
  static final String VALUE_JSON = "_reject_value";

  static final StructType EXTRA =
      new StructType()
          .add(REPLACES_FILE, DataTypes.StringType)
          .add(REPLACES_POSITION, DataTypes.LongType)
          .add(HELD_FILE, DataTypes.StringType)
          .add(HELD_POSITION, DataTypes.LongType)
          .add(NEWEST, DataTypes.BooleanType)
          .add(STORED, DataTypes.BooleanType)
          .add(REASON, DataTypes.StringType)
          .add(DETAIL, DataTypes.StringType)
          .add(KEY_JSON, DataTypes.StringType)
          .add(VALUE_JSON, DataTypes.StringType);

  private FoldedRow() {}

  static StructType of(SilverSchema silver) {
    StructType shape = silver.columns();
    for (var field : EXTRA.fields()) {
      shape = shape.add(field);
    }
    return shape;
  }

  /** Returns the position of one of the extra columns. */
  static int at(SilverSchema silver, String column) {
    return silver.columns().size() + EXTRA.fieldIndex(column);
  }

  static int width(SilverSchema silver) {
    return silver.columns().size() + EXTRA.size();
  }
}
