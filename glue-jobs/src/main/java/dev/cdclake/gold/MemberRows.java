/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.gold;

import dev.cdclake.lake.KeyScan;
import dev.cdclake.lake.SoughtKeys;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.spark.SparkSchemaUtil;
import org.apache.iceberg.spark.source.SerializableTableWithSize;
import org.apache.iceberg.types.Types;
import org.apache.iceberg.util.SnapshotUtil;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.rdd.RDD;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SQLContext;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.sources.BaseRelation;
import org.apache.spark.sql.sources.PrunedScan;
import org.apache.spark.sql.types.StructType;

/**
 * The rows of a silver table that belong to touched keys of a model, as a relation of which Spark
 * asks for the columns that the model uses.
 *
 * <p>Of every file the key alone is decoded whole, and of the other columns the values of the rows
 * that belong: most of a model's cost is in the rows that it does not need.
 */
final class MemberRows extends BaseRelation implements PrunedScan {

  private final SparkSession spark;
  private final Table silver;
  private final long snapshot;
  private final Types.NestedField key;
  private final Broadcast<SoughtKeys> touched;

  /**
   * Describes the rows.
   *
   * @param snapshot the snapshot of silver that is read
   * @param key the column that holds the model's key
   */
  MemberRows(
      SparkSession spark,
      Table silver,
      long snapshot,
      Types.NestedField key,
      Broadcast<SoughtKeys> touched) {
    this.spark = spark;
    this.silver = silver;
    this.snapshot = snapshot;
    this.key = key;
    this.touched = touched;
  }

  @Override
  public SQLContext sqlContext() {
    return spark.sqlContext();
  }

  @Override
  public StructType schema() {
    return SparkSchemaUtil.convert(then());
  }

  private Schema then() {
    return SnapshotUtil.schemaFor(silver, snapshot);
  }

  @Override
  public RDD<Row> buildScan(String[] requiredColumns) {
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    List<KeyScan.Files> files =
        KeyScan.files(silver.newScan().useSnapshot(snapshot), context.defaultParallelism());
    List<Types.NestedField> columns =
        Arrays.stream(requiredColumns).map(then()::findField).toList();
    Read read = new Read(SerializableTableWithSize.copyOf(silver), key, touched, columns);
    return context.parallelize(files, Math.max(1, files.size())).mapPartitions(read).rdd();
  }

  /** Reads the rows of some files. */
  private record Read(
      Table table,
      Types.NestedField key,
      Broadcast<SoughtKeys> touched,
      List<Types.NestedField> columns)
      implements FlatMapFunction<Iterator<KeyScan.Files>, Row>, Serializable {

    private static final long serialVersionUID = 1L;

    @Override
    public Iterator<Row> call(Iterator<KeyScan.Files> shares) {
      KeyScan scan = new KeyScan(table, List.of(key), touched.value(), shares);
      return scan.inTask(() -> rows(scan));
    }

    private Iterator<Row> rows(KeyScan scan) {
      return Arrays.stream(scan.lines(columns)).map(RowFactory::create).iterator();
    }
  }
}
