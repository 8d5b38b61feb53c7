/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Layer;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.lake.LakeSession;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.maintain.MaintainJob;
import dev.cdclake.maintain.Upkeep;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.iceberg.Table;
import org.apache.spark.sql.SparkSession;

/**
 * One contender applies batches to its copy of the lake. In the last round two go on and are
 * measured warm; behind each further batch of ours comes the upkeep of a running line, and queries
 * are timed before and after all of it is compacted.
 *
 * @param rows of the table before the batches
 * @param all number of batches of this round
 * @param expected by number of batches: the checksum that the table must have then
 */
record SilverRun(
    BenchLake lake,
    SilverWay.Kind kind,
    int round,
    long rows,
    Sizes sizes,
    int all,
    Map<Integer, String> expected)
    implements Task {

  /** A large batch that warms up, a large one, a small one. */
  static final int EVERY_ROUND = 3;

  /** The contender that goes on beside ours: three large warm batches. */
  static final int BESIDE_OURS = 6;

  /** Of each kind and state, behind as many lookups for which Java compiles. */
  private static final int QUERIES = 5;

  @Override
  public void run(TaskOutput output) {
    Pipeline pipeline = lake.pipeline();
    SparkSession spark = LakeSession.open(pipeline, "bench-silver");
    ChangeFeed feed = new ChangeFeed(spark, pipeline);
    LakeTable silver = pipeline.silver(feed.source());
    SilverWay way = kind.open(spark, pipeline, feed);
    List<Sample> samples = new ArrayList<>();
    Leftovers leftovers = new Leftovers();
    Upkeep upkeep = new Upkeep(spark, feed.tables(), pipeline, Set.of(Layer.SILVER));
    List<Sample> looks = new ArrayList<>();
    int warm = warm();
    for (ChangeBatch batch : ChangeBatch.plan(rows, sizes, all)) {
      feed.append(batch);
      Stopwatch watch = Stopwatch.start();
      way.apply();
      boolean extra = batch.number() > EVERY_ROUND;
      String scenario = scenario(batch.size(), rows) + (batch.number() > warm ? ", warm" : "");
      Sample sample =
          watch.sample(scenario, kind.label(), round, batch.number() == 1, batch.size(), 0);
      Table table = feed.tables().find(silver).orElseThrow();
      leftovers.delete(table);
      if (!extra || batch.number() > warm) {
        samples.add(withFiles(sample, table));
      }
      output.progress(
          "batch %d of %d, %,d changes: %.2f s, %.2f s of CPU"
              .formatted(batch.number(), all, batch.size(), sample.seconds(), sample.cpuSeconds()));
      if (extra && kind == SilverWay.Kind.OURS) {
        Stopwatch look = Stopwatch.start();
        upkeep.look();
        looks.add(look.sample("", kind.label(), round, false, 0, 0));
      }
      if (!samples.isEmpty() && expected.containsKey(batch.number())) {
        String found = checksum(spark, silver);
        for (Sample made : samples) {
          output.sample(made.judged(found, expected.get(batch.number())));
        }
        samples.clear();
      }
    }
    if (all > EVERY_ROUND && kind == SilverWay.Kind.OURS) {
      String wanted = expected.get(all);
      output.sample(
          Sample.sum(
                  "upkeep of %,d rows, batches %d to %d".formatted(rows, EVERY_ROUND + 1, all),
                  looks)
              .judged(checksum(spark, silver), wanted));
      query(spark, silver, "kept by upkeep", wanted, output);
      maintain(spark, feed, pipeline, silver, wanted, output);
      query(spark, silver, "after maintain", wanted, output);
    }
  }

  /**
   * Returns the batch behind which Java has compiled what it will: ours of 1 s each are eight, of
   * another contender the first three take as long. Those between are not told.
   */
  private int warm() {
    return kind == SilverWay.Kind.OURS ? 8 : EVERY_ROUND;
  }

  static String scenario(int changes, long rows) {
    return "%,d changes into %,d rows".formatted(changes, rows);
  }

  /** Looks at what another process made of a lake. */
  record Judgement(BenchLake lake) implements Task {

    @Override
    public void run(TaskOutput output) {
      Pipeline pipeline = lake.pipeline();
      SparkSession spark = LakeSession.open(pipeline, "bench-judge");
      output.fact("checksum", checksum(spark, pipeline.silver(pipeline.tables().get(0))));
    }
  }

  private static Sample withFiles(Sample sample, Table table) {
    Map<String, String> summary = table.currentSnapshot().summary();
    long files =
        Long.parseLong(summary.getOrDefault("added-data-files", "0"))
            + Long.parseLong(summary.getOrDefault("added-delete-files", "0"));
    return new Sample(
        sample.scenario(),
        sample.contender(),
        sample.round(),
        sample.cold(),
        sample.rows(),
        sample.seconds(),
        sample.cpuSeconds(),
        sample.peakMegabytes(),
        files,
        sample.found(),
        sample.expected());
  }

  private static String checksum(SparkSession spark, LakeTable silver) {
    return Checksum.of(spark.table(silver.quoted()).where("is_active"), SourceShape.NARROW.types());
  }

  /** Times a query that reads all active rows and one that looks for one of them. */
  private void query(
      SparkSession spark, LakeTable silver, String when, String wanted, TaskOutput output) {
    String found = checksum(spark, silver);
    Table table = new LakeTables(spark).find(silver).orElseThrow();
    long files =
        Long.parseLong(table.currentSnapshot().summary().get("total-data-files"))
            + Long.parseLong(table.currentSnapshot().summary().get("total-delete-files"));
    String after = " of %,d rows after %d batches, %s".formatted(rows, all, when);
    for (int i = 0; i < QUERIES; i++) {
      lookUp(spark, silver, i);
    }
    for (int i = 0; i < QUERIES; i++) {
      Stopwatch lookup = Stopwatch.start();
      lookUp(spark, silver, QUERIES + i);
      output.sample(
          lookup
              .sample("point lookup" + after, kind.label(), i, false, 0, files)
              .judged(found, wanted));
    }
    for (int i = 0; i < QUERIES; i++) {
      Stopwatch scan = Stopwatch.start();
      spark
          .sql(
              "select count(*), sum(total), max(length(note)) from %s where is_active"
                  .formatted(silver.quoted()))
          .collectAsList();
      output.sample(
          scan.sample("full scan" + after, kind.label(), i, false, 0, files).judged(found, wanted));
    }
  }

  private void lookUp(SparkSession spark, LakeTable silver, int number) {
    long id = 1 + Long.remainderUnsigned(OrderVersion.mixed(-1 - number), rows);
    spark
        .sql("select * from %s where is_active and id = %d".formatted(silver.quoted(), id))
        .collectAsList();
  }

  private void maintain(
      SparkSession spark,
      ChangeFeed feed,
      Pipeline pipeline,
      LakeTable silver,
      String wanted,
      TaskOutput output) {
    Stopwatch watch = Stopwatch.start();
    new MaintainJob(spark, feed.tables(), pipeline)
        .run(List.of(silver), Duration.ofHours(2), done -> {});
    Sample sample =
        watch.sample(
            "maintain of %,d rows after %d batches".formatted(rows, all),
            kind.label(),
            round,
            false,
            0,
            0);
    output.sample(sample.judged(checksum(spark, silver), wanted));
  }
}
