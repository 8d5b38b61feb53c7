/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.line;

import dev.cdclake.bronze.BronzeJob;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Secrets;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.PipelineException;
import dev.cdclake.gold.GoldJob;
import dev.cdclake.lake.EventSchemas;
import dev.cdclake.lake.ExpectationCounts;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.lake.RejectedRows;
import dev.cdclake.lake.Watermark;
import dev.cdclake.lake.Watermarks;
import dev.cdclake.runtime.FaultPoint;
import dev.cdclake.runtime.StageReport;
import dev.cdclake.silver.EmptyTables;
import dev.cdclake.silver.SilverJob;
import dev.cdclake.silver.SilverPublisher;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One batch of each stage, over all tables: what {@link LakeLine} runs once or again and again. A
 * table that cannot be carried on is set aside, and the others go on.
 *
 * <p>A stage's batches come one after the other; those of two stages may run side by side.
 */
final class StageBatches implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(StageBatches.class);

  /** More than there are cores: a small batch mostly waits, for the catalog or for storage. */
  private static final int TABLES_AT_ONCE = 8;

  /** How often a gap is told again. */
  private static final Duration TELL_EVERY = Duration.ofSeconds(10);

  private final SparkSession spark;
  private final LakeTables lake;
  private final SilverPublisher publisher;
  private final Pipeline pipeline;
  private final Consumer<StageReport> reports;
  private final Consumer<String> problems;
  private final Once<BronzeJob> bronze;
  private Instant gapsToldUntil = Instant.EPOCH;
  private volatile int behindGaps;
  private final Once<Map<String, SilverJob>> silver;
  private final ExpectationCounts counts;
  private final SetAside silverAside;
  private final SetAside goldAside;
  private final GoldJob gold;
  private final ExecutorService tables = Executors.newFixedThreadPool(TABLES_AT_ONCE);

  /**
   * Prepares the stages; nothing is read yet.
   *
   * @param reports told of every batch, from several threads, one call at a time
   * @param problems told, in words, what keeps a table waiting while the others go on
   */
  StageBatches(
      SparkSession spark,
      LakeTables lake,
      Pipeline pipeline,
      Consumer<StageReport> reports,
      Consumer<String> problems) {
    this.spark = spark;
    this.lake = lake;
    this.publisher = new SilverPublisher(lake, pipeline);
    this.pipeline = pipeline;
    this.reports = reports;
    this.problems = problems;
    this.silverAside = new SetAside(Stage.SILVER, problems);
    this.goldAside = new SetAside(Stage.GOLD, problems);
    this.counts = new ExpectationCounts(lake, pipeline);
    Once<EventSchemas> schemas = new Once<>(() -> new EventSchemas(lake, pipeline));
    Once<RejectedRows> rejectedRows = new Once<>(() -> new RejectedRows(lake, pipeline));
    this.bronze =
        new Once<>(() -> new BronzeJob(spark, lake, schemas.get(), rejectedRows.get(), pipeline));
    this.silver = new Once<>(() -> silver(schemas.get(), rejectedRows.get()));
    this.gold = new GoldJob(spark, lake, pipeline);
  }

  private Map<String, SilverJob> silver(EventSchemas schemas, RejectedRows rejectedRows) {
    Map<String, SilverJob> jobs = new LinkedHashMap<>();
    for (SourceTable table : pipeline.tables()) {
      jobs.put(
          table.lakeName(), new SilverJob(spark, lake, schemas, rejectedRows, pipeline, table));
    }
    return jobs;
  }

  List<StageReport> runBronze() {
    List<StageReport> batch = inPool(Stage.BRONZE, () -> reported(bronze.get().runBatch()));
    behindGaps = gaps().size();
    if (!gaps().isEmpty() && Instant.now().isAfter(gapsToldUntil)) {
      gapsToldUntil = Instant.now().plus(TELL_EVERY);
      for (PipelineException gap : gaps()) {
        LOG.error("{}", gap.getMessage());
        problems.accept(gap.getMessage());
      }
    }
    return batch;
  }

  private List<PipelineException> gaps() {
    return bronze.made().map(BronzeJob::gaps).orElse(List.of());
  }

  /** Creates tables of silver that no event has come for. */
  Void makeEmptyTables() {
    new EmptyTables(spark, lake, pipeline)
        .create(pipeline.source().password().in(Secrets.known()).orElse(null));
    return null;
  }

  List<StageReport> runSilver() {
    Watermark watermark = Watermarks.read(lake, pipeline);
    List<Future<Optional<StageReport>>> batches = new ArrayList<>();
    silver
        .get()
        .forEach(
            (table, job) ->
                batches.add(
                    tables.submit(() -> inPool(Stage.SILVER, () -> fold(table, job, watermark)))));
    List<StageReport> done = new ArrayList<>();
    for (Future<Optional<StageReport>> batch : batches) {
      try {
        batch.get().ifPresent(done::add);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("Interrupted while folding.", e);
      } catch (ExecutionException e) {
        throw Retries.unwrapped(e);
      }
    }
    FaultPoint.SILVER_BEFORE_PUBLISHING.pass();
    publisher.publish(watermark);
    return done;
  }

  private Optional<StageReport> fold(String table, SilverJob job, Watermark watermark) {
    Optional<StageReport> report = silverAside.attempt(table, () -> job.runBatch(watermark));
    reported(report.stream().toList());
    return report;
  }

  /** Collects what expectations found since the last time. */
  Void collect() {
    counts.collect();
    return null;
  }

  List<StageReport> runGold() {
    return inPool(Stage.GOLD, () -> reported(gold.runBatch(goldAside::attempt)));
  }

  /** Gives each stage its share of the cores: a long batch of one does not hold up the others. */
  private <T> T inPool(Stage stage, Supplier<T> work) {
    spark.sparkContext().setLocalProperty("spark.scheduler.pool", stage.label());
    return work.get();
  }

  private List<StageReport> reported(List<StageReport> batch) {
    synchronized (reports) {
      for (StageReport report : batch) {
        LOG.info("{}", report);
        reports.accept(report);
      }
    }
    return batch;
  }

  /** Returns what keeps tables from being carried on now, in the order of the stages. */
  List<RuntimeException> failures() {
    List<RuntimeException> all = new ArrayList<>(gaps());
    all.addAll(silverAside.failures());
    all.addAll(goldAside.failures());
    return all;
  }

  /** Returns how many tables a stage cannot carry on now; one of two stages counts twice. */
  int tablesWaiting() {
    return behindGaps + silverAside.failures().size() + goldAside.failures().size();
  }

  SetAside silverAside() {
    return silverAside;
  }

  SetAside goldAside() {
    return goldAside;
  }

  /** Runs the tests of the gold models; returns what is broken, in words. */
  List<String> brokenGoldTests() {
    return gold.brokenTests();
  }

  @Override
  public void close() {
    tables.shutdown();
    bronze.made().ifPresent(BronzeJob::close);
  }
}
