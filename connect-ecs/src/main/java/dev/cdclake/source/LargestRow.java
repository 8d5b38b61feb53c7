/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.source;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.OptionalLong;

/**
 * Compares a table's largest row with the largest message that the line lets through Kafka.
 *
 * <p>Small tables are read; the others are judged by the server's statistics. Either way it is an
 * estimate: an event also holds field names, and with replica identity FULL the row twice.
 */
final class LargestRow {

  private static final long ROWS_WORTH_READING = 1_000_000;
  private static final long BYTES_WORTH_READING = 256L << 20;
  private static final int SECONDS_WORTH_WAITING = 20;

  /** How much larger than the average we take the largest row to be. */
  private static final int LARGEST_OVER_AVERAGE = 16;

  private static final String SIZE = "select pg_total_relation_size(?::regclass)";

  private static final String AVERAGE =
      """
      select coalesce(sum(width), 0) from (
        select distinct on (attname) avg_width as width from pg_stats
         where schemaname = ? and tablename = ? order by attname, inherited desc) as columns
      """;

  private LargestRow() {}

  static Finding examine(Connection connection, FoundTable table, int limit) {
    int rowsInEvent = table.replicaIdentity() == ReplicaIdentity.FULL ? 2 : 1;
    OptionalLong measured =
        isWorthReading(connection, table) ? measure(connection, table) : OptionalLong.empty();
    long average =
        Query.of(connection, "the statistics", AVERAGE, table.name().schema(), table.name().table())
            .row(row -> row.getLong(1));
    String subject = table.name().toString();
    if (measured.isEmpty() && average == 0) {
      return Finding.ok(
          subject, "The size of its rows is unknown: the server has no statistics yet (ANALYZE).");
    }
    long estimate = rowsInEvent * measured.orElse(average * LARGEST_OVER_AVERAGE);
    String found =
        measured.isPresent()
            ? "Its largest event is about %s".formatted(size(estimate))
            : "Its average row is %s by the server's statistics, its largest event perhaps %s"
                .formatted(size(average), size(estimate));
    found += " (an estimate; the limit is %s).".formatted(size(limit));
    String remedy =
        "Raise kafka.max-message in the pipeline file, or keep such values out of the table.";
    if (estimate > limit && measured.isPresent()) {
      return Finding.fail(
          subject, found, remedy + " The connector stops at a row that is too large.");
    }
    return estimate > limit / 2 ? Finding.warn(subject, found, remedy) : Finding.ok(subject, found);
  }

  static boolean isWorthReading(Connection connection, FoundTable table) {
    if (table.estimatedRows() >= 0) {
      return table.estimatedRows() < ROWS_WORTH_READING;
    }
    // Without statistics the files tell how much there is; a partitioned root has none of its own.
    return !table.isPartitioned()
        && Query.of(connection, "the size of a table", SIZE, table.name().quoted())
                .row(row -> row.getLong(1))
            < BYTES_WORTH_READING;
  }

  /** Measures rows as text, which is how they travel; stored rows are compressed. */
  private static OptionalLong measure(Connection connection, FoundTable table) {
    try (Statement statement = connection.createStatement()) {
      statement.setQueryTimeout(SECONDS_WORTH_WAITING);
      try (ResultSet row =
          statement.executeQuery(
              "select max(octet_length((cdclake_row.*)::text)) from %s as cdclake_row"
                  .formatted(table.name().quoted()))) {
        row.next();
        return OptionalLong.of(row.getLong(1));
      }
    } catch (SQLException e) {
      // Too slow, locked, or hidden by a policy: the statistics have to do.
      return OptionalLong.empty();
    }
  }

  private static String size(long bytes) {
    if (bytes >= 1L << 20) {
      return "%d MiB".formatted(bytes >> 20);
    }
    return bytes >= 1L << 10 ? "%d KiB".formatted(bytes >> 10) : "%d bytes".formatted(bytes);
  }
}
