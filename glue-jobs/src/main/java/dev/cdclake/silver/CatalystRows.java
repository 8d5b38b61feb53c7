/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import java.util.Iterator;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.rdd.RDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.CatalystTypeConverters;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.types.StructType;
import scala.Function1;

/**
 * The step between Spark's own rows and those of Java objects. A dataset of objects makes it for
 * every row twice and for all columns; here the rows stay Spark's, and it is made where values are
 * needed.
 */
final class CatalystRows {

  private final Function1<Object, Object> toCatalyst;
  private final Function1<Object, Object> toRow;

  /** Converts rows of one shape. */
  CatalystRows(StructType shape) {
    this.toCatalyst = CatalystTypeConverters.createToCatalystConverter(shape);
    this.toRow = CatalystTypeConverters.createToScalaConverter(shape);
  }

  InternalRow row(Row row) {
    return (InternalRow) toCatalyst.apply(row);
  }

  Row row(InternalRow row) {
    return (Row) toRow.apply(row);
  }

  /** Returns rows as a stream, which asks for the next one when it has handed on the last. */
  static <T> Stream<T> stream(Iterator<T> rows) {
    return StreamSupport.stream(
        Spliterators.spliteratorUnknownSize(rows, Spliterator.ORDERED), false);
  }

  /** Returns the rows of a dataset; each is valid until the next one is asked for. */
  static JavaRDD<InternalRow> of(Dataset<Row> rows) {
    RDD<InternalRow> own =
        ((org.apache.spark.sql.classic.Dataset<Row>) rows).queryExecution().toRdd();
    return own.toJavaRDD();
  }

  /** Returns a dataset of rows, each of which is copied before the next one is asked for. */
  static Dataset<Row> dataset(SparkSession spark, JavaRDD<InternalRow> rows, StructType shape) {
    return ((org.apache.spark.sql.classic.SparkSession) spark)
        .internalCreateDataFrame(rows.rdd(), shape, false);
  }
}
