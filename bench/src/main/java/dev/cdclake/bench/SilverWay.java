/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.lake.Watermark;
import dev.cdclake.silver.SilverJob;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableProperties;
import org.apache.spark.sql.SparkSession;

/** A way to bring the newest batch of bronze into silver. */
interface SilverWay {

  /** The contenders. */
  enum Kind {
    OURS("ours"),
    MERGE_ON_READ("MERGE INTO, merge-on-read"),
    COPY_ON_WRITE("MERGE INTO, copy-on-write");

    private final String label;

    Kind(String label) {
      this.label = label;
    }

    /** Returns the name that the page shows. */
    String label() {
      return label;
    }

    SilverWay open(SparkSession spark, Pipeline pipeline, ChangeFeed feed) {
      return switch (this) {
        case OURS -> ours(spark, pipeline, feed);
        case MERGE_ON_READ -> merge(spark, pipeline, feed, "merge-on-read");
        case COPY_ON_WRITE -> merge(spark, pipeline, feed, "copy-on-write");
      };
    }
  }

  /** Brings in everything that came since the last call; the table then shows it. */
  void apply();

  /** Silver's job, as the line runs it. */
  private static SilverWay ours(SparkSession spark, Pipeline pipeline, ChangeFeed feed) {
    SilverJob job =
        new SilverJob(
            spark, feed.tables(), feed.schemas(), feed.rejectedRows(), pipeline, feed.source());
    return () -> {
      if (job.runBatch(Watermark.NONE).isEmpty()) {
        throw new BenchException("Silver found no changes (expected a batch).");
      }
    };
  }

  /**
   * The statement that everybody writes: parse the JSON, take the newest change of each key, merge.
   * Spark adapts its plans at run time, as it does by default; eight partitions of a shuffle in
   * place of 200 suit a machine of few cores better.
   */
  private static SilverWay merge(
      SparkSession spark, Pipeline pipeline, ChangeFeed feed, String mode) {
    LakeTable silver = pipeline.silver(feed.source());
    LakeTable bronze = pipeline.bronze(feed.source());
    spark.conf().set("spark.sql.adaptive.enabled", "true");
    spark.conf().set("spark.sql.shuffle.partitions", "8");
    feed.tables()
        .find(silver)
        .orElseThrow()
        .updateProperties()
        .set(TableProperties.MERGE_MODE, mode)
        .commit();
    String statement = statement(silver);
    return () -> {
      Snapshot newest = newest(feed.tables().find(bronze).orElseThrow());
      spark
          .read()
          .format("iceberg")
          .option("start-snapshot-id", newest.parentId())
          .option("end-snapshot-id", newest.snapshotId())
          .load(bronze.quoted())
          .createOrReplaceTempView("changes");
      spark.sql(statement);
    };
  }

  private static Snapshot newest(Table table) {
    return table.currentSnapshot();
  }

  private static String statement(LakeTable silver) {
    String parsed =
        """
        select *, from_json(after, '%s') as row, from_json(key, 'id bigint').id as id
        from changes\
        """
            .formatted(SourceShape.NARROW.jsonTypes());
    List<String> own =
        List.of(
            "_op <> 'd' as is_active",
            "cast(array() as array<string>) as dq_flags",
            "_epoch",
            "_lsn",
            "_snapshot",
            "_kafka_partition",
            "_kafka_offset",
            "_txid",
            "_op",
            "_committed_at");
    String columns =
        Stream.concat(SourceShape.NARROW.typed("row").stream(), own.stream())
            .collect(Collectors.joining(", "));
    String ended =
        Stream.of(
                "is_active",
                "_lsn",
                "_snapshot",
                "_kafka_partition",
                "_kafka_offset",
                "_txid",
                "_op",
                "_committed_at")
            .map(column -> "silver.%s = change.%1$s".formatted(column))
            .collect(Collectors.joining(", "));
    return """
    merge into %s as silver
    using (
        select id, %s
        from (
            select *, row_number() over (partition by id order by _lsn desc) as place
            from (%s)
        )
        where place = 1
    ) as change
    on silver.id = change.id
    when matched and change._op = 'd' then update set %s
    when matched then update set *
    when not matched and change._op <> 'd' then insert *\
    """
        .formatted(silver.quoted(), columns, parsed, ended);
  }
}
