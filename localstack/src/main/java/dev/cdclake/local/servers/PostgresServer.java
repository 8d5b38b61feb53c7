/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local.servers;

import dev.cdclake.contract.TableName;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;

/**
 * A PostgreSQL server that lets its changes be captured, reachable from this machine only, where it
 * trusts everybody. Its data outlives it. It keeps every commit that it has confirmed.
 */
public final class PostgresServer implements Server {

  private static final Duration STOP_PATIENCE = Duration.ofSeconds(10);

  private final Installation installation;
  private final Path state;
  private final int port;
  private final String database;
  private EmbeddedPostgres postgres;
  private ProcessHandle process;

  /**
   * Describes the server.
   *
   * @param state folder of the line's data, logs and process-id files
   * @param database is created when it does not exist
   */
  public PostgresServer(Installation installation, Path state, int port, String database) {
    this.installation = installation;
    this.state = state;
    this.port = port;
    this.database = database;
  }

  @Override
  public String name() {
    return "PostgreSQL";
  }

  @Override
  public List<Port> ports() {
    return List.of(new Port(port, "postgres"));
  }

  @Override
  public Path log() {
    return state.resolve("logs/postgres.log");
  }

  @Override
  public Duration patience() {
    return Duration.ofMinutes(1);
  }

  @Override
  public synchronized void start() {
    release();
    try {
      Files.createDirectories(log().getParent());
      forgetReusedProcessId();
      postgres =
          EmbeddedPostgres.builder()
              .setOverrideWorkingDirectory(installation.postgresPrograms().toFile())
              .setDataDirectory(data())
              .setCleanDataDirectory(false)
              .setRegisterShutdownHook(false)
              .setPGStartupWait(patience())
              .setOutputRedirector(ProcessBuilder.Redirect.appendTo(log().toFile()))
              .setPort(port)
              .setLocaleConfig("locale-provider", "builtin")
              .setLocaleConfig("builtin-locale", "C.UTF-8")
              .setLocaleConfig("locale", "C")
              .setServerConfig("wal_level", "logical")
              .setServerConfig("max_wal_senders", "30")
              .setServerConfig("max_replication_slots", "30")
              .setServerConfig("max_connections", "100")
              .setServerConfig("max_slot_wal_keep_size", "20GB")
              .setServerConfig("listen_addresses", "localhost")
              .setServerConfig("unix_socket_directories", "")
              .setServerConfig("fsync", "on")
              .setServerConfig("synchronous_commit", "on")
              .start();
      process = readProcess();
      pidFile().write(process);
      createDatabase();
    } catch (IOException | SQLException | IllegalStateException e) {
      throw new ServerException(
          "Cannot start PostgreSQL: %s. Its last lines in %s:%n  %s"
              .formatted(
                  e.getMessage(),
                  log(),
                  String.join(System.lineSeparator() + "  ", Installation.lastLines(log(), 10))),
          e);
    }
  }

  /**
   * After a restart of the machine another program may have the id of a server long gone, which
   * would keep this one away. In every other case the file stays: PostgreSQL also tells from it
   * whether sessions of a killed server are still at work.
   */
  private void forgetReusedProcessId() throws IOException {
    if (!Files.exists(serverPidFile())) {
      return;
    }
    boolean reused =
        ProcessHandle.of(serverProcessId())
            .flatMap(other -> other.info().command())
            .filter(program -> !program.endsWith("/postgres"))
            .isPresent();
    if (reused) {
      Files.delete(serverPidFile());
    }
  }

  private void createDatabase() throws SQLException {
    try (Connection connection = connect("postgres");
        PreparedStatement query =
            connection.prepareStatement("select from pg_database where datname = ?")) {
      query.setString(1, database);
      try (ResultSet found = query.executeQuery();
          Statement statement = connection.createStatement()) {
        if (!found.next()) {
          statement.execute("create database " + TableName.quote(database));
        }
      }
    }
  }

  private Connection connect(String name) throws SQLException {
    return DriverManager.getConnection(
        "jdbc:postgresql://localhost:%d/%s?sslmode=disable&connectTimeout=2&socketTimeout=10"
            .formatted(port, name),
        "postgres",
        "");
  }

  @Override
  public boolean isHealthy() {
    try (Connection connection = connect("postgres")) {
      return connection.isValid(2);
    } catch (SQLException e) {
      return false;
    }
  }

  @Override
  public synchronized boolean isAlive() {
    return process != null && PidFile.isRunning(process);
  }

  @Override
  public synchronized long processId() {
    if (process == null) {
      throw new IllegalStateException("PostgreSQL was not started");
    }
    return process.pid();
  }

  @Override
  public synchronized void stop() {
    release();
    if (process != null) {
      Orphans.terminate(process, STOP_PATIENCE);
      pidFile().delete();
    }
  }

  /** Stops the server if it runs, and lets go of its folder. */
  private void release() {
    if (postgres != null) {
      try {
        postgres.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      postgres = null;
    }
  }

  private ProcessHandle readProcess() throws IOException {
    return ProcessHandle.of(serverProcessId())
        .orElseThrow(() -> new IllegalStateException("it ended right after its start"));
  }

  private long serverProcessId() throws IOException {
    return Long.parseLong(Files.readAllLines(serverPidFile()).get(0).strip());
  }

  private Path data() {
    return state.resolve("postgres");
  }

  /** The server's own file, which names its process in the first line. */
  private Path serverPidFile() {
    return data().resolve("postmaster.pid");
  }

  private PidFile pidFile() {
    return PidFile.of(state.resolve("run"), "postgres");
  }
}
