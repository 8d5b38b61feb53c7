/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import dev.cdclake.bench.BronzeEvents.Kind;
import dev.cdclake.contract.Pipeline;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Bronze: the same topic by our job, by a plain Spark job and by Iceberg's own sink, each into new
 * tables of one catalog.
 */
final class BronzeBench {

  /** That of our own bronze tables, for the others, too. */
  static final String COMPRESSION_LEVEL = "1";

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
        samples.addAll(limits(shape, round, expected.fact(shape.table())));
      }
    }
    return samples;
  }

  private List<Sample> run(SourceShape shape, int round, Kind kind, String expected) {
    String name = "bronze, %s, round %d, %s".formatted(shape.table(), round, kind.label());
    BenchLake lake = captured.lake(shape, project(kind, shape, round));
    if (kind == Kind.SINK) {
      return sink(name, shape, round, lake, expected);
    }
    BronzeRun task = new BronzeRun(lake, kind, shape, round, captured.events(shape), expected);
    return processes.run(name, task).samples();
  }

  private static String project(Kind kind, SourceShape shape, int round) {
    return "%s_%s_%d".formatted(kind.name().toLowerCase(Locale.ROOT), shape.table(), round);
  }

  /** Returns the database that a pass of a contender writes into. */
  static String database(String project, int pass) {
    return "%s_pass_%d".formatted(project, pass);
  }

  private List<Sample> limits(SourceShape shape, int round, String expected) {
    BenchLake lake = captured.lake(shape, "limit_%s_%d".formatted(shape.table(), round));
    Pipeline ours = lake.named(database(project(Kind.OURS, shape, round), 1)).pipeline();
    return processes
        .run(
            "bronze, %s, round %d, limits".formatted(shape.table(), round),
            new BronzeLimits(
                lake,
                ours.bronze(ours.tables().get(0)).quoted(),
                shape,
                round,
                captured.events(shape),
                expected))
        .samples();
  }

  private List<Sample> sink(
      String name, SourceShape shape, int round, BenchLake lake, String expected) {
    processes.progress().accept(name);
    long events = captured.events(shape);
    List<Sample> samples = new ArrayList<>();
    List<String> tables = new ArrayList<>();
    try (SinkWorker worker =
        SinkWorker.start(lake.pipeline(), processes.logs(), processes.memory())) {
      for (Passes passes = new Passes(); passes.goOn(); passes.next()) {
        String database = database(lake.project(), passes.number());
        Sample sample =
            worker.carry(database, shape, events, scenario(shape, events), round, passes.isFirst());
        passes.worked(sample);
        samples.add(sample);
        tables.add(table(database, shape));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
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
