/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.chaos;

import static java.util.stream.Collectors.joining;

import dev.cdclake.chaos.FuzzOutcome.Kind;
import dev.cdclake.connect.CaptureException;
import dev.cdclake.connect.ConnectorConfig;
import dev.cdclake.connect.ConnectorStatus;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.TableName;
import dev.cdclake.lake.LakeSession;
import dev.cdclake.local.LocalLine;
import dev.cdclake.local.PipelineFiles;
import dev.cdclake.local.PipelineOnFreePorts;
import dev.cdclake.local.ScenarioTopics;
import dev.cdclake.source.Publication;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;

/**
 * The line that all fuzz scripts are played on. It stays up from script to script; scripts are
 * played in rounds, because each round costs a connector of its own.
 */
final class FuzzLine implements AutoCloseable {

  /** Plays wait as much as they work. */
  private static final int AT_ONCE = 2;

  private static final Duration PATIENCE = Duration.ofSeconds(45);
  private static final int ONE_COPY = 1;

  private final Path state;
  private final PipelineFiles files;
  private final LocalLine line;
  private final SparkSession spark;
  private final ExecutorService players = Executors.newFixedThreadPool(AT_ONCE);
  private int rounds;

  private FuzzLine(Path state) {
    this.state = state;
    Pipeline base = PipelineOnFreePorts.of(state);
    this.files = new PipelineFiles(state, base.profile().ports(), base.source().database());
    this.line = LocalLine.start(base, step -> {});
    if (System.getProperty("spark.master") == null) {
      System.setProperty("spark.master", "local[2]");
      System.setProperty("spark.driver.host", "localhost");
    }
    // Every script has columns of its own: code made for them would be used a few times only.
    System.setProperty("spark.sql.codegen.wholeStage", "false");
    System.setProperty("spark.sql.codegen.factoryMode", "NO_CODEGEN");
    this.spark = LakeSession.open(base, "fuzz");
  }

  /**
   * Starts the servers.
   *
   * @param state an absolute path of a folder that everything is kept in
   */
  static FuzzLine start(Path state) {
    return new FuzzLine(state);
  }

  /** Plays scripts in one round; returns their outcomes in the same order. */
  List<FuzzOutcome> play(List<FuzzScript> scripts) {
    List<FuzzOutcome> outcomes = round(scripts);
    boolean brokenLine = outcomes.stream().anyMatch(outcome -> outcome.kind() == Kind.NOT_CAPTURED);
    if (!brokenLine || scripts.size() == 1) {
      return outcomes;
    }
    // One of them broke the connector for all: halves tell which.
    int middle = scripts.size() / 2;
    List<FuzzOutcome> halves = new ArrayList<>(play(scripts.subList(0, middle)));
    halves.addAll(play(scripts.subList(middle, scripts.size())));
    return halves;
  }

