/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.lake.SilverKey;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.iceberg.Schema;
import org.apache.iceberg.spark.SparkSchemaUtil;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.DecimalType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * The columns of a silver table: those of the source, and the pipeline's own.
 *
 * @param columns all columns in the order of the table
 * @param key names of the columns that identify a row, in the lake; never empty
 * @param keyed false if the source table has no key and a row is identified by its event
 */
record SilverSchema(StructType columns, List<String> key, boolean keyed) implements Serializable {

  /** The pipeline's own columns and their types. */
  static final StructType OWN =
      new StructType()
          .add(ChangeColumns.IS_ACTIVE, DataTypes.BooleanType)
          .add(ChangeColumns.DQ_FLAGS, DataTypes.createArrayType(DataTypes.StringType))
          .add(ChangeColumns.EPOCH, DataTypes.IntegerType)
          .add(ChangeColumns.LSN, DataTypes.LongType)
          .add(ChangeColumns.SNAPSHOT, DataTypes.BooleanType)
          .add(ChangeColumns.PARTITION, DataTypes.IntegerType)
          .add(ChangeColumns.OFFSET, DataTypes.LongType)
          .add(ChangeColumns.TXID, DataTypes.LongType)
          .add(ChangeColumns.OP, DataTypes.StringType)
          .add(ChangeColumns.COMMITTED_AT, DataTypes.TimestampType);

  static SilverSchema of(Schema schema, SilverKey key) {
    return new SilverSchema(SparkSchemaUtil.convert(schema), key.columns(), key.isKeyed());
  }

  /** Returns the positions of the source's columns by their names in the lake. */
  Map<String, Integer> sourcePositions() {
    Map<String, Integer> positions = new HashMap<>();
    for (int i = 0; i < columns.size(); i++) {
      if (!SilverKey.isOwn(columns.fields()[i].name())) {
        positions.put(columns.fields()[i].name(), i);
      }
    }
    return positions;
  }

  /** Returns a table's schema for its first event. */
  static StructType initial(EventSchema event) {
    List<StructField> fields = new ArrayList<>();
    event
        .columns()
        .forEach(
            (name, type) ->
                fields.add(
                    DataTypes.createStructField(SilverKey.lakeName(name), type.sparkType(), true)));
    fields.addAll(List.of(OWN.fields()));
    return DataTypes.createStructType(fields);
  }

  /** Returns the first column whose values cannot be stored, null if all can. */
  String conflict(EventSchema event) {
    for (Map.Entry<String, ColumnType> column : event.columns().entrySet()) {
      String name = SilverKey.lakeName(column.getKey());
      DataType wanted = column.getValue().sparkType();
      DataType actual = columns.apply(name).dataType();
      if (!holds(actual, wanted)) {
        return "Column '%s' is %s in the event and %s in the table"
            .formatted(name, wanted.sql(), actual.sql());
      }
    }
    return null;
  }

  /** Tells whether a column of type {@code wide} holds every value of type {@code narrow}. */
  static boolean holds(DataType wide, DataType narrow) {
    if (wide.equals(narrow)) {
      return true;
    }
    if (wide instanceof DecimalType one && narrow instanceof DecimalType other) {
      return one.scale() == other.scale() && one.precision() >= other.precision();
    }
    return (wide.equals(DataTypes.LongType) && narrow.equals(DataTypes.IntegerType))
        || (wide.equals(DataTypes.DoubleType) && narrow.equals(DataTypes.FloatType));
  }

  /** Turns a decoded value into the value of a column that {@link #holds} its type. */
  static Object widen(Object value, DataType column) {
    if (value instanceof Integer number && column.equals(DataTypes.LongType)) {
      return number.longValue();
    }
    if (value instanceof Float number && column.equals(DataTypes.DoubleType)) {
      return number.doubleValue();
    }
    return value;
  }
}
