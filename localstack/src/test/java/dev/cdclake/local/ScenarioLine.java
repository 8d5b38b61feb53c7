/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Profile.Ports;
import dev.cdclake.lake.LakeSession;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.apache.spark.sql.SparkSession;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;

/**
 * The line that all scenarios share: servers, one connector for the tables of all of them, and one
 * Spark session. Everything it started is gone after {@link #close}.
 */
final class ScenarioLine implements AutoCloseable {

  static final String ENVIRONMENT = "test";
  static final String PROFILE = "local";
  private static final String PROJECT = "scenarios";

  /** Scenarios wait more than they work; more of them at a time would only wait for each other. */
  private static final int AT_ONCE = 2;

  private final Path state;
  private final Ports ports;
  private final ExecutorService players = Executors.newFixedThreadPool(AT_ONCE);

  /** Held for writing while a scenario kills servers, which all the others need. */
  private final ReadWriteLock servers = new ReentrantReadWriteLock(true);

  private LocalLine line;
  private ScenarioTopics topics;
  private SparkSession spark;

  private ScenarioLine(Path state) {
    this.state = state;
    this.ports = PipelineOnFreePorts.of(state).profile().ports();
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
    Pipeline pipeline = read(file);
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
    Lock lock = scenario.killsServers() ? servers.writeLock() : servers.readLock();
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
    ScenarioPlay play = new ScenarioPlay(line, topics, spark, read(file), file);
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
   * Writes a pipeline file, so that the tables are read by the product's own reader.
   *
   * @param name of the file, and of the project: every scenario has a lake of its own
   */
  private Path write(String name, List<Scenario.Table> tables) {
    List<Object> entries = new ArrayList<>();
    tables.forEach(table -> entries.add(table.settings()));
    Map<String, Object> profile = new LinkedHashMap<>();
    profile.put("state", state.toString());
    profile.put(
        "ports",
        Map.of(
            "postgres", ports.postgres(),
            "kafka", ports.kafka(),
            "controller", ports.controller(),
            "connect", ports.connect()));
    Map<String, Object> file = new LinkedHashMap<>();
    file.put("project", name);
    file.put("source", Map.of("database", PROJECT, "slot", PROJECT, "publication", PROJECT));
    file.put("kafka", Map.of("topic-prefix", PROJECT));
    file.put("tables", entries);
    file.put("gold", Map.of("models", "no-models"));
    file.put("profiles", Map.of(PROFILE, profile));
    try {
      Path written = Files.createDirectories(state.resolve("pipelines")).resolve(name + ".yaml");
      return Files.writeString(
          written, new Dump(DumpSettings.builder().build()).dumpToString(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Pipeline read(Path file) {
    return Pipeline.read(file, ENVIRONMENT, PROFILE);
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
