/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.chaos;

import dev.cdclake.chaos.FuzzOutcome.Kind;
import dev.cdclake.connect.CaptureException;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.TableName;
import dev.cdclake.lake.LakeSession;
import dev.cdclake.local.ExtraConnector;
import dev.cdclake.local.Folders;
import dev.cdclake.local.LocalLine;
import dev.cdclake.local.PipelineFiles;
import dev.cdclake.local.PipelineOnFreePorts;
import dev.cdclake.local.ScenarioTopics;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.spark.sql.SparkSession;

/**
 * The line that all fuzz scripts are played on. It stays up from script to script; scripts are
 * played in rounds, because each round costs a connector of its own.
 */
final class FuzzLine implements AutoCloseable {

  /** Plays wait as much as they work. */
  private static final int AT_ONCE = 2;

  private static final Duration PATIENCE = Duration.ofSeconds(45);

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
    ExtraConnector connector = new ExtraConnector(line, pipeline);
    try (ScenarioTopics topics = new ScenarioTopics(pipeline, PATIENCE)) {
      connector.register();
      connector.awaitRunning(PATIENCE);
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
        outcomes.put(play.getKey(), withReason(connector, play.getValue().get()));
      }
    } catch (SQLException | CaptureException | AssertionError e) {
      for (int i = 0; i < scripts.size(); i++) {
        outcomes.putIfAbsent(
            i, withReason(connector, new FuzzOutcome(Kind.NOT_CAPTURED, e.toString(), Set.of())));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted while scripts were played.", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    } finally {
      // Nothing of a round shall slow down the next.
      connector.close();
      Folders.delete(Path.of(pipeline.profile().warehouse()));
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

  private FuzzOutcome play(ScenarioTopics topics, Pipeline pipeline, FuzzScript script, String name)
      throws SQLException {
    try (FuzzPlay play = new FuzzPlay(line, topics, spark, pipeline, script, name)) {
      return play.play();
    }
  }

  private static FuzzOutcome withReason(ExtraConnector connector, FuzzOutcome outcome) {
    return outcome.kind() != Kind.NOT_CAPTURED
        ? outcome
        : new FuzzOutcome(
            outcome.kind(),
            connector.failure() + System.lineSeparator() + outcome.text(),
            outcome.refused());
  }

  @Override
  public void close() {
    players.shutdownNow();
    spark.stop();
    line.close();
    Folders.delete(state);
  }
}
