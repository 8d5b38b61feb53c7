/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.crash;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.lake.ConsistentSnapshots;
import dev.cdclake.lake.LakeSession;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.local.LocalLine;
import dev.cdclake.local.PipelineFiles;
import dev.cdclake.local.PipelineOnFreePorts;
import dev.cdclake.runtime.FaultPoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.SparkSession;

/**
 * A line as {@code up} runs it: servers under their supervisor, and the lake's jobs in a process of
 * their own, which whoever strikes them starts again. A writer keeps committing.
 */
final class CrashLine implements AutoCloseable {

  private static final String PROJECT = "crash";
  private static final String STRICT = "amount > 0";
  private static final String RELAXED = "amount > -1";
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final Duration LOOK = Duration.ofMillis(200);

  private final Path state;
  private final PipelineFiles files;
  private final Path jobFile;
  private final Path relaxedFile;
  private final Pipeline pipeline;
  private final LocalLine line;
  private final CrashWriter writer;
  private final SparkSession spark;
  private final LakeTables lake;
  private final Thread killAtExit = new Thread(this::killJob, "kill-job");
  private JobProcess job;

  private CrashLine(Path state) throws IOException, SQLException {
    this.state = state;
    this.files = new PipelineFiles(state, PipelineOnFreePorts.of(state).profile().ports(), PROJECT);
    Map<String, Object> description = description();
    Path file = files.write(description);
    this.pipeline = PipelineFiles.read(file);
    this.relaxedFile = file.resolveSibling("relaxed.yaml");
    Files.writeString(relaxedFile, Files.readString(file).replace(STRICT, RELAXED));
    this.jobFile = files.write(withImpatientCatalog(description));
    this.line = LocalLine.start(pipeline, step -> System.out.println(step));
    this.writer = new CrashWriter(line);
    writer.createTables();
    line.capture();
    if (System.getProperty("spark.master") == null) {
      System.setProperty("spark.master", "local[2]");
      System.setProperty("spark.driver.host", "localhost");
      // The tables are small: code made for each comparison would not pay.
      System.setProperty("spark.sql.codegen.wholeStage", "false");
      System.setProperty("spark.sql.codegen.factoryMode", "NO_CODEGEN");
    }
    this.spark = LakeSession.open(pipeline, PROJECT);
    this.lake = new LakeTables(spark);
    Runtime.getRuntime().addShutdownHook(killAtExit);
  }

  /**
   * Starts the line and returns when rows have reached silver.
   *
   * @param state an absolute path of a folder that everything is kept in; empty or absent
   */
  static CrashLine start(Path state) throws Exception {
    CrashLine line = new CrashLine(state);
    try {
      line.writer.start();
      JobProcess.warmUp(state, line.jobFile);
      line.job = JobProcess.start(state, line.jobFile);
      line.awaitPublished(line.writer.position());
      return line;
    } catch (Exception | AssertionError e) {
      line.close();
      throw e;
    }
  }

  private Map<String, Object> description() {
    List<Map<String, Object>> tables = new ArrayList<>();
    for (String table : CrashWriter.CHANGED) {
      tables.add(new LinkedHashMap<>(Map.of("name", table)));
    }
    tables
        .get(CrashWriter.CHANGED.indexOf("items"))
        .put(
            "expect",
            Map.of("amount_positive", Map.of("condition", STRICT, "on-break", "quarantine")));
    tables.add(Map.of("name", "commits"));
    Map<String, Object> description = files.describe(PROJECT, PROJECT, tables);
    description.put(
        "gold",
        Map.of(
            "models",
            Path.of("src/test/resources/crash/gold").toAbsolutePath().toString(),
            "refresh-every",
            "1s"));
    // So that a look of the running line soon finds something to compact and to expire.
    description.put("retention", Map.of("snapshots", "0s"));
    description.put(
        "maintenance", Map.of("small-files", 6, "snapshots", 20, "longest-query", "1m"));
    return description;
  }

  /** The jobs give up soon on a locked catalog: so a lock of some seconds is an outage to them. */
  private Map<String, Object> withImpatientCatalog(Map<String, Object> description) {
    Map<String, Object> profiles = new LinkedHashMap<>();
    ((Map<?, ?>) description.get("profiles"))
        .forEach((name, profile) -> profiles.put(name.toString(), impatient((Map<?, ?>) profile)));
    Map<String, Object> impatient = new LinkedHashMap<>(description);
    impatient.put("profiles", profiles);
    return impatient;
  }

  private Map<String, Object> impatient(Map<?, ?> profile) {
    Map<String, Object> impatient = new LinkedHashMap<>();
    profile.forEach((key, value) -> impatient.put(key.toString(), value));
    impatient.put(
        "properties",
        Map.of(
            "uri",
            "jdbc:sqlite:%s?busy_timeout=1000".formatted(catalogFile()),
            "jdbc.schema-version",
            "V1"));
    return impatient;
  }

  /** Returns the pipeline, with a catalog that waits for its lock. */
  Pipeline pipeline() {
    return pipeline;
  }

  /** Returns a pipeline in which an expectation holds that the running one holds rows back by. */
  Pipeline relaxed() {
    return PipelineFiles.read(relaxedFile);
  }

  /** Returns a pipeline of other tables on the same servers, with a lake of its own. */
  Pipeline other(String name, List<String> tables) {
    return PipelineFiles.read(
        files.write(
            files.describe(
                name, name, tables.stream().map(table -> Map.of("name", table)).toList())));
  }

  LocalLine servers() {
    return line;
  }

  CrashWriter writer() {
    return writer;
  }

  SparkSession spark() {
    return spark;
  }

  LakeTables lake() {
    return lake;
  }

  Path state() {
    return state;
  }

  Path catalogFile() {
    return state.resolve("catalog.db");
  }

  JobProcess job() {
    return job;
  }

  /** Starts the jobs again, as the supervisor of {@code up} does, if their process is dead. */
  void restartJob() throws IOException {
    if (!job.isAlive()) {
      job = JobProcess.start(state, jobFile);
    }
  }

  /** Starts a verb over the relaxed pipeline that has to die at a point. */
  JobProcess dyingVerb(String verb, FaultPoint point) throws IOException {
    return JobProcess.start(state, relaxedFile, List.of(verb), point);
  }

  /** Returns the LSN that silver was last published at; 0 before it was. */
  long published() {
    return ConsistentSnapshots.read(lake, pipeline).map(ConsistentSnapshots::lsn).orElse(0L);
  }

  /** Waits until silver shows, all tables at one moment, everything that lies before an LSN. */
  void awaitPublished(long lsn) throws InterruptedException {
    Instant deadline = Instant.now().plus(PATIENCE);
    while (published() < lsn) {
      if (Instant.now().isAfter(deadline) || !job.isAlive()) {
        throw new AssertionError(
            "Silver stands at %d after %s, its jobs %s (expected at least %d). See %s."
                .formatted(published(), PATIENCE, job.isAlive() ? "run" : "ended", lsn, state));
      }
      TimeUnit.NANOSECONDS.sleep(LOOK.toNanos());
    }
  }

  @Override
  public void close() {
    writer.close();
    killJob();
    Runtime.getRuntime().removeShutdownHook(killAtExit);
    spark.stop();
    line.close();
  }

  private void killJob() {
    if (job != null) {
      job.kill();
    }
  }
}
