/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import dev.cdclake.bench.ChangeBatch.Change;
import dev.cdclake.bronze.BronzeJob;
import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.Stage;
import dev.cdclake.lake.ChangeContents;
import dev.cdclake.lake.EventSchemas;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.lake.Progress;
import dev.cdclake.lake.RejectedRows;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.iceberg.Table;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.analysis.NoSuchTableException;
import org.apache.spark.sql.types.StructType;

/**
 * A bronze table without Kafka before it: made-up changes are appended in its shape and with the
 * progress that bronze itself would record, so silver's job cannot tell the difference.
 */
final class ChangeFeed {

  private static final String FINGERPRINT = "0123456789abcdef";
  private static final Instant COMMITTED_AT = Instant.parse("2026-07-01T00:00:00Z");
  private static final int CHANGES_PER_TRANSACTION = 10;

  /** With fewer, the job of bronze starts no second task, and so writes no second file. */
  private static final long EVENTS_OF_A_FILE = 10_000;

  private final SparkSession spark;
  private final LakeTables tables;
  private final Pipeline pipeline;
  private final SourceTable source;
  private final EventSchemas schemas;
  private final RejectedRows rejectedRows;

  ChangeFeed(SparkSession spark, Pipeline pipeline) {
    this.spark = spark;
    this.tables = new LakeTables(spark);
    this.pipeline = pipeline;
    this.source = pipeline.tables().get(0);
    this.schemas = new EventSchemas(tables, pipeline);
    this.rejectedRows = new RejectedRows(tables, pipeline);
  }

  LakeTables tables() {
    return tables;
  }

  SourceTable source() {
    return source;
  }

  EventSchemas schemas() {
    return schemas;
  }

  RejectedRows rejectedRows() {
    return rejectedRows;
  }

  /** Makes the empty table, as the job of bronze does when it starts. */
  void createBronze() {
    new BronzeJob(spark, tables, schemas, rejectedRows, pipeline).close();
    schemas.append(
        List.of(
            new EventSchemas.Seen(
                FINGERPRINT, pipeline.topic(source), OrderVersion.eventSchema(), 0)));
  }

  /** Appends a batch as one commit. */
  void append(ChangeBatch batch) {
    MapFunction<Long, Row> event = index -> event(batch.change(index), batch.firstOffset() + index);
    append(batch.size(), batch.nextOffset(), event);
  }

  /** Appends the insertion of the rows that the table begins with. */
  void appendFirst(int rows) {
    MapFunction<Long, Row> event = index -> event(new Change("c", index + 1, 0), index);
    append(rows, rows, event);
  }

  private void append(long rows, long nextOffset, MapFunction<Long, Row> event) {
    LakeTable name = pipeline.bronze(source);
    Table table = tables.find(name).orElseThrow();
    StructType shape = spark.table(name.quoted()).schema();
    int files = rows < 2 * EVENTS_OF_A_FILE ? 1 : 2;
    Dataset<Row> events = spark.range(0, rows, 1, files).map(event, Encoders.row(shape));
    Progress reached =
        Progress.of(table, Stage.BRONZE).withOffsets(pipeline.topic(source), Map.of(0, nextOffset));
    ChangeContents contents = new ChangeContents(rows, 0, 0, Set.of(FINGERPRINT));
    try {
      LakeTables.writer(events, name, reached.summary(Stage.BRONZE))
          .option("snapshot-property." + ChangeContents.KEY, contents.toJson())
          .option("distribution-mode", "none")
          .append();
    } catch (NoSuchTableException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns a row of bronze. */
  private static Row event(Change change, long offset) {
    OrderVersion order = new OrderVersion(change.id(), change.lsn());
    boolean deleted = change.op().equals("d");
    return RowFactory.create(
        0,
        offset,
        1,
        change.lsn(),
        change.lsn() / CHANGES_PER_TRANSACTION,
        change.op(),
        false,
        COMMITTED_AT,
        FINGERPRINT,
        null,
        null,
        order.keyJson(),
        deleted ? order.keyJson() : null,
        deleted ? null : order.json(),
        COMMITTED_AT);
  }
}
