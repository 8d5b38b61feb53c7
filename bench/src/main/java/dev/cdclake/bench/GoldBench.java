/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Gold: one model after changes of few and of more keys, refreshed and made anew. */
final class GoldBench {

  private final Path folder;
  private final TaskProcess processes;
  private final Sizes sizes;

  GoldBench(Path folder, TaskProcess processes, Sizes sizes) {
    this.folder = folder;
    this.processes = processes;
    this.sizes = sizes;
  }

  List<Sample> run() {
    long rows = sizes.orderLines();
    BenchLake base = BenchLake.alone(folder.resolve("gold-base"), "bench", "public.orders");
    BenchLake.deleteFolder(base.state());
    processes.run("gold, preparation", new SilverPreparation(base, rows, sizes, List.of()));
    Set<Path> files = base.files();
    List<Sample> samples = new ArrayList<>();
    for (int round = 1; round <= sizes.rounds(); round++) {
      for (GoldRun.Kind kind : GoldRun.Kind.values()) {
        BenchLake copy = base.copy("gold-copy");
        Models.put(copy.state(), Models.TOTALS);
        String name = "gold, round %d, %s".formatted(round, kind);
        samples.addAll(processes.run(name, new GoldRun(copy, kind, round, rows)).samples());
        copy.removeCopy(files);
      }
    }
    BenchLake.deleteFolder(base.state());
    return samples;
  }
}
