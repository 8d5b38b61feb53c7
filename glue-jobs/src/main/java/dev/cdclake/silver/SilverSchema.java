/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.lake.Renames;
import dev.cdclake.lake.SilverKey;
import java.io.Serializable;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.iceberg.Table;
import org.apache.iceberg.spark.SparkSchemaUtil;
import org.apache.spark.sql.types.ArrayType;
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
 * @param renames the renames of source columns that the table has followed
 */
record SilverSchema(StructType columns, List<String> key, boolean keyed, Renames renames)
    implements Serializable {

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

  /** Types whose values Java writes as PostgreSQL does. */
  private static final Set<DataType> SAME_AS_TEXT =
      Set.of(DataTypes.IntegerType, DataTypes.LongType, DataTypes.BooleanType, DataTypes.DateType);

  SilverSchema(StructType columns, List<String> key, boolean keyed) {
    this(columns, key, keyed, Renames.NONE);
  }

  static SilverSchema of(Table table) {
    SilverKey key = SilverKey.of(table);
    return new SilverSchema(
        SparkSchemaUtil.convert(table.schema()), key.columns(), key.isKeyed(), Renames.of(table));
  }

  /** Whether the table has a column. */
  boolean has(String column) {
    return columns.getFieldIndex(column).isDefined();
  }

  /** Returns a name that no column has: the wanted one, or that with a number behind it. */
  String freeName(String wanted) {
    String name = wanted;
    for (int number = 2; has(name); number++) {
      name = wanted + number;
    }
    return name;
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

  /** Returns the first column that keeps an event's row from being stored, null if none does. */
  String conflict(EventSchema event) {
    String missing = missingKey(event);
    if (missing != null) {
      return ("The event has no column '%s', which is part of the table's key; if it was renamed, say"
              + " so under 'renames' in pipeline.yaml")
          .formatted(missing);
    }
    if (event.collision() != null) {
      return "Two columns of the event would both be '%s' in the table"
          .formatted(event.collision());
    }
    for (Map.Entry<String, ColumnType> column : event.columns().entrySet()) {
      String name = event.lakeName(column.getKey());
      DataType wanted = column.getValue().sparkType();
      DataType actual = columns.apply(name).dataType();
      if (!holds(actual, wanted)) {
        return "Column '%s' is %s in the event and %s in the table"
            .formatted(name, wanted.sql(), actual.sql());
      }
    }
    return null;
  }

  /** Returns the first key column that an event lacks, null if it has all of them. */
  String missingKey(EventSchema event) {
    if (!keyed) {
      return null;
    }
    return key.stream()
        .filter(column -> !event.lakeNames().containsValue(column))
        .findFirst()
        .orElse(null);
  }

  /**
   * Tells whether a column of type {@code wide} holds every value of type {@code narrow}: as it is,
   * or as the text that PostgreSQL writes for it.
   */
  static boolean holds(DataType wide, DataType narrow) {
    if (wide.equals(narrow)) {
      return true;
    }
    if (wide instanceof DecimalType one && narrow instanceof DecimalType other) {
      return one.scale() >= other.scale()
          && one.precision() - one.scale() >= other.precision() - other.scale();
    }
    if (wide instanceof ArrayType one && narrow instanceof ArrayType other) {
      return holds(one.elementType(), other.elementType());
    }
    if (wide.equals(DataTypes.StringType)) {
      return narrow instanceof DecimalType || SAME_AS_TEXT.contains(narrow);
    }
    return (wide.equals(DataTypes.LongType) && narrow.equals(DataTypes.IntegerType))
        || (wide.equals(DataTypes.DoubleType) && narrow.equals(DataTypes.FloatType));
  }

  /**
   * Tells whether Iceberg can turn a column into a wider type in place; see <a
   * href="https://iceberg.apache.org/spec/#schema-evolution">its rules</a>, which know no longer
   * scale.
   */
  static boolean widens(DataType from, DataType to) {
    if (from instanceof DecimalType narrow && to instanceof DecimalType wide) {
      return narrow.scale() == wide.scale() && narrow.precision() < wide.precision();
    }
    if (from instanceof ArrayType narrow && to instanceof ArrayType wide) {
      return widens(narrow.elementType(), wide.elementType());
    }
    return (from.equals(DataTypes.IntegerType) && to.equals(DataTypes.LongType))
        || (from.equals(DataTypes.FloatType) && to.equals(DataTypes.DoubleType));
  }

  /** Turns a decoded value into the value of a column that {@link #holds} its type. */
  static Object widen(Object value, DataType column) {
    if (value instanceof Object[] elements && column instanceof ArrayType array) {
      Object[] widened = new Object[elements.length];
      for (int i = 0; i < widened.length; i++) {
        widened[i] = widen(elements[i], array.elementType());
      }
      return widened;
    }
    if (value instanceof BigDecimal number) {
      return column instanceof DecimalType decimal
          ? number.setScale(decimal.scale())
          : number.toPlainString();
    }
    if (value != null && column.equals(DataTypes.StringType)) {
      return value.toString();
    }
    if (value instanceof Integer number && column.equals(DataTypes.LongType)) {
      return number.longValue();
    }
    if (value instanceof Float number && column.equals(DataTypes.DoubleType)) {
      return number.doubleValue();
    }
    return value;
  }
}
