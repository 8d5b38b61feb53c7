/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Profile.Ports;
import dev.cdclake.local.LocalLine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * The topics that stages are measured with: a real PostgreSQL was changed, a real Debezium captured
 * it. Of a thousand changes 600 insert, 350 update and 50 delete, in one transaction.
 */
final class CapturedTables implements AutoCloseable {

  /** Partitions of a topic: Connect's tasks share them, Spark also divides one among its tasks. */
  static final int PARTITIONS = 2;

  private static final int INSERTS = 600;
  private static final int UPDATES = 350;
  private static final int DELETES = 50;
  private static final Duration PATIENCE = Duration.ofMinutes(30);

  private final BenchLake lake;
  private final LocalLine line;
  private final Map<SourceShape, Long> events = new EnumMap<>(SourceShape.class);

  private CapturedTables(BenchLake lake, LocalLine line) {
    this.lake = lake;
    this.line = line;
  }

  /** Starts servers in an empty folder, changes the tables, and returns when all is captured. */
  static CapturedTables capture(Path state, long wanted, Consumer<String> progress) {
    BenchLake.deleteFolder(state);
    List<String> names =
        Arrays.stream(SourceShape.values()).map(shape -> "public." + shape.table()).toList();
    BenchLake lake = new BenchLake(state, state.resolve("warehouse"), "bench", names, freePorts());
    CapturedTables tables =
        new CapturedTables(lake, LocalLine.start(lake.pipeline(), step -> progress.accept(step)));
    try {
      tables.change(wanted, progress);
      return tables;
    } catch (SQLException | RuntimeException e) {
      tables.close();
      throw e instanceof RuntimeException failure
          ? failure
          : new BenchException("Cannot change the source: " + e.getMessage());
    }
  }

  /** Returns ports that nobody uses: all are held before the first is let go. */
  static Ports freePorts() {
    List<ServerSocket> sockets = new ArrayList<>();
    try {
      for (int i = 0; i < 4; i++) {
        sockets.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
      }
      List<Integer> ports = sockets.stream().map(ServerSocket::getLocalPort).toList();
      for (ServerSocket socket : sockets) {
        socket.close();
      }
      return new Ports(ports.get(0), ports.get(1), ports.get(2), ports.get(3));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void change(long wanted, Consumer<String> progress) throws SQLException {
    try (Connection source = line.openSource();
        Statement statement = source.createStatement()) {
      for (SourceShape shape : SourceShape.values()) {
        statement.execute(shape.createTable());
      }
      line.capture();
      source.setAutoCommit(false);
      for (SourceShape shape : SourceShape.values()) {
        long made = 0;
        long enough = shape.events(wanted);
        for (long round = 0; made < enough; round++) {
          made += change(statement, shape, round);
          source.commit();
          if (round % 100 == 99) {
            progress.accept("  %s: %,d of %,d changes".formatted(shape.table(), made, enough));
          }
        }
        events.put(shape, made);
      }
      awaitCaptured(position(statement), progress);
    }
  }

  private static long change(Statement statement, SourceShape shape, long round)
      throws SQLException {
    long last = (round + 1) * INSERTS;
    long made = statement.executeUpdate(shape.insert(last - INSERTS + 1, last, round));
    made += statement.executeUpdate(shape.update(some(UPDATES, 7919, round, last), round));
    return made + statement.executeUpdate(shape.delete(some(DELETES, 15_485_863, round, last)));
  }

  /** Selects about so many of the rows so far, scattered, always the same. */
  private static String some(int count, long step, long round, long last) {
    return "id in (select 1 + (k::bigint * %d + %d) %% %d from generate_series(1, %d) k)"
        .formatted(step, round * 104_729, last, count);
  }

  private static long position(Statement statement) throws SQLException {
    try (ResultSet lsn =
        statement.executeQuery("select (pg_current_wal_lsn() - '0/0'::pg_lsn)::bigint")) {
      lsn.next();
      return lsn.getLong(1);
    }
  }

  private void awaitCaptured(long lsn, Consumer<String> progress) {
    String connector = lake.pipeline().connectorName();
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    long told = 0;
    for (long at = 0; at < lsn; ) {
      at = line.connect().capturedLsn(connector).orElse(0L);
      if (System.nanoTime() > deadline) {
        throw new BenchException(
            "Cannot prepare topics: captured up to %d (expected %d). See %s."
                .formatted(at, lsn, lake.state().resolve("logs")));
      }
      if (System.nanoTime() - told > TimeUnit.SECONDS.toNanos(10)) {
        progress.accept("  captured %,d of %,d bytes of the source's log".formatted(at, lsn));
        told = System.nanoTime();
      }
      sleep(Duration.ofMillis(500));
    }
  }

  static void sleep(Duration time) {
    try {
      TimeUnit.NANOSECONDS.sleep(time.toNanos());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BenchException("Interrupted.");
    }
  }

  /** Returns the lake on these servers whose tables are all captured. */
  BenchLake lake() {
    return lake;
  }

  /** Returns a lake of one of the tables, under a name of its own. */
  BenchLake lake(SourceShape shape, String project) {
    return new BenchLake(
        lake.state(), lake.warehouse(), project, List.of("public." + shape.table()), lake.ports());
  }

  /** Returns how many change events the topic of a table has. */
  long events(SourceShape shape) {
    return events.get(shape);
  }

  /** Returns where Kafka answers. */
  Pipeline pipeline() {
    return lake.pipeline();
  }

  @Override
  public void close() {
    line.close();
  }
}
