/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/** Measures parts one after the other, and writes each to the page as soon as it is done. */
final class Bench implements AutoCloseable {

  private final Path folder;
  private final Sizes sizes;
  private final TaskProcess processes;
  private final Consumer<String> progress;
  private CapturedTables captured;

  Bench(Path folder, Sizes sizes, Consumer<String> progress) {
    this.folder = folder;
    this.sizes = sizes;
    this.progress = progress;
    this.processes = new TaskProcess(folder.resolve("logs"), sizes.memory(), progress);
  }

  /** Returns what was not equal to the source, in words. */
  List<String> run(Set<Part> parts, Path page) {
    List<String> failures = new ArrayList<>();
    for (Part part : parts) {
      progress.accept("== " + part.label());
      if (!part.readsTopics()) {
        // Even idle servers take a tenth of a core.
        close();
      }
      Results results = run(part);
      results.write(folder.resolve("results").resolve(part.label() + ".json"));
      BenchPage.write(page, part, results);
      failures.addAll(results.failures());
      progress.accept("== %s is written to %s".formatted(part.label(), page));
    }
    return failures;
  }

  private Results run(Part part) {
    return switch (part) {
      case BRONZE ->
          samples(
              new BronzeBench(captured(), processes, sizes).run(),
              "Topics of %d partitions; the sink runs as many tasks and commits every %d s, our job and the plain one commit once per pass; Parquet with zstd of level %s."
                  .formatted(
                      CapturedTables.PARTITIONS,
                      SinkWorker.COMMIT_INTERVAL.toSeconds(),
                      BronzeBench.COMPRESSION_LEVEL));
      case SILVER ->
          samples(
              new SilverBench(folder, processes, sizes).run(),
              "Batches of %,d and %,d changes, of ten eight update, one inserts, one deletes; queries after %d batches."
                  .formatted(sizes.batch(), sizes.smallBatch(), sizes.batches()));
      case GOLD ->
          samples(
              new GoldBench(folder, processes, sizes).run(),
              "One model that sums orders by customer; counted are the changed orders.");
      case LATENCY ->
          new Results(
              Machine.words(),
              "Each rate for %d s, half inserts, half updates, ten transactions a second; ten timed rows a second; gold refreshes at most once a second; heap of the jobs %s."
                  .formatted(sizes.seconds(), processes.memory()),
              List.of(),
              LatencyBench.ofOneTable(folder, processes, sizes).run());
      case TABLES ->
          new Results(
              Machine.words(),
              "%d tables, changed in turn, each about once a second, for %d s; ten timed rows a second in one more; heap of the jobs %s."
                  .formatted(sizes.tables(), sizes.seconds(), processes.memory()),
              List.of(),
              LatencyBench.ofManyTables(folder, processes, sizes).run());
      case VERIFY -> samples(verify(), "Both tables of the bronze benchmark, row by row.");
    };
  }

  private List<Sample> verify() {
    List<Sample> samples = new ArrayList<>();
    for (int round = 1; round <= sizes.rounds(); round++) {
      samples.addAll(
          processes
              .run("verify, round " + round, new VerifyRun(captured().lake(), round, 2))
              .samples());
    }
    return samples;
  }

  /** Returns the topics, made for the first part that needs them. */
  private CapturedTables captured() {
    if (captured == null) {
      captured = CapturedTables.capture(folder.resolve("captured"), sizes.events(), progress);
    }
    return captured;
  }

  private Results samples(List<Sample> samples, String settings) {
    return new Results(
        Machine.words(),
        "%s Heap of every contender %s; %d rounds."
            .formatted(settings, processes.memory(), sizes.rounds()),
        samples,
        List.of());
  }

  @Override
  public void close() {
    if (captured != null) {
      captured.close();
      captured = null;
    }
  }
}
