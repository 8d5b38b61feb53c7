/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.gold.GoldJob;
import dev.cdclake.lake.ConsistentSnapshots;
import dev.cdclake.lake.LakeSession;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Map;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/**
 * Brings a gold model up to date after changes of silver, by its changed keys or anew.
 *
 * @param rows of the silver table before the changes
 */
record GoldRun(BenchLake lake, Kind kind, int round, long rows) implements Task {

  /** The contenders. */
  enum Kind {
    INCREMENTAL("ours, by the changed keys"),
    REBUILD("rebuilt");

    private final String label;

    Kind(String label) {
      this.label = label;
    }
  }

  private static final int KEYS = 100_000;

  /** Refreshes behind the first one that are not told: Java is still compiling. */
  private static final int WARM_UP = 3;

  /** Shares of the keys that change, in percent. */
  private static final int[] SHARES = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 10, 10};

  @Override
  public void run(TaskOutput output) throws IOException {
    Pipeline pipeline = lake.pipeline();
    SparkSession spark = LakeSession.open(pipeline, "bench-gold");
    ChangeFeed feed = new ChangeFeed(spark, pipeline);
    SilverWay silver = SilverWay.Kind.OURS.open(spark, pipeline, feed);
    GoldJob gold = new GoldJob(spark, feed.tables(), pipeline);
    publish(feed, pipeline);
    gold.runBatch();
    long offset = SilverPreparation.FIRST_ROWS;
    for (int i = 0; i < SHARES.length; i++) {
      ChangeBatch batch = new ChangeBatch(i + 1, KEYS * SHARES[i] / 100, offset, rows);
      offset = batch.nextOffset();
      feed.append(batch);
      silver.apply();
      publish(feed, pipeline);
      Stopwatch watch = Stopwatch.start();
      if (kind == Kind.INCREMENTAL) {
        gold.runBatch();
      } else {
        gold.rebuild(feed.source());
      }
      Sample sample =
          watch.sample(
              "%,d rows of silver, %d %% of %,d keys changed".formatted(rows, SHARES[i], KEYS),
              kind.label,
              round,
              i == 0,
              batch.size(),
              0);
      output.progress("%d %%: %.2f s".formatted(SHARES[i], sample.seconds()));
      if (i == 0 || i > WARM_UP) {
        output.sample(sample.judged(made(spark, pipeline), expected(spark, pipeline, feed)));
      }
    }
  }

  private static void publish(ChangeFeed feed, Pipeline pipeline) {
    long snapshot =
        feed.tables()
            .find(pipeline.silver(feed.source()))
            .orElseThrow()
            .currentSnapshot()
            .snapshotId();
    new ConsistentSnapshots(1, 0, Map.of(feed.source().lakeName(), snapshot))
        .publish(feed.tables(), pipeline);
  }

  private static String made(SparkSession spark, Pipeline pipeline) {
    LakeTable table = pipeline.gold(Models.TOTALS);
    return Checksum.of(spark.table(table.quoted()), spark.table(table.quoted()).schema());
  }

  /** Returns the checksum of the model's select over silver as it is. */
  private String expected(SparkSession spark, Pipeline pipeline, ChangeFeed feed)
      throws IOException {
    StructType types = spark.table(pipeline.gold(Models.TOTALS).quoted()).schema();
    String select =
        Files.readString(Models.folder(lake.state()).resolve(Models.TOTALS + ".sql"))
            .replace("silver.orders", pipeline.silver(feed.source()).quoted());
    return Checksum.of(spark.sql(select), types);
  }
}
