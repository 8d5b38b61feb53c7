/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.rdd.RDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.catalyst.util.DateTimeUtils;
import org.apache.spark.sql.catalyst.util.GenericArrayData;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DateType;
import org.apache.spark.sql.types.Decimal;
import org.apache.spark.sql.types.DecimalType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.types.TimestampNTZType;
import org.apache.spark.sql.types.TimestampType;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * The step between Spark's own rows and those of Java objects. A dataset of objects makes it for
 * every row twice and for all columns; here the rows stay Spark's, and it is made where values are
 * needed.
 *
 * <p>Dates and times are objects of {@code java.time}, lists are arrays. Spark's own converters
 * take the older classes, with the older calendar, unless the session's settings say otherwise,
 * which a task outside of a query does not see.
 */
public final class CatalystRows {

  private final DataType[] types;

  /** Converts rows of one shape. */
  public CatalystRows(StructType shape) {
    this.types =
        Arrays.stream(shape.fields()).map(field -> field.dataType()).toArray(DataType[]::new);
  }

  public InternalRow row(Row row) {
    Object[] values = new Object[types.length];
    for (int i = 0; i < types.length; i++) {
      values[i] = toCatalyst(row.get(i), types[i]);
    }
    return new GenericInternalRow(values);
  }

  public Row row(InternalRow row) {
    Object[] values = new Object[types.length];
    for (int i = 0; i < types.length; i++) {
      values[i] = row.isNullAt(i) ? null : toObject(row.get(i, types[i]), types[i]);
    }
    return RowFactory.create(values);
  }

  private static Object toCatalyst(Object value, DataType type) {
    if (value instanceof String text) {
      return UTF8String.fromString(text);
    }
    if (value instanceof BigDecimal number && type instanceof DecimalType decimal) {
      return Decimal.apply(number, decimal.precision(), decimal.scale());
    }
    if (value instanceof LocalDate date) {
      return DateTimeUtils.localDateToDays(date);
    }
    if (value instanceof Instant instant) {
      return DateTimeUtils.instantToMicros(instant);
    }
    if (value instanceof LocalDateTime time) {
      return DateTimeUtils.localDateTimeToMicros(time);
    }
    if (value instanceof Object[] list && type instanceof ArrayType array) {
      return new GenericArrayData(
          Arrays.stream(list).map(element -> toCatalyst(element, array.elementType())).toArray());
    }
    return value;
  }

  private static Object toObject(Object value, DataType type) {
    if (type instanceof StringType) {
      return value.toString();
    }
    if (value instanceof Decimal decimal) {
      return decimal.toJavaBigDecimal();
    }
    if (type instanceof DateType) {
      return DateTimeUtils.daysToLocalDate((Integer) value);
    }
    if (type instanceof TimestampType) {
      return DateTimeUtils.microsToInstant((Long) value);
    }
    if (type instanceof TimestampNTZType) {
      return DateTimeUtils.microsToLocalDateTime((Long) value);
    }
    if (value instanceof ArrayData list && type instanceof ArrayType array) {
      Object[] elements = new Object[list.numElements()];
      for (int i = 0; i < elements.length; i++) {
        elements[i] =
            list.isNullAt(i)
                ? null
                : toObject(list.get(i, array.elementType()), array.elementType());
      }
      return elements;
    }
    return value;
  }

  /** Returns rows as a stream, which asks for the next one when it has handed on the last. */
  public static <T> Stream<T> stream(Iterator<T> rows) {
    return StreamSupport.stream(
        Spliterators.spliteratorUnknownSize(rows, Spliterator.ORDERED), false);
  }

  /** Returns the rows of a dataset; each is valid until the next one is asked for. */
  public static JavaRDD<InternalRow> of(Dataset<Row> rows) {
    RDD<InternalRow> own =
        ((org.apache.spark.sql.classic.Dataset<Row>) rows).queryExecution().toRdd();
    return own.toJavaRDD();
  }

  /** Returns a dataset of rows, each of which is copied before the next one is asked for. */
  public static Dataset<Row> dataset(
      SparkSession spark, JavaRDD<InternalRow> rows, StructType shape) {
    return ((org.apache.spark.sql.classic.SparkSession) spark)
        .internalCreateDataFrame(rows.rdd(), shape, false);
  }
}
