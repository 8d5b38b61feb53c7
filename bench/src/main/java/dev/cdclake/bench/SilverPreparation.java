/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.max_by;

import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.lake.LakeSession;
import java.util.ArrayList;
import java.util.List;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableProperties;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.analysis.NoSuchTableException;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Makes the lake that changes are applied to: silver's job itself creates the table and its first
 * rows, the other rows are appended in the same shape. Tells the checksums that the table must have
 * after the batches.
 *
 * @param rows of the table
 * @param checkpoints numbers of batches after which the table is compared
 */
record SilverPreparation(BenchLake lake, long rows, Sizes sizes, List<Integer> checkpoints)
    implements Task {

  /** Rows that come through the job. */
  static final int FIRST_ROWS = 1_000;

  private static final long ROWS_PER_FILE = 1_000_000;

  private static final StructType LAST_CHANGE =
      new StructType()
          .add("changed_id", DataTypes.LongType)
          .add("op", DataTypes.StringType)
          .add("lsn", DataTypes.LongType);

  @Override
  public void run(TaskOutput output) throws NoSuchTableException {
    Models.put(lake.state(), Models.TOTALS);
    Pipeline pipeline = lake.pipeline();
    SparkSession spark = LakeSession.open(pipeline, "bench-prepare");
    ChangeFeed feed = new ChangeFeed(spark, pipeline);
    feed.createBronze();
    feed.appendFirst(FIRST_ROWS);
    SilverWay.Kind.OURS.open(spark, pipeline, feed).apply();
    appendOthers(spark, pipeline.silver(feed.source()));
    keepMetadata(feed, pipeline);
    for (int batches : checkpoints) {
      output.fact("after " + batches, expected(spark, batches));
    }
  }

  private void appendOthers(SparkSession spark, LakeTable silver) throws NoSuchTableException {
    StructType types = SourceShape.NARROW.types();
    MapFunction<Long, Row> row = id -> RowFactory.create(new OrderVersion(id, 0).values());
    int files = (int) Math.max(1, (rows - FIRST_ROWS + ROWS_PER_FILE - 1) / ROWS_PER_FILE);
    Dataset<Row> orders =
        spark.range(FIRST_ROWS + 1, rows + 1, 1, files).map(row, Encoders.row(types));
    List<Column> columns = new ArrayList<>();
    for (String name : types.fieldNames()) {
      columns.add(col(name));
    }
    columns.add(lit(true).as(ChangeColumns.IS_ACTIVE));
    columns.add(array().cast("array<string>").as(ChangeColumns.DQ_FLAGS));
    columns.add(lit(1).as(ChangeColumns.EPOCH));
    columns.add(lit(0L).as(ChangeColumns.LSN));
    columns.add(lit(true).as(ChangeColumns.SNAPSHOT));
    columns.add(lit(0).as(ChangeColumns.PARTITION));
    columns.add(lit(0L).as(ChangeColumns.OFFSET));
    columns.add(lit(0L).as(ChangeColumns.TXID));
    columns.add(lit("r").as(ChangeColumns.OP));
    columns.add(lit("2026-07-01T00:00:00Z").cast("timestamp").as(ChangeColumns.COMMITTED_AT));
    orders.select(columns.toArray(Column[]::new)).writeTo(silver.quoted()).append();
  }

  /** Copies of the lake begin from these metadata files, however many commits another one made. */
  private static void keepMetadata(ChangeFeed feed, Pipeline pipeline) {
    for (LakeTable name : feed.tables().all(pipeline)) {
      Table table = feed.tables().find(name).orElseThrow();
      table
          .updateProperties()
          .set(TableProperties.METADATA_DELETE_AFTER_COMMIT_ENABLED, "false")
          .commit();
    }
  }

  /** Returns the checksum of the rows that are active after some batches. */
  private String expected(SparkSession spark, int batches) {
    List<ChangeBatch> plan = ChangeBatch.plan(rows, sizes, batches);
    FlatMapFunction<Long, Row> changes =
        index -> {
          ChangeBatch batch = plan.get(index.intValue());
          List<Row> all = new ArrayList<>();
          for (int i = 0; i < batch.size(); i++) {
            ChangeBatch.Change change = batch.change(i);
            all.add(RowFactory.create(change.id(), change.op(), change.lsn()));
          }
          return all.iterator();
        };
    Dataset<Row> last =
        spark
            .range(plan.size())
            .flatMap(changes, Encoders.row(LAST_CHANGE))
            .groupBy("changed_id")
            .agg(max_by(col("op"), col("lsn")).as("op"), max("lsn").as("lsn"));
    MapFunction<Row, Row> order =
        row -> RowFactory.create(new OrderVersion(row.getLong(0), row.getLong(1)).values());
    Dataset<Row> active =
        spark
            .range(1, rows + 1)
            .join(last, col("id").equalTo(col("changed_id")), "full_outer")
            .where(col("op").isNull().or(col("op").notEqual("d")))
            .selectExpr("coalesce(changed_id, id)", "coalesce(lsn, 0L)")
            .map(order, Encoders.row(SourceShape.NARROW.types()));
    return Checksum.of(active, SourceShape.NARROW.types());
  }
}