  private List<FuzzOutcome> round(List<FuzzScript> scripts) {
    String round = "f" + ++rounds;
    Map<Integer, FuzzOutcome> outcomes = new TreeMap<>();
    List<Map<String, Object>> all = new ArrayList<>();
    for (int i = 0; i < scripts.size(); i++) {
      try {
        prepare(scripts.get(i), round + "x" + i);
        all.addAll(tables(scripts.get(i), round + "x" + i));
      } catch (SQLException e) {
        outcomes.put(i, new FuzzOutcome(Kind.INVALID, e.getMessage(), Set.of()));
      }
    }
    if (all.isEmpty()) {
      return List.copyOf(outcomes.values());
    }
    Pipeline pipeline = pipeline(round, round, all);
    try (ScenarioTopics topics = new ScenarioTopics(pipeline, PATIENCE)) {
      capture(pipeline);
      topics.awaitCaptured(line);
      Map<Integer, Future<FuzzOutcome>> plays = new TreeMap<>();
      for (int i = 0; i < scripts.size(); i++) {
        if (!outcomes.containsKey(i)) {
          FuzzScript script = scripts.get(i);
          String name = round + "x" + i;
          Pipeline own = pipeline(name, round, tables(script, name));
          plays.put(i, players.submit(() -> play(topics, own, script, name)));
        }
      }
      for (Map.Entry<Integer, Future<FuzzOutcome>> play : plays.entrySet()) {
        outcomes.put(play.getKey(), withReason(pipeline, play.getValue().get()));
      }
    } catch (SQLException | CaptureException | AssertionError e) {
      for (int i = 0; i < scripts.size(); i++) {
        outcomes.putIfAbsent(
            i, withReason(pipeline, new FuzzOutcome(Kind.NOT_CAPTURED, e.toString(), Set.of())));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted while scripts were played.", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    } finally {
      forget(pipeline);
    }
    return List.copyOf(outcomes.values());
  }

  private void prepare(FuzzScript script, String name) throws SQLException {
    try (Connection connection = line.openSource();
        Statement statement = connection.createStatement()) {
      for (FuzzScript.Table table : script.tables()) {
        for (dev.cdclake.chaos.Statement ddl : table.ddl()) {
          statement.execute(script.sql(ddl, name));
        }
      }
      for (dev.cdclake.chaos.Statement insert : script.before()) {
        try {
          statement.execute(script.sql(insert, name));
        } catch (SQLException e) {
          // Refused, as a step may be.
        }
      }
    }
  }

  private static List<Map<String, Object>> tables(FuzzScript script, String name) {
    List<Map<String, Object>> tables = new ArrayList<>();
    for (FuzzScript.Table table : script.tables()) {
      Map<String, Object> entry = new LinkedHashMap<>(table.settings());
      entry.put("name", TableName.DEFAULT_SCHEMA + "." + table.name(name));
      tables.add(entry);
    }
    return tables;
  }

  private Pipeline pipeline(String project, String round, List<Map<String, Object>> tables) {
    return PipelineFiles.read(files.write(files.describe(project, round, tables)));
  }

  private void capture(Pipeline pipeline) throws SQLException {
    try (Connection connection = line.openSource()) {
      Publication.ensure(connection, pipeline);
      int version = connection.getMetaData().getDatabaseMajorVersion();
      line.connect()
          .register(pipeline.connectorName(), ConnectorConfig.render(pipeline, version, ONE_COPY));
    }
    line.connect().waitUntilRunning(pipeline.connectorName(), PATIENCE);
  }

  private FuzzOutcome play(ScenarioTopics topics, Pipeline pipeline, FuzzScript script, String name)
      throws SQLException {
    try (FuzzPlay play = new FuzzPlay(line, topics, spark, pipeline, script, name)) {
      return play.play();
    }
  }

  private FuzzOutcome withReason(Pipeline pipeline, FuzzOutcome outcome) {
    if (outcome.kind() != Kind.NOT_CAPTURED) {
      return outcome;
    }
    String cause =
        line.connect().status(pipeline.connectorName()).map(ConnectorStatus::rootCause).orElse("");
    return new FuzzOutcome(
        outcome.kind(), cause + System.lineSeparator() + outcome.text(), outcome.refused());
  }

  /** Leaves nothing of a round that would slow down the next. */
  private void forget(Pipeline pipeline) {
    line.connect().delete(pipeline.connectorName());
    String slot = "'" + pipeline.source().slot() + "'";
    execute(
        "select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = "
            + slot);
    execute("select pg_sleep(0.2)");
    execute("select pg_drop_replication_slot(" + slot + ")");
    execute("drop publication " + TableName.quote(pipeline.source().publication()));
    execute(
        "drop table "
            + pipeline.tables().stream().map(table -> table.name().quoted()).collect(joining(", "))
            + " cascade");
    deleteTree(Path.of(pipeline.profile().warehouse()));
  }

  private void execute(String sql) {
    try (Connection connection = line.openSource();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      // What cannot be tidied up stays until the line is closed.
      System.err.println(sql + ": " + e.getMessage());
    }
  }

  private static void deleteTree(Path folder) {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    players.shutdownNow();
    spark.stop();
    line.close();
    deleteTree(state);
  }
}
