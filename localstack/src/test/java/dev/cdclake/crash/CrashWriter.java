/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.crash;

import dev.cdclake.local.LocalLine;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The source's tables, and a thread that keeps committing changes of every kind.
 *
 * <p>Each transaction says in its row of {@code commits} how many changes it makes to which table;
 * so the source itself knows how many events there have to be, also of a transaction whose commit
 * was not answered.
 */
final class CrashWriter implements AutoCloseable {

  /** Tables that transactions change, {@code commits} apart. */
  static final List<String> CHANGED = List.of("items", "stock", "journal");

  private static final int SHELVES = 10;
  private static final int RECENT = 40;
  private static final int PAUSE_MILLIS = 120;

  private final LocalLine line;
  private final Random random = new Random(7);
  private final Thread thread = new Thread(this::write, "crash-writer");

  /** Held by the writer during a transaction, and by whoever wants it to pause. */
  private final Semaphore turn = new Semaphore(1, true);

  private final AtomicLong ids = new AtomicLong();
  private final AtomicLong committed = new AtomicLong();
  private volatile boolean closed;

  CrashWriter(LocalLine line) {
    this.line = line;
    thread.setDaemon(true);
  }

  /** Creates the tables; the first rows are found by the connector's snapshot. */
  void createTables() throws SQLException {
    execute(
        """
        create table items (id bigint primary key, amount bigint, note text);
        create table stock (id int primary key, amount bigint not null);
        create table journal (seq bigint, line text);
        create table commits (id bigint primary key, items int, stock int, journal int);
        alter table items alter column note set storage external;
        alter table journal replica identity full;
        insert into stock select n, 0 from generate_series(1, %d) n;
        """
            .formatted(SHELVES));
  }

  /** Returns how many rows of a table the connector's snapshot found. */
  static long firstRows(String table) {
    return table.equals("stock") ? SHELVES : 0;
  }

  void start() {
    thread.start();
  }

  /** Lets the running transaction end and no other begin. */
  void pause() throws InterruptedException {
    turn.acquire();
  }

  void resume() {
    turn.release();
  }

  /** Returns how many transactions the source has confirmed. */
  long committed() {
    return committed.get();
  }

  /** Commits an item that breaks an expectation, so that silver holds it back. */
  void commitEmptyItem() throws SQLException {
    try (Connection connection = line.openSource()) {
      connection.setAutoCommit(false);
      long id = ids.incrementAndGet();
      try (Statement statement = connection.createStatement()) {
        statement.execute("insert into items values (%d, 0, 'held back')".formatted(-id));
      }
      commit(connection, id, Map.of("items", 1));
    }
  }

  private void write() {
    while (!closed) {
      try (Connection connection = line.openSource()) {
        connection.setAutoCommit(false);
        while (!closed) {
          turn.acquire();
          try {
            transaction(connection);
          } finally {
            turn.release();
          }
          TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
        }
      } catch (SQLException | RuntimeException e) {
        // The source is away. Whether the last transaction came through, its row will tell.
        if (!pauseBeforeRetry()) {
          return;
        }
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private static boolean pauseBeforeRetry() {
    try {
      TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private void transaction(Connection connection) throws SQLException {
    long id = ids.incrementAndGet();
    Map<String, Integer> events = new TreeMap<>();
    try (Statement statement = connection.createStatement()) {
      for (Change change : changes(id)) {
        int rows = statement.executeUpdate(change.sql());
        events.merge(change.table(), rows * change.eventsPerRow(), Integer::sum);
      }
    }
    commit(connection, id, events);
  }

  private void commit(Connection connection, long id, Map<String, Integer> events)
      throws SQLException {
    List<String> counts = new ArrayList<>(List.of(String.valueOf(id)));
    CHANGED.forEach(table -> counts.add(String.valueOf(events.getOrDefault(table, 0))));
    try (Statement statement = connection.createStatement()) {
      statement.execute("insert into commits values (%s)".formatted(String.join(", ", counts)));
    }
    connection.commit();
    committed.incrementAndGet();
  }

  /** A statement; an updated key makes two events of a row. */
  private record Change(String table, int eventsPerRow, String sql) {}

  private List<Change> changes(long id) {
    List<Change> changes = new ArrayList<>();
    for (int i = 0; i <= random.nextInt(3); i++) {
      changes.addAll(change(10 * id + i));
    }
    return changes;
  }

  /**
   * Makes up one change. What an item has more, a shelf of the stock has less: at every moment both
   * tables add up to nothing.
   */
  private List<Change> change(long fresh) {
    long old = Math.max(0, fresh - 10L * random.nextInt(RECENT));
    return switch (random.nextInt(6)) {
      case 0, 1 ->
          List.of(
              new Change(
                  "items",
                  1,
                  "insert into items values (%1$d, 7, repeat(md5('%1$d'), %2$d))"
                      .formatted(fresh, random.nextInt(100))),
              takenFromStock("7"));
      case 2 ->
          List.of(
              takenFromStock(
                  "(select count(*) from items where id between %d and %d)"
                      .formatted(old, old + 30)),
              new Change(
                  "items",
                  1,
                  "update items set amount = amount + 1 where id between %d and %d"
                      .formatted(old, old + 30)));
      case 3 ->
          List.of(
              takenFromStock(
                  "-coalesce((select amount from items where id = %s), 0)".formatted(next(old))),
              new Change("items", 1, "delete from items where id = " + next(old)));
      case 4 ->
          List.of(
              new Change(
                  "items",
                  2,
                  "update items set id = %d where id = %s".formatted(fresh, next(old))));
      default -> List.of(journalChange(fresh));
    };
  }

  private Change takenFromStock(String amount) {
    return new Change(
        "stock",
        1,
        "update stock set amount = amount - %s where id = %d"
            .formatted(amount, 1 + random.nextInt(SHELVES)));
  }

  private static String next(long old) {
    return "(select min(id) from items where id > %d)".formatted(old);
  }

  private Change journalChange(long fresh) {
    String recent = " where seq between %d and %d".formatted(fresh - 100, fresh - 50);
    String sql =
        switch (random.nextInt(4)) {
          case 0 -> "update journal set line = line || '.'" + recent;
          case 1 -> "delete from journal" + recent;
          default ->
              "insert into journal select %d, 'line' from generate_series(1, 2)".formatted(fresh);
        };
    return new Change("journal", 1, sql);
  }

  /** Returns how many events a table has to have, by what the committed transactions say. */
  long expectedEvents(String table) throws SQLException {
    String counted = CHANGED.contains(table) ? "coalesce(sum(%s), 0)".formatted(table) : "count(*)";
    return firstRows(table) + number("select %s from commits".formatted(counted));
  }

  /** Returns the position at the end of the source's log. */
  long position() throws SQLException {
    return number("select (pg_current_wal_insert_lsn() - '0/0')::bigint");
  }

  private long number(String query) throws SQLException {
    try (Connection connection = line.openSource();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      row.next();
      return row.getLong(1);
    }
  }

  private void execute(String sql) throws SQLException {
    try (Connection connection = line.openSource();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
  }
}
