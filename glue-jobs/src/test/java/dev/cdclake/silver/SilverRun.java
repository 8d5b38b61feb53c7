/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import dev.cdclake.bronze.FedBronze;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.fixture.Changes.Event;
import dev.cdclake.fixture.TestLake;
import dev.cdclake.lake.ConsistentSnapshots;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.lake.SilverKey;
import dev.cdclake.lake.Watermark;
import dev.cdclake.runtime.StageReport;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.iceberg.Table;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** The silver table of one source table: events go in at bronze, rows come out. */
public final class SilverRun {

  private final SparkSession spark;
  private final LakeTables tables;
  private final Pipeline pipeline;
  private final SourceTable source;
  private final FedBronze bronze;
  private final SilverJob job;

  /** Opens the first table of a pipeline. */
  public SilverRun(TestLake lake, Pipeline pipeline) {
    this(lake, pipeline, pipeline.tables().get(0));
  }

  public SilverRun(TestLake lake, Pipeline pipeline, SourceTable source) {
    this(lake, pipeline, source, Long.MAX_VALUE);
  }

  /**
   * Opens a table.
   *
   * @param fewChanges up to so many are folded by the process of the job; more by tasks
   */
  SilverRun(TestLake lake, Pipeline pipeline, SourceTable source, long fewChanges) {
    this.spark = lake.spark();
    this.tables = lake.tables();
    this.pipeline = pipeline;
    this.source = source;
    this.bronze = new FedBronze(spark, tables, pipeline, source);
    this.job =
        new SilverJob(
            spark,
            tables,
            bronze.schemas(),
            bronze.rejectedRows(),
            pipeline,
            this.source,
            fewChanges);
  }

  /** Appends events to bronze as one batch. */
  public void feed(Event... events) {
    bronze.feed(events);
  }

  /** Folds what is unread. */
  public Optional<StageReport> fold() {
    Optional<StageReport> report = job.runBatch(Watermark.NONE);
    publish();
    return report;
  }

  /**
   * Makes the table before its first event, with the key {@code id}, and publishes it.
   *
   * @param columns each as its name and its Connect type
   */
  public void makeEmpty(String... columns) {
    String fields =
        Arrays.stream(columns)
            .map(column -> column.split(" ", 2))
            .map(column -> "{\"field\": \"%s\", \"type\": \"%s\"}".formatted(column[0], column[1]))
            .collect(Collectors.joining(", "));
    String event = "{\"fields\": [{\"field\": \"after\", \"fields\": [%s]}]}".formatted(fields);
    new EmptyTables(spark, tables, pipeline)
        .create(source, EventSchema.of(event, event), new SilverKey(List.of("id")));
    publish();
  }

  /** Folds what lies before a watermark. */
  Optional<StageReport> fold(Watermark watermark) {
    return job.runBatch(watermark);
  }

  /** Publishes the tables as they are, as one moment. */
  private void publish() {
    Map<String, Long> snapshots = new TreeMap<>();
    for (SourceTable table : pipeline.tables()) {
      tables
          .find(pipeline.silver(table))
          .filter(found -> found.currentSnapshot() != null)
          .ifPresent(
              found -> snapshots.put(table.lakeName(), found.currentSnapshot().snapshotId()));
    }
    new ConsistentSnapshots(1, 0, snapshots).publish(tables, pipeline);
  }

  /** Appends events and folds them. */
  public StageReport carry(Event... events) {
    feed(events);
    return fold().orElseThrow();
  }

  /** Returns the bronze table at its newest state. */
  public Table bronze() {
    return bronze.table();
  }

  /** Returns the silver table at its newest state. */
  public Table table() {
    return tables.find(pipeline.silver(source)).orElseThrow();
  }

  /** Returns columns of all rows, ordered by the first column, each row as one list. */
  public List<List<Object>> rows(String... expressions) {
    return spark
        .table(pipeline.silver(source).quoted())
        .selectExpr(expressions)
        .collectAsList()
        .stream()
        .map(SilverRun::values)
        .sorted((one, other) -> one.toString().compareTo(other.toString()))
        .toList();
  }

  /** Returns the rejected rows of silver. */
  List<Row> rejected() {
    return spark
        .table(pipeline.rejectedRows().quoted())
        .where("stage = 'silver'")
        .orderBy("_kafka_offset")
        .collectAsList();
  }

  private static List<Object> values(Row row) {
    Object[] values = new Object[row.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] =
          row.get(i) instanceof scala.collection.Seq<?> sequence
              ? List.copyOf(scala.jdk.javaapi.CollectionConverters.asJava(sequence))
              : row.get(i);
    }
    return Arrays.asList(values);
  }
}
