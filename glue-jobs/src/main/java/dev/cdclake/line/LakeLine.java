/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.line;

import dev.cdclake.contract.Layer;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Stage;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.lake.Watermark;
import dev.cdclake.lake.Watermarks;
import dev.cdclake.maintain.Upkeep;
import dev.cdclake.runtime.StageReport;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionService;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.spark.sql.SparkSession;

/**
 * Runs the stages of the lake: once over what is there, or again and again until stopped.
 *
 * <p>Both ways run the same {@link StageBatches}; a batch knows where it begins from the table it
 * writes, so there is no checkpoint beside the tables. Continuously, each stage has a thread of its
 * own and they meet at the tables alone.
 */
public final class LakeLine implements AutoCloseable {

  /** Stages that run in the lake, in flow order. */
  public static final Set<Stage> STAGES = Set.of(Stage.BRONZE, Stage.SILVER, Stage.GOLD);

  /** Time from the start of one batch to the start of the next: bounds the number of commits. */
  private static final Duration PACE = Duration.ofMillis(500);

  /** What expectations found is in the snapshots at once, and in its table after this time. */
  private static final Duration COLLECT_EVERY = Duration.ofSeconds(30);

  /** How often a running line looks whether its tables need to be put in order. */
  private static final Duration LOOK_EVERY = Duration.ofSeconds(5);

  /** Gold works at most a quarter of the time, so that answers never hold up the changes. */
  private static final int GOLD_PART = 4;

  /** How long a run that ends waits for the mark behind the newest transaction: some heartbeats. */
  private static final Duration NEXT_MARK = Duration.ofSeconds(5);

  /** Failures in a row, of a kind that passes by itself, after which a run that ends gives up. */
  private static final int MOST_FAILURES = 5;

  private final SparkSession spark;
  private final LakeTables lake;
  private final Pipeline pipeline;
  private final Consumer<String> problems;
  private final StageBatches batches;
  private final CountDownLatch stopped = new CountDownLatch(1);

  /** Prepares the stages; what keeps a table waiting is logged alone. */
  public LakeLine(SparkSession spark, Pipeline pipeline, Consumer<StageReport> reports) {
    this(spark, pipeline, reports, problem -> {});
  }

  /**
   * Prepares the stages; nothing is read yet.
   *
   * @param reports told of every batch, from several threads, one call at a time
   * @param problems told, in words, what keeps a table waiting while the others go on
   */
  public LakeLine(
      SparkSession spark,
      Pipeline pipeline,
      Consumer<StageReport> reports,
      Consumer<String> problems) {
    this.spark = spark;
    this.lake = new LakeTables(spark);
    this.pipeline = pipeline;
    this.problems = problems;
    this.batches = new StageBatches(spark, lake, pipeline, reports, problems);
  }

  /**
   * Runs stages, one after the other, over everything that is there when each begins. A batch that
   * fails is run again, a few times.
   *
   * @throws RuntimeException after everything else was done, the failure of a table that could not
   *     be carried on
   */
  public void runAvailable(Set<Stage> stages) {
    Retries retries = new Retries(MOST_FAILURES, this::pause, problems);
    if (stages.contains(Stage.BRONZE)) {
      List<StageReport> batch;
      do {
        batch = retries.run(Stage.BRONZE, batches::runBronze);
      } while (batch.stream().anyMatch(report -> report.behind() > 0));
      awaitWholeTransactions(retries);
    }
    if (stages.contains(Stage.SILVER)) {
      retries.run(Stage.SILVER, batches::makeEmptyTables);
      List<StageReport> batch;
      do {
        batch = retries.run(Stage.SILVER, batches::runSilver);
      } while (batch.stream().anyMatch(report -> report.behind() > 0)
          || isTryAhead(batches.silverAside()));
      retries.run(Stage.SILVER, batches::collect);
    }
    if (stages.contains(Stage.GOLD)) {
      do {
        retries.run(Stage.GOLD, batches::runGold);
      } while (isTryAhead(batches.goldAside()));
    }
    List<RuntimeException> left = batches.failures();
    if (!left.isEmpty()) {
      throw together(left);
    }
  }

  /**
   * Reads on until all transactions that begin in what was read are known to be whole: else what
   * was committed just before would stay in bronze.
   */
  private void awaitWholeTransactions(Retries retries) {
    Watermark read = Watermarks.read(lake, pipeline);
    Instant patience = Instant.now().plus(NEXT_MARK);
    while (!Watermarks.read(lake, pipeline).frees(read)
        && Instant.now().isBefore(patience)
        && pause(PACE)) {
      retries.run(Stage.BRONZE, batches::runBronze);
    }
  }

