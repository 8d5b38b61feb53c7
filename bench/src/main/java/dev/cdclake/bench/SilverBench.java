/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Silver: random changes into tables of several sizes, by our job, by {@code MERGE INTO} and by
 * Flink. All contenders change copies of one lake, so they begin with the same files; whatever the
 * job does behind {@code runBatch}, nothing here depends on it.
 */
final class SilverBench {

  private final Path folder;
  private final TaskProcess processes;
  private final Sizes sizes;

  SilverBench(Path folder, TaskProcess processes, Sizes sizes) {
    this.folder = folder;
    this.processes = processes;
    this.sizes = sizes;
  }

  List<Sample> run() {
    List<Sample> samples = new ArrayList<>();
    for (long rows : sizes.targets()) {
      samples.addAll(run(rows));
    }
    return samples;
  }

  private List<Sample> run(long rows) {
    BenchLake base = BenchLake.alone(folder.resolve("silver-" + rows), "bench", "public.orders");
    BenchLake.deleteFolder(base.state());
    Map<Integer, String> expected = prepare(base, rows);
    Set<Path> files = base.files();
    List<Sample> samples = new ArrayList<>();
    for (int round = 1; round <= sizes.rounds(); round++) {
      for (SilverWay.Kind kind : SilverWay.Kind.values()) {
        BenchLake copy = base.copy("silver-copy");
        Models.put(copy.state(), Models.TOTALS);
        int batches = round == sizes.rounds() ? mostBatches(kind) : SilverRun.EVERY_ROUND;
        String name = "silver, %,d rows, round %d, %s".formatted(rows, round, kind.label());
        samples.addAll(
            processes
                .run(name, new SilverRun(copy, kind, round, rows, sizes, batches, expected))
                .samples());
        copy.removeCopy(files);
      }
      samples.addAll(flink(base, rows, round, expected.get(SilverRun.EVERY_ROUND)));
    }
    BenchLake.deleteFolder(base.state());
    return samples;
  }

  private int mostBatches(SilverWay.Kind kind) {
    return switch (kind) {
      case OURS -> sizes.batches();
      case MERGE_ON_READ -> besideOurs();
      case COPY_ON_WRITE -> SilverRun.EVERY_ROUND;
    };
  }

  private int besideOurs() {
    return Math.min(sizes.batches(), SilverRun.BESIDE_OURS);
  }

  private List<Sample> flink(BenchLake base, long rows, int round, String expected) {
    String name = "silver, %,d rows, round %d, Flink".formatted(rows, round);
    processes.progress().accept(name);
    Set<Path> files = base.files();
    BenchLake copy = base.copy("silver-copy");
    Models.put(copy.state(), Models.TOTALS);
    List<Sample> samples = new ArrayList<>();
    try (FlinkWorker worker = FlinkWorker.start(copy, processes.logs(), processes.memory())) {
      for (ChangeBatch batch : ChangeBatch.plan(rows, sizes, SilverRun.EVERY_ROUND)) {
        samples.add(worker.apply(batch, SilverRun.scenario(batch.size(), rows), round));
      }
    }
    String found = processes.run(name + ", result", new SilverRun.Judgement(copy)).fact("checksum");
    copy.removeCopy(files);
    return samples.stream().map(sample -> sample.judged(found, expected)).toList();
  }

  private Map<Integer, String> prepare(BenchLake base, long rows) {
    List<Integer> checkpoints =
        Stream.of(SilverRun.EVERY_ROUND, besideOurs(), sizes.batches()).distinct().toList();
    TaskOutput.Read told =
        processes.run(
            "silver, %,d rows, preparation".formatted(rows),
            new SilverPreparation(base, rows, sizes, checkpoints));
    Map<Integer, String> expected = new LinkedHashMap<>();
    for (int batches : checkpoints) {
      expected.put(batches, told.fact("after " + batches));
    }
    return expected;
  }
}
