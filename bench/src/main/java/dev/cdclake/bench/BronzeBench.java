/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import dev.cdclake.bench.BronzeEvents.Kind;
import dev.cdclake.contract.Pipeline;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Bronze: the same topic by our job, by a plain Spark job and by Iceberg's own sink, each into new
 * tables of one catalog.
 */
final class BronzeBench {

  private final CapturedTables captured;
  private final TaskProcess processes;
  private final Sizes sizes;

  BronzeBench(CapturedTables captured, TaskProcess processes, Sizes sizes) {
    this.captured = captured;
    this.processes = processes;
    this.sizes = sizes;
  }

  static String scenario(SourceShape shape, long events) {
    return "%,d events of %d columns".formatted(events, shape.types().size());
  }

  List<Sample> run() {
    List<SourceShape> shapes = List.of(SourceShape.values());
    TaskOutput.Read expected =
        processes.run(
            "bronze, the source",
            new BronzeRun.Expectation(
                captured.lake(), shapes, shapes.stream().map(captured::events).toList()));
    List<Sample> samples = new ArrayList<>();
    for (SourceShape shape : shapes) {
      for (int round = 1; round <= sizes.rounds(); round++) {
        for (Kind kind : Kind.values()) {
          samples.addAll(run(shape, round, kind, expected.fact(shape.table())));
        }
      }
    }
    return samples;
  }

  private List<Sample> run(SourceShape shape, int round, Kind kind, String expected) {
    String name = "bronze, %s, round %d, %s".formatted(shape.table(), round, kind.label());
    String project =
        "%s_%s_%d".formatted(kind.name().toLowerCase(java.util.Locale.ROOT), shape.table(), round);
    BenchLake lake = captured.lake(shape, project);
    if (kind == Kind.SINK) {
      return sink(name, shape, round, lake, expected);
    }
    BronzeRun task = new BronzeRun(lake, kind, shape, round, captured.events(shape), expected);
    return processes.run(name, task).samples();
  }

  private List<Sample> sink(
      String name, SourceShape shape, int round, BenchLake lake, String expected) {
    processes.progress().accept(name);
    Pipeline pipeline = lake.pipeline();
    String cold = lake.project() + "_cold";
    String warm = lake.project() + "_warm";
    long events = captured.events(shape);
    List<Sample> samples = new ArrayList<>();
    try (SinkWorker worker = SinkWorker.start(pipeline, processes.logs(), processes.memory())) {
      samples.add(worker.carry(cold, shape, events, scenario(shape, events), round, true));
      samples.add(worker.carry(warm, shape, events, scenario(shape, events), round, false));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    List<String> tables = List.of(table(cold, shape), table(warm, shape));
    TaskOutput.Read found =
        processes.run(name + ", result", new BronzeRun.Judgement(lake, shape, tables));
    List<Sample> judged = new ArrayList<>();
    for (int i = 0; i < tables.size(); i++) {
      judged.add(samples.get(i).judged(found.fact(tables.get(i)), expected));
    }
    return judged;
  }

  private static String table(String database, SourceShape shape) {
    return "lake.`%s`.`%s`".formatted(database, shape.table());
  }
}
