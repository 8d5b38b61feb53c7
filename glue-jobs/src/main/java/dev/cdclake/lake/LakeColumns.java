/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.transform;

import org.apache.spark.sql.Column;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.StructField;

/** Columns of a lake table for rows that Java code takes apart. */
public final class LakeColumns {

  private LakeColumns() {}

  /**
   * Selects a column.
   *
   * <p>An array is copied by Spark first: the array that Iceberg's Parquet reader hands out throws
   * where Spark reads an element before it asks whether the element is NULL.
   */
  public static Column select(StructField field) {
    Column column = col(quoted(field.name()));
    return field.dataType() instanceof ArrayType
        ? transform(column, element -> element).as(field.name())
        : column;
  }

  /** Returns a column's name as Spark reads it whatever stands in it. */
  public static String quoted(String name) {
    return "`" + name.replace("`", "``") + "`";
  }
}
