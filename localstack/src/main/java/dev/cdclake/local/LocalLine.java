/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import dev.cdclake.connect.Capture;
import dev.cdclake.connect.ConnectClient;
import dev.cdclake.connect.WorkerProperties;
import dev.cdclake.contract.KeyedMask;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Profile.Ports;
import dev.cdclake.contract.Secret;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.local.servers.ConnectServer;
import dev.cdclake.local.servers.Installation;
import dev.cdclake.local.servers.KafkaServer;
import dev.cdclake.local.servers.LakeProcess;
import dev.cdclake.local.servers.Orphans;
import dev.cdclake.local.servers.PidFile;
import dev.cdclake.local.servers.PostgresServer;
import dev.cdclake.local.servers.Server;
import dev.cdclake.local.servers.ServerException;
import dev.cdclake.local.servers.Supervisor;
import dev.cdclake.local.servers.TakenPorts;
import dev.cdclake.source.SourceDatabase;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The line on this machine: the servers that a pipeline leaves to us, running and supervised until
 * {@link #close}, and the connector that captures its tables. One process runs one line a state
 * folder.
 */
public final class LocalLine implements AutoCloseable {

  /** The servers of a line, in the order the data flows. */
  public enum Part {
    POSTGRES,
    KAFKA,
    CONNECT,
    LAKE;

    /** Returns the servers that a pipeline leaves to the local line. */
    public static Set<Part> embeddedIn(Pipeline pipeline) {
      Set<Part> parts = EnumSet.noneOf(Part.class);
      if (pipeline.source().embedded()) {
        parts.add(POSTGRES);
      }
      if (pipeline.kafka().embedded()) {
        parts.add(KAFKA);
      }
      if (pipeline.kafka().connectEmbedded()) {
        parts.add(CONNECT);
      }
      return parts;
    }
  }

  private final Pipeline pipeline;
  private final Consumer<String> progress;
  private final Supervisor supervisor;
  private final Map<Part, Server> servers = new EnumMap<>(Part.class);
  private final ConnectClient connect;
  private final Capture capture;
  private final ConnectorWatch connectorWatch;
  private final Thread closeAtExit = new Thread(this::stopEverything, "close-line");

  private LocalLine(Pipeline pipeline, Consumer<String> progress) {
    this.pipeline = pipeline;
    this.progress = progress;
    this.supervisor = new Supervisor(progress);
    this.connect = new ConnectClient(pipeline.kafka().connectUrl());
    this.capture = new Capture(pipeline, connect, progress);
    this.connectorWatch = new ConnectorWatch(connect, pipeline.connectorName(), capture, progress);
  }

  /** Starts the servers that the pipeline leaves to us. */
  public static LocalLine start(Pipeline pipeline, Consumer<String> progress) {
    return start(pipeline, progress, Part.embeddedIn(pipeline));
  }

  /**
   * Starts servers and returns when all of them are healthy. What an earlier run left behind is
   * stopped first.
   *
   * @param progress is told every step, from several threads
   * @throws ServerException naming every taken port, or the server that did not start
   */
  public static LocalLine start(Pipeline pipeline, Consumer<String> progress, Set<Part> what) {
    LocalLine line = new LocalLine(pipeline, progress);
    line.describeServers(what);
    line.takeOver();
    try {
      line.startServers();
      return line;
    } catch (RuntimeException e) {
      line.close();
      throw e;
    }
  }

  private void describeServers(Set<Part> what) {
    Installation installation = Installation.current();
    Path state = pipeline.profile().state();
    Ports ports = pipeline.profile().ports();
    if (what.contains(Part.POSTGRES)) {
      servers.put(
          Part.POSTGRES,
          new PostgresServer(installation, state, ports.postgres(), pipeline.source().database()));
    }
    if (what.contains(Part.KAFKA)) {
      servers.put(
          Part.KAFKA,
          new KafkaServer(
              installation,
              state,
              ports.kafka(),
              ports.controller(),
              pipeline.kafka().maxMessageBytes(),
              memory("CDCLAKE_KAFKA_MEMORY", "512m")));
    }
    if (what.contains(Part.CONNECT)) {
      servers.put(
          Part.CONNECT,
          new ConnectServer(
              installation,
              state,
              ports.connect(),
              workerProperties(),
              connectEnvironment(),
              memory("CDCLAKE_CONNECT_MEMORY", "768m")));
    }
  }

  /**
   * A worker that is killed leaves a transaction open, and the next one reads offsets only up to
   * there: with Kafka's minute it would start more than a minute later.
   */
  private Map<String, String> workerProperties() {
    Map<String, String> properties =
        new HashMap<>(
            WorkerProperties.render(
                pipeline,
                "localhost",
                pipeline.profile().ports().connect(),
                Capture.copies(pipeline)));
    properties.put("producer.transaction.timeout.ms", "10000");
    return properties;
  }

  /**
   * The connector refers to the password even where the server asks for none; what is masked needs
   * its salt.
   */
  private Map<String, String> connectEnvironment() {
    Map<String, String> environment = new HashMap<>();
    Secret password = pipeline.source().password();
    environment.put(password.variable(), password.in(System.getenv()).orElse(""));
    for (SourceTable table : pipeline.tables()) {
      for (KeyedMask mask : KeyedMask.of(table.masks(), "table " + table.name(), System.getenv())) {
        if (!mask.salt().isEmpty()) {
          environment.put(mask.mask().salt().variable(), mask.salt());
        }
      }
    }
    return environment;
  }

  private static String memory(String variable, String otherwise) {
    return System.getenv().getOrDefault(variable, otherwise);
  }

  /** Makes sure that no other process runs this line, and nothing stands in its way. */
  private void takeOver() {
    PidFile running = pidFile();
    running
        .process()
        .filter(process -> process.pid() != ProcessHandle.current().pid())
        .ifPresent(
            process -> {
              throw new ServerException(
                  "Cannot start the line: process %d runs it already (expected none). Stop it with './cdclake down'."
                      .formatted(process.pid()));
            });
    running.delete();
    Orphans.stop(runFolder(pipeline), progress);
    TakenPorts.refuse(List.copyOf(servers.values()), pipeline.profile().name());
    running.write(ProcessHandle.current());
    Runtime.getRuntime().addShutdownHook(closeAtExit);
  }

  private void startServers() {
    supervisor.start(
        servers.entrySet().stream()
            .filter(server -> server.getKey() != Part.CONNECT)
            .map(Map.Entry::getValue)
            .toList());
    if (servers.containsKey(Part.CONNECT)) {
      supervisor.start(List.of(servers.get(Part.CONNECT)));
    }
  }

  /**
   * Publishes the tables and makes the connector capture them; returns when it runs. From then on
   * it is started again whenever it fails, and stopped when it would leave a gap.
   */
  public void capture() {
    capture.start().ifPresent(gap -> progress.accept(gap.message()));
    connectorWatch.start();
  }

  /**
   * Runs the lake's jobs in a process of their own; returns after their first report.
   *
   * @param arguments of our own command line
   * @param reports is given every line of JSON that the jobs print
   */
  public void runLake(List<String> arguments, Consumer<String> reports) {
    Server lake =
        new LakeProcess(
            Installation.current(),
            pipeline.profile().state(),
            arguments,
            memory("CDCLAKE_SPARK_MEMORY", "2g"),
            reports);
    servers.put(Part.LAKE, lake);
    supervisor.start(List.of(lake));
  }

  /** Returns a new connection to the source. */
  public Connection openSource() {
    return SourceDatabase.open(pipeline.source(), System.getenv());
  }

  /** Returns a client of the Connect worker. */
  public ConnectClient connect() {
    return connect;
  }

  /** Kills a server's process as a crash would; it is started again on its own. */
  public void kill(Part part) {
    ProcessHandle process = ProcessHandle.of(server(part).processId()).orElseThrow();
    process.destroyForcibly();
    // Its first thread ends before the others: only then are its ports closed.
    process.onExit().join();
  }

  /** Waits until a server, for example a killed one, answers. */
  public void awaitUp(Part part) {
    supervisor.awaitHealthy(server(part), server(part).patience());
  }

  private Server server(Part part) {
    Server server = servers.get(part);
    if (server == null) {
      throw new IllegalArgumentException("This line runs no " + part);
    }
    return server;
  }

  /** Stops everything in reverse order. Does nothing the second time. */
  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(closeAtExit);
    } catch (IllegalStateException e) {
      // The process is ending: the hook is at work, and closing again does no harm.
    }
    stopEverything();
  }

  private void stopEverything() {
    connectorWatch.close();
    supervisor.close();
    if (pidFile().process().filter(ProcessHandle.current()::equals).isPresent()) {
      pidFile().delete();
    }
  }

  private PidFile pidFile() {
    return pidFile(pipeline);
  }

  /** Returns the file that names the process which runs a pipeline's line. */
  static PidFile pidFile(Pipeline pipeline) {
    return PidFile.of(runFolder(pipeline), "line");
  }

  /** Returns the folder of the process-id files. */
  static Path runFolder(Pipeline pipeline) {
    return pipeline.profile().state().resolve("run");
  }
}
