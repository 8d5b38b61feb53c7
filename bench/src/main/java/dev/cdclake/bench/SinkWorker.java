/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import dev.cdclake.connect.ConnectClient;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.lake.LocalFiles;
import dev.cdclake.local.servers.Installation;
import dev.cdclake.runtime.KafkaClients;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.iceberg.Table;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;

/**
 * A Connect worker with Iceberg's own sink, in a process and on a class path of its own.
 *
 * @see <a href="https://iceberg.apache.org/docs/1.11.0/kafka-connect/">Iceberg's sink</a>
 */
final class SinkWorker implements AutoCloseable {

  /** How often the sink commits; our bronze commits as often or less. */
  static final Duration COMMIT_INTERVAL = Duration.ofSeconds(5);

  private static final Duration PATIENCE = Duration.ofMinutes(10);
  private static final Duration SILENCE = Duration.ofMinutes(5);
  private static final Duration LOOK = Duration.ofMillis(100);

  private final Pipeline pipeline;
  private final Path state;
  private final Process process;
  private final ConnectClient client;
  private final Thread killAtExit;

  private SinkWorker(Pipeline pipeline, Path state, Process process, int port) {
    this.pipeline = pipeline;
    this.state = state;
    this.process = process;
    this.client = new ConnectClient("http://localhost:" + port);
    this.killAtExit = new Thread(process::destroyForcibly, "kill-sink");
    Runtime.getRuntime().addShutdownHook(killAtExit);
  }

