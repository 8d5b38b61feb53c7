/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.source;

import dev.cdclake.contract.TableName;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/**
 * Looks for intervals at which the connector would stop: PostgreSQL's JDBC driver, with which
 * Debezium reads them, knows neither infinity nor hours of more than 32 bits.
 */
final class UnreadableIntervals {

  private static final int SECONDS_WORTH_WAITING = 20;

  private UnreadableIntervals() {}

  /** Examines a table; of one that is too large to be read, nothing is said. */
  static List<Finding> examine(Connection connection, FoundTable table) {
    List<Finding> findings = new ArrayList<>();
    for (SourceColumn column : table.columns()) {
      boolean interval =
          column.typeName().startsWith("interval") && !column.typeName().endsWith("[]");
      if (interval
          && LargestRow.isWorthReading(connection, table)
          && isFound(connection, table, TableName.quote(column.name()))) {
        findings.add(
            Finding.fail(
                table.name().toString(),
                "Column '%s' (%s) holds an interval that is infinite or has more than 2147483647"
                        .formatted(column.name(), column.typeName())
                    + " hours; the connector stops at it.",
                "Correct such rows, and keep others out: ALTER TABLE %s ADD CHECK (%s BETWEEN"
                        .formatted(table.name().quoted(), TableName.quote(column.name()))
                    + " '-2147483647 hours' AND '2147483647 hours');"));
      }
    }
    return findings;
  }

  private static boolean isFound(Connection connection, FoundTable table, String column) {
    try (Statement statement = connection.createStatement()) {
      statement.setQueryTimeout(SECONDS_WORTH_WAITING);
      try (ResultSet row =
          statement.executeQuery(
              "select exists (select from %2$s where not isfinite(%1$s) or abs(extract(hour from %1$s)) > 2147483647)"
                  .formatted(column, table.name().quoted()))) {
        row.next();
        return row.getBoolean(1);
      }
    } catch (SQLException e) {
      // Too slow, locked, or hidden by a policy: nothing is known.
      return false;
    }
  }
}
