/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import dev.cdclake.bench.BronzeEvents.Kind;
import dev.cdclake.bronze.BronzeJob;
import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.lake.EventSchemas;
import dev.cdclake.lake.LakeSession;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.lake.RejectedRows;
import java.util.List;
import org.apache.iceberg.Table;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.analysis.NoSuchTableException;

/**
 * A contender on Spark carries a whole topic into a new bronze table, and again into others: the
 * first time Java compiles, later it is warm.
 *
 * @param lake of one table
 * @param events of its topic
 * @param expected what they leave
 */
record BronzeRun(
    BenchLake lake, Kind kind, SourceShape shape, int round, long events, String expected)
    implements Task {

  @Override
  public void run(TaskOutput output) throws NoSuchTableException {
    SparkSession spark = LakeSession.open(lake.pipeline(), "bench-bronze");
    for (Passes passes = new Passes(); passes.goOn(); passes.next()) {
      boolean cold = passes.isFirst();
      Pipeline pipeline =
          lake.named(BronzeBench.database(lake.project(), passes.number())).pipeline();
      Sample sample =
          kind == Kind.OURS ? ours(spark, pipeline, cold) : fromJson(spark, pipeline, cold);
      passes.worked(sample);
      output.progress("pass %d: %.2f s".formatted(passes.number(), sample.seconds()));
      LakeTable table = pipeline.bronze(pipeline.tables().get(0));
      output.sample(
          sample.judged(BronzeEvents.checksum(spark, kind, table.quoted(), shape), expected));
    }
  }

  private Sample ours(SparkSession spark, Pipeline pipeline, boolean cold) {
    LakeTables tables = new LakeTables(spark);
    EventSchemas schemas = new EventSchemas(tables, pipeline);
    RejectedRows rejected = new RejectedRows(tables, pipeline);
    try (BronzeJob job = new BronzeJob(spark, tables, schemas, rejected, pipeline)) {
      Stopwatch watch = Stopwatch.start();
      long read = 0;
      while (read < events) {
        read += job.runBatch().stream().mapToLong(report -> report.read()).sum();
      }
      return sample(watch, cold, tables.find(pipeline.bronze(pipeline.tables().get(0))).get());
    }
  }

  /** The plain way: the value as text, parsed with a schema, its columns appended. */
  private Sample fromJson(SparkSession spark, Pipeline pipeline, boolean cold)
      throws NoSuchTableException {
    LakeTable name = pipeline.bronze(pipeline.tables().get(0));
    spark.conf().set("spark.sql.adaptive.enabled", "true");
    spark.sql(
        "create namespace if not exists %s.`%s`".formatted(LakeTable.CATALOG, name.database()));
    spark
        .read()
        .format("kafka")
        .option("kafka.bootstrap.servers", pipeline.kafka().bootstrap())
        .option("kafka.isolation.level", "read_committed")
        .option("kafka.max.poll.records", "5000")
        .option("kafka.max.partition.fetch.bytes", Integer.toString(32 << 20))
        .option("kafka.fetch.max.bytes", Integer.toString(64 << 20))
        .option("subscribe", pipeline.topic(pipeline.tables().get(0)))
        .option("startingOffsets", "earliest")
        .option("endingOffsets", "latest")
        .option("maxRecordsPerPartition", "100000")
        .load()
        .createOrReplaceTempView("records");
    String row = "struct<" + shape.jsonTypes().replaceAll("(\\w+) ([A-Z]+)", "$1: $2") + ">";
    String parsed =
        """
        select partition, offset, from_json(cast(value as string),
            'payload struct<before: %s, after: %1$s, op: string, ts_ms: bigint,
             source: struct<lsn: bigint, txId: bigint, ts_ms: bigint>>').payload as event
        from records\
        """
            .formatted(row);
    String select =
        """
        select partition as _kafka_partition, offset as _kafka_offset, event.op as _op,
            event.source.lsn as _lsn, event.source.txId as _txid,
            timestamp_millis(event.source.ts_ms) as _committed_at,
            coalesce(event.after.id, event.before.id) as id, %s
        from (%s)\
        """
            .formatted(String.join(", ", shape.typed("event.after")), parsed);
    spark.sql(
        "create table %s using iceberg tblproperties ('write.parquet.compression-level' = '%s') as select * from (%s) where false"
            .formatted(name.quoted(), BronzeBench.COMPRESSION_LEVEL, select));
    Stopwatch watch = Stopwatch.start();
    spark.sql(select).writeTo(name.quoted()).append();
    return sample(watch, cold, new LakeTables(spark).find(name).get());
  }

  private Sample sample(Stopwatch watch, boolean cold, Table table) {
    Sample sample =
        watch.sample(
            BronzeBench.scenario(shape, events), kind.label(), round, cold, events, files(table));
    return sample;
  }

  /** Returns how many files the table has now. */
  static long files(Table table) {
    return Long.parseLong(table.currentSnapshot().summary().getOrDefault("total-data-files", "0"));
  }

  /**
   * Looks at a topic's source once, for all contenders.
   *
   * @param shapes the tables
   * @param events of their topics
   */
  record Expectation(BenchLake lake, List<SourceShape> shapes, List<Long> events) implements Task {

    @Override
    public void run(TaskOutput output) {
      Pipeline pipeline = lake.pipeline();
      SparkSession spark = LakeSession.open(pipeline, "bench-source");
      for (int i = 0; i < shapes.size(); i++) {
        output.fact(
            shapes.get(i).table(),
            BronzeEvents.expected(spark, pipeline, shapes.get(i), events.get(i)));
      }
    }
  }

  /** Looks at what was made in other processes. */
  record Judgement(BenchLake lake, SourceShape shape, List<String> tables) implements Task {

    @Override
    public void run(TaskOutput output) {
      SparkSession spark = LakeSession.open(lake.pipeline(), "bench-judge");
      for (String table : tables) {
        output.fact(table, BronzeEvents.checksum(spark, Kind.SINK, table, shape));
      }
    }
  }
}