  /** Starts a worker over the topics and the catalog of a pipeline; returns when it answers. */
  static SinkWorker start(Pipeline pipeline, Path logs, String memory) throws IOException {
    Path state = Files.createDirectories(pipeline.profile().state().resolve("sink"));
    int port = CapturedTables.freePorts().connect();
    Path properties = state.resolve("worker.properties");
    Files.deleteIfExists(state.resolve("offsets"));
    Files.write(
        properties,
        properties(pipeline, state, port).entrySet().stream()
            .map(entry -> entry.getKey() + "=" + entry.getValue())
            .toList());
    Path home = Installation.current().home();
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx" + memory,
            "-XX:+UseParallelGC",
            "-Duser.timezone=UTC",
            "-Dlog4j2.configurationFile="
                + home.resolve("localstack/servers/config/log4j2.properties"),
            "-cp",
            Files.readString(home.resolve("bench/sink/target/sink.classpath")).strip(),
            "org.apache.kafka.connect.cli.ConnectStandalone",
            properties.toString());
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(Files.createDirectories(logs).resolve("sink.log").toFile())
            .start();
    SinkWorker worker = new SinkWorker(pipeline, state, process, port);
    worker.awaitUp(logs);
    return worker;
  }

  private static Map<String, String> properties(Pipeline pipeline, Path state, int port) {
    Map<String, String> properties = new TreeMap<>();
    properties.put("bootstrap.servers", pipeline.kafka().bootstrap());
    properties.put("listeners", "http://localhost:" + port);
    properties.put("offset.storage.file.filename", state.resolve("offsets").toString());
    // A task without new records answers the sink's coordinator only this often.
    properties.put("offset.flush.interval.ms", "1000");
    for (String part : new String[] {"key", "value"}) {
      properties.put(part + ".converter", "org.apache.kafka.connect.json.JsonConverter");
      properties.put(part + ".converter.schemas.enable", "true");
      properties.put(part + ".converter.replace.null.with.default", "false");
    }
    properties.put("consumer.isolation.level", "read_committed");
    properties.put("consumer.auto.offset.reset", "earliest");
    properties.put("consumer.max.poll.records", "5000");
    properties.put("consumer.max.partition.fetch.bytes", Integer.toString(32 << 20));
    properties.put("consumer.fetch.max.bytes", Integer.toString(64 << 20));
    return properties;
  }

  private void awaitUp(Path logs) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!client.isHealthy()) {
      if (!process.isAlive() || System.nanoTime() > deadline) {
        close();
        throw new BenchException(
            "Cannot start the sink's worker: it does not answer. See %s."
                .formatted(logs.resolve("sink.log")));
      }
      CapturedTables.sleep(LOOK);
    }
  }

  /**
   * Carries a topic into a new table, from the moment in which the connector runs until all events
   * are committed.
   *
   * @param database of the new table, which has the source table's name
   */
  Sample carry(
      String database, SourceShape shape, long events, String scenario, int round, boolean cold) {
    createControlTopic(database);
    createDatabase(database);
    client.register(database, connector(database, shape));
    client.waitUntilRunning(database, PATIENCE);
    Stopwatch watch = Stopwatch.start(ProcessUse.of(process.toHandle()));
    Table table = awaitRows(database, shape, events);
    Sample sample =
        watch.sample(
            scenario, BronzeEvents.Kind.SINK.label(), round, cold, events, BronzeRun.files(table));
    client.delete(database);
    return sample;
  }

  private Map<String, String> connector(String database, SourceShape shape) {
    Map<String, String> config = new LinkedHashMap<>();
    config.put("connector.class", "org.apache.iceberg.connect.IcebergSinkConnector");
    config.put("tasks.max", String.valueOf(CapturedTables.PARTITIONS));
    config.put("topics", pipeline.kafka().topicPrefix() + ".public." + shape.table());
    config.put("transforms", "debezium");
    config.put(
        "transforms.debezium.type", "org.apache.iceberg.connect.transforms.DebeziumTransform");
    config.put("iceberg.tables", database + "." + shape.table());
    config.put("iceberg.tables.auto-create-enabled", "true");
    config.put("iceberg.tables.auto-create-props.format-version", "2");
    config.put("iceberg.tables.auto-create-props.write.parquet.compression-codec", "zstd");
    config.put(
        "iceberg.tables.auto-create-props.write.parquet.compression-level",
        BronzeBench.COMPRESSION_LEVEL);
    config.put("iceberg.control.topic", control(database));
    config.put("iceberg.control.commit.interval-ms", String.valueOf(COMMIT_INTERVAL.toMillis()));
    config.put("iceberg.catalog", "lake");
    LakeCatalog.properties(pipeline.profile())
        .forEach((key, value) -> config.put("iceberg.catalog." + key, value));
    config.put("iceberg.catalog.catalog-impl", "org.apache.iceberg.jdbc.JdbcCatalog");
    config.put("iceberg.catalog.io-impl", LocalFiles.class.getName());
    return config;
  }

  private static String control(String database) {
    return "control-" + database;
  }

  private void createControlTopic(String database) {
    try (Admin admin = KafkaClients.admin(pipeline.kafka())) {
      admin.createTopics(List.of(new NewTopic(control(database), 1, (short) 1))).all().get();
    } catch (ExecutionException e) {
      throw new BenchException("Cannot create the sink's control topic: " + e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BenchException("Interrupted.");
    }
  }

  private void createDatabase(String database) {
    try (LakeCatalog catalog = LakeCatalog.open(pipeline.profile())) {
      catalog.createDatabase(database);
    }
  }

  private Table awaitRows(String database, SourceShape shape, long events) {
    long seen = 0;
    long seenAt = System.nanoTime();
    try (LakeCatalog catalog = LakeCatalog.open(pipeline.profile())) {
      while (true) {
        Optional<Table> table = catalog.find(database, shape.table());
        long rows = table.map(LakeCatalog::rows).orElse(0L);
        if (rows >= events) {
          return table.orElseThrow();
        }
        if (rows > seen) {
          seen = rows;
          seenAt = System.nanoTime();
        }
        boolean failed = client.status(database).filter(status -> status.isFailed()).isPresent();
        if (failed || !process.isAlive() || System.nanoTime() - seenAt > SILENCE.toNanos()) {
          throw new BenchException(
              "Cannot measure the sink: it has committed %,d rows (expected %,d). See sink.log."
                  .formatted(rows, events));
        }
        CapturedTables.sleep(LOOK);
      }
    }
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(30, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    try {
      Runtime.getRuntime().removeShutdownHook(killAtExit);
    } catch (IllegalStateException e) {
      // The process is ending: the hook is at work.
    }
    BenchLake.deleteFolder(state);
  }
}
