/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.local.LocalLine;
import dev.cdclake.local.servers.Installation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * From end to end: changes are committed in PostgreSQL at several rates while the line runs as
 * {@code up} runs it, and it is looked when timed rows among them became visible in each layer.
 */
final class LatencyBench {

  private static final int WARM_UP_SECONDS = 30;
  private static final int WARM_UP_RATE = 200;
  private static final Duration PATIENCE = Duration.ofMinutes(10);

  private final BenchLake lake;
  private final TaskProcess processes;
  private final Sizes sizes;
  private final List<String> tables;
  private final List<Integer> rates;

  private LatencyBench(
      Path folder, TaskProcess processes, Sizes sizes, List<String> tables, List<Integer> rates) {
    Path state = folder.resolve("latency");
    this.lake =
        new BenchLake(
            state,
            state.resolve("warehouse"),
            "bench",
            Stream.concat(tables.stream(), Stream.of("pings"))
                .map(name -> "public." + name)
                .toList(),
            CapturedTables.freePorts());
    this.processes = processes;
    this.sizes = sizes;
    this.tables = tables;
    this.rates = rates;
  }

  /** One table, with the rates that were asked for. */
  static LatencyBench ofOneTable(Path folder, TaskProcess processes, Sizes sizes) {
    return new LatencyBench(
        folder, processes, sizes, List.of(SourceShape.NARROW.table()), sizes.rates());
  }

  /** Many tables, of which each gets a change a second. */
  static LatencyBench ofManyTables(Path folder, TaskProcess processes, Sizes sizes) {
    return new LatencyBench(
        folder,
        processes,
        sizes,
        IntStream.rangeClosed(1, sizes.tables())
            .mapToObj(number -> SourceShape.NARROW.table() + "_" + number)
            .toList(),
        List.of(sizes.tables()));
  }

  List<Delay> run() {
    BenchLake.deleteFolder(lake.state());
    Models.put(lake.state(), Models.ARRIVALS);
    Pipeline pipeline = lake.pipeline();
    List<Delay> delays = new ArrayList<>();
    try (LocalLine line = LocalLine.start(pipeline, processes.progress())) {
      createTables(line);
      line.capture();
      Process jobs = startJobs();
      try (ArrivalWatch arrivals = ArrivalWatch.start(pipeline)) {
        Load load = new Load(line, tables);
        processes.progress().accept("latency, warming up");
        load.run(WARM_UP_RATE, WARM_UP_SECONDS);
        awaitGold(arrivals, load.pings(), jobs);
        for (int rate : rates) {
          delays.addAll(run(rate, load, arrivals, jobs));
        }
      } finally {
        stop(jobs);
      }
      verify();
    } catch (SQLException e) {
      throw new BenchException("Cannot change the source: " + e.getMessage());
    } catch (IOException e) {
      throw new BenchException("Cannot start the lake's jobs: " + e.getMessage());
    }
    BenchLake.deleteFolder(lake.state());
    return delays;
  }

  private void createTables(LocalLine line) throws SQLException {
    try (Connection source = line.openSource();
        Statement statement = source.createStatement()) {
      for (String table : tables) {
        statement.execute(SourceShape.NARROW.createTable(table));
      }
      statement.execute(Load.PINGS);
    }
  }

  /** Starts the jobs as {@code up} does, under a process id that is known here. */
  private Process startJobs() throws IOException {
    List<String> arguments =
        List.of(
            "--pipeline",
            lake.writeFile().toString(),
            "run",
            "all",
            "--trigger",
            "continuous",
            "--json");
    ProcessBuilder builder = new ProcessBuilder(Installation.current().ownCommand(arguments));
    builder.environment().put("JAVA_TOOL_OPTIONS", "-Xmx" + processes.memory());
    Process jobs =
        builder
            .redirectErrorStream(true)
            .redirectOutput(
                Files.createDirectories(processes.logs()).resolve("latency-jobs.log").toFile())
            .start();
    Runtime.getRuntime().addShutdownHook(new Thread(jobs::destroyForcibly, "kill-jobs"));
    return jobs;
  }

  private List<Delay> run(int rate, Load load, ArrivalWatch arrivals, Process jobs)
      throws SQLException {
    processes.progress().accept("latency, %,d changes a second".formatted(rate));
    long first = load.pings() + 1;
    ProcessUse use = ProcessUse.of(jobs.toHandle());
    long begin = System.nanoTime();
    Duration before = use.cpu();
    try (MemoryWatch memory = MemoryWatch.start(lake.state())) {
      double reached = load.run(rate, sizes.seconds());
      double share =
          (double) use.cpu().minus(before).toNanos() / Math.max(1, System.nanoTime() - begin);
      awaitGold(arrivals, load.pings(), jobs);
      List<Delay> delays = new ArrayList<>();
      arrivals
          .delays(first, load.pings())
          .forEach(
              (layer, millis) ->
                  delays.add(
                      new Delay(
                          rate,
                          reached,
                          layer,
                          millis.size(),
                          load.pings() - first + 1 - millis.size(),
                          Spread.percentile(millis, 50),
                          Spread.percentile(millis, 95),
                          Spread.percentile(millis, 99),
                          share,
                          memory.peakMegabytes())));
      return delays;
    }
  }

  /** Waits until gold has all timed rows; if it takes too long, the page says what is missing. */
  private void awaitGold(ArrivalWatch arrivals, long pings, Process jobs) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (arrivals.inGold() < pings && System.nanoTime() < deadline) {
      if (!jobs.isAlive()) {
        throw new BenchException(
            "Cannot measure delays: the lake's jobs ended. See %s."
                .formatted(processes.logs().resolve("latency-jobs.log")));
      }
      CapturedTables.sleep(Duration.ofMillis(500));
    }
  }

  /** Compares source and silver, once everything arrived. */
  private void verify() {
    for (Sample sample : processes.run("latency, verify", new VerifyRun(lake, 1, 1)).samples()) {
      if (!sample.isEqual()) {
        throw new BenchException(
            "Silver differs from the source behind the measured changes: %s (expected %s)."
                .formatted(sample.found(), sample.expected()));
      }
    }
  }

  private static void stop(Process jobs) {
    jobs.destroy();
    try {
      if (!jobs.waitFor(1, TimeUnit.MINUTES)) {
        jobs.destroyForcibly();
      }
    } catch (InterruptedException e) {
      jobs.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