  /** Waits for the next try of a table that was set aside; false if none is worth it. */
  private boolean isTryAhead(SetAside aside) {
    return aside.nextTry(MOST_FAILURES).filter(this::pause).isPresent();
  }

  /**
   * Runs stages side by side until {@link #stop} is called or one of them fails for good. What
   * passes by itself (an outage, another writer, a commit of unknown outcome) is waited for.
   */
  public void runContinuously(Set<Stage> stages) {
    ExecutorService threads = Executors.newCachedThreadPool();
    CompletionService<Void> running = new ExecutorCompletionService<>(threads);
    if (stages.contains(Stage.BRONZE)) {
      running.submit(repeat(Stage.BRONZE, batches::runBronze, new Pace(PACE, 1)));
    }
    if (stages.contains(Stage.SILVER)) {
      new Retries(Integer.MAX_VALUE, this::pause, problems)
          .run(Stage.SILVER, batches::makeEmptyTables);
      running.submit(repeat(Stage.SILVER, batches::runSilver, new Pace(PACE, 1)));
      running.submit(this::collectCounts);
    }
    if (stages.contains(Stage.GOLD)) {
      running.submit(
          repeat(
              Stage.GOLD, batches::runGold, new Pace(pipeline.gold().refreshEvery(), GOLD_PART)));
    }
    if (pipeline.maintenance().whileRunning()) {
      running.submit(lookAfterTables(stages));
    }
    try {
      int parts =
          stages.size()
              + (stages.contains(Stage.SILVER) ? 1 : 0)
              + (pipeline.maintenance().whileRunning() ? 1 : 0);
      for (int i = 0; i < parts; i++) {
        running.take().get();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted while the stages ran.", e);
    } catch (ExecutionException e) {
      throw Retries.unwrapped(e);
    } finally {
      stop();
      threads.shutdown();
      awaitEnd(threads);
    }
  }

  /** Lets continuous stages end after the batch that they are in. */
  public void stop() {
    stopped.countDown();
  }

  private static void awaitEnd(ExecutorService threads) {
    try {
      threads.awaitTermination(1, TimeUnit.MINUTES);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Returns how many tables a stage cannot carry on now; one of two stages counts twice. */
  public int tablesWaiting() {
    return batches.tablesWaiting();
  }

  /** Runs the tests of the gold models; returns what is broken, in words. */
  public List<String> brokenGoldTests() {
    return batches.brokenGoldTests();
  }

  @Override
  public void close() {
    stop();
    batches.close();
  }

  private static RuntimeException together(List<? extends RuntimeException> failures) {
    RuntimeException first = failures.get(0);
    failures.stream().skip(1).forEach(first::addSuppressed);
    return first;
  }

  /** Collects what expectations found, from time to time and at the end. */
  private Void collectCounts() throws InterruptedException {
    Retries retries = new Retries(Integer.MAX_VALUE, this::pause, problems);
    boolean ended;
    do {
      ended = stopped.await(COLLECT_EVERY.toNanos(), TimeUnit.NANOSECONDS);
      retries.run(Stage.SILVER, batches::collect);
    } while (!ended);
    return null;
  }

  /** Looks after the tables that these stages write, until stopped. */
  private Callable<Void> lookAfterTables(Set<Stage> stages) {
    Set<Layer> layers =
        stages.stream().map(stage -> Layer.valueOf(stage.name())).collect(Collectors.toSet());
    Upkeep upkeep = new Upkeep(spark, new LakeTables(spark), pipeline, layers);
    return () -> {
      spark.sparkContext().setLocalProperty("spark.scheduler.pool", "upkeep");
      while (pause(LOOK_EVERY)) {
        upkeep.look();
      }
      return null;
    };
  }

  /** Repeats a batch until stopped. */
  private Callable<Void> repeat(Stage stage, Supplier<List<StageReport>> batch, Pace pace) {
    Retries retries = new Retries(Integer.MAX_VALUE, this::pause, problems);
    return () -> {
      try {
        Duration wait;
        do {
          long start = System.nanoTime();
          retries.run(stage, batch);
          wait = pace.after(Duration.ofNanos(System.nanoTime() - start));
        } while (pause(wait));
        return null;
      } finally {
        stop();
      }
    };
  }

  /** Waits; false if the line was told to stop. */
  private boolean pause(Duration time) {
    try {
      return !stopped.await(time.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
