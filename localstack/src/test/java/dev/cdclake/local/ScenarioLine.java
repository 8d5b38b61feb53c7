/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.lake.LakeSession;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.apache.spark.sql.SparkSession;

/**
 * The line that all scenarios share: servers, one connector for the tables of all of them, and one
 * Spark session. Everything it started is gone after {@link #close}.
 */
final class ScenarioLine implements AutoCloseable {

  private static final String PROJECT = "scenarios";

  /** Scenarios wait more than they work; more of them at a time would only wait for each other. */
  private static final int AT_ONCE = 2;

  private final PipelineFiles files;
  private final ExecutorService players = Executors.newFixedThreadPool(AT_ONCE);

  /** Held for writing while a scenario kills servers, which all the others need. */
  private final ReadWriteLock servers = new ReentrantReadWriteLock(true);

  private LocalLine line;
  private ScenarioTopics topics;
  private SparkSession spark;

  private ScenarioLine(Path state) {
    this.files = new PipelineFiles(state, PipelineOnFreePorts.of(state).profile().ports(), PROJECT);
  }

  /**
   * Starts the servers, creates the tables and fills them, and starts the capture of all of them.
   *
   * @param state an absolute path of a folder that everything is kept in
   */
  static ScenarioLine start(Path state, List<Scenario> scenarios) throws SQLException {
    ScenarioLine started = new ScenarioLine(state);
    try {
      started.startAll(scenarios);
      return started;
    } catch (SQLException | RuntimeException e) {
      started.close();
      throw e;
    }
  }

  private void startAll(List<Scenario> scenarios) throws SQLException {
    Path file = write(PROJECT, scenarios.stream().flatMap(s -> s.tables().stream()).toList());
    Pipeline pipeline = PipelineFiles.read(file);
    line = LocalLine.start(pipeline, step -> {});
    for (Scenario scenario : scenarios) {
      prepare(scenario);
    }
    line.capture();
    topics = new ScenarioTopics(pipeline);
    if (System.getProperty("spark.master") == null) {
      System.setProperty("spark.master", "local[2]");
      System.setProperty("spark.driver.host", "localhost");
    }
    spark = LakeSession.open(pipeline, PROJECT);
    topics.awaitCaptured(line);
  }

  private void prepare(Scenario scenario) throws SQLException {
    try (Connection connection = line.openSource();
        Statement statement = connection.createStatement()) {
      for (Scenario.Table table : scenario.tables()) {
        statement.execute(table.ddl());
      }
      if (!scenario.beforeCapture().isBlank()) {
        statement.execute(scenario.beforeCapture());
      }
    } catch (SQLException e) {
      throw new SQLException(
          "Cannot prepare scenario '%s': %s".formatted(scenario.name(), e.getMessage()), e);
    }
  }

  /**
   * Plays a scenario as soon as its turn comes, on a thread of its own.
   *
   * @return done when the scenario is; its failure says in which step it failed
   */
  Future<?> play(Scenario scenario) {
    Lock lock = scenario.stopsCapture() ? servers.writeLock() : servers.readLock();
    return players.submit(
        () -> {
          lock.lock();
          try {
            playNow(scenario);
          } finally {
            lock.unlock();
          }
        });
  }

  private void playNow(Scenario scenario) {
    Path file = write(scenario.name(), scenario.tables());
    try (ScenarioPlay play =
        new ScenarioPlay(line, topics, spark, PipelineFiles.read(file), file)) {
      playSteps(scenario, play);
    } catch (SQLException e) {
      throw new IllegalStateException("Cannot close a session of " + scenario.name(), e);
    }
  }

  private static void playSteps(Scenario scenario, ScenarioPlay play) {
    for (int i = 0; i < scenario.steps().size(); i++) {
      ScenarioStep step = scenario.steps().get(i);
      try {
        step.play(play);
      } catch (Exception | AssertionError e) {
        throw new AssertionError(
            "%s, step %d (%s): %s"
                .formatted(
                    scenario.name(),
                    i + 1,
                    step.getClass().getSimpleName(),
                    e instanceof AssertionError ? e.getMessage() : e.toString()),
            e);
      }
    }
  }

  /**
   * Writes a pipeline file.
   *
   * @param name of the file, and of the project: every scenario has a lake of its own
   */
  private Path write(String name, List<Scenario.Table> tables) {
    List<Object> entries = new ArrayList<>();
    tables.forEach(table -> entries.add(table.settings()));
    Map<String, Object> file = files.describe(name, PROJECT, entries);
    // So that maintenance expires everything that it may.
    file.put("retention", Map.of("snapshots", "0s"));
    file.put("maintenance", Map.of("snapshots", 10, "longest-query", "0s"));
    return files.write(file);
  }

  @Override
  public void close() {
    players.shutdownNow();
    if (spark != null) {
      spark.stop();
    }
    if (topics != null) {
      topics.close();
    }
    if (line != null) {
      line.close();
    }
  }
}
