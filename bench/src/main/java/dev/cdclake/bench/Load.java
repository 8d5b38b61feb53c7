/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import dev.cdclake.local.LocalLine;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Commits changes at a steady rate: every tenth of a second one transaction of inserts and updates,
 * and, between two of them, one of a single row whose way through the layers is timed. Of many
 * tables a transaction changes those whose turn it is, as many as it has changes.
 */
final class Load {

  /** Inserts into the table of timed rows. */
  static final String PINGS = "create table pings (id bigint primary key, rate int not null)";

  private static final int TICKS_PER_SECOND = 10;

  private final LocalLine line;
  private final List<String> tables;
  private final long[] orders;
  private long turns;
  private long pings;

  /**
   * Begins with empty tables.
   *
   * @param tables of the narrow shape
   */
  Load(LocalLine line, List<String> tables) {
    this.line = line;
    this.tables = List.copyOf(tables);
    this.orders = new long[tables.size()];
  }

  /** Returns how many timed rows were committed so far; their ids begin with 1. */
  long pings() {
    return pings;
  }

  /**
   * Keeps a rate up for some time.
   *
   * @return changes a second that were committed
   */
  double run(int rate, long seconds) throws SQLException {
    try (Connection source = line.openSource();
        Statement statement = source.createStatement()) {
      source.setAutoCommit(true);
      long begin = System.nanoTime();
      long made = 0;
      int perTick = rate / TICKS_PER_SECOND - 1;
      for (int tick = 0; tick < seconds * TICKS_PER_SECOND; tick++) {
        made += change(source, statement, perTick);
        pings++;
        made += statement.executeUpdate("insert into pings values (%d, %d)".formatted(pings, rate));
        pauseUntil(begin + (tick + 1) * TimeUnit.SECONDS.toNanos(1) / TICKS_PER_SECOND);
      }
      return made / ((System.nanoTime() - begin) / 1e9);
    }
  }

  /** Changes the tables whose turn it is, in one transaction. */
  private long change(Connection source, Statement statement, int changes) throws SQLException {
    source.setAutoCommit(false);
    long made = 0;
    int turn = Math.min(changes, tables.size());
    for (int i = 0; i < turn; i++) {
      int share = changes / turn + (i < changes % turn ? 1 : 0);
      made += change(statement, (int) (turns++ % tables.size()), share);
    }
    source.commit();
    source.setAutoCommit(true);
    return made;
  }

  /** Inserts half of the changes, and updates earlier rows with the other half. */
  private long change(Statement statement, int table, int changes) throws SQLException {
    String name = tables.get(table);
    long known = orders[table];
    int inserts = known == 0 ? changes : (changes + (int) (turns / tables.size() % 2)) / 2;
    long made = 0;
    if (inserts > 0) {
      made +=
          statement.executeUpdate(
              SourceShape.NARROW.insert(name, known + 1, known + inserts, pings));
      orders[table] += inserts;
    }
    int updates = changes - inserts;
    if (updates > 0) {
      long step = Math.max(1, orders[table] / updates);
      made +=
          statement.executeUpdate(
              SourceShape.NARROW.update(
                  name,
                  "id in (select 1 + (k * %d + %d) %% %d from generate_series(1::bigint, %d) k)"
                      .formatted(step, pings, orders[table], updates),
                  pings));
    }
    return made;
  }

  private static void pauseUntil(long moment) {
    long left = moment - System.nanoTime();
    if (left > 0) {
      CapturedTables.sleep(java.time.Duration.ofNanos(left));
    }
  }
}
