/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.source;

import dev.cdclake.contract.TableName;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * The table in the source that asks the connector for snapshots. A row of it travels through the
 * log like any change, so the connector meets it at its place among them; see <a
 * href="https://debezium.io/documentation/reference/stable/configuration/signalling.html">Debezium's
 * signalling</a>.
 *
 * <p>It also remembers the tables whose first rows were asked for (the request and the memory of it
 * are one row), and those that are being read anew.
 */
public final class SnapshotSignals {

  /** The table; in a schema of its own, so that it meets nobody else's. */
  public static final TableName TABLE = new TableName("cdclake", "signals");

  private static final String FIRST = "first snapshot of ";

  private static final String UNFINISHED = "unfinished snapshot of ";

  private SnapshotSignals() {}

  /**
   * Makes sure that the table exists and is published.
   *
   * @param publication must exist
   * @throws SourceException with the SQL to run, if the role may not
   */
  public static void ensure(Connection connection, String publication) {
    boolean exists = exists(connection);
    boolean published =
        Publication.State.read(connection, publication)
            .map(state -> state.covers(TABLE))
            .orElse(false);
    List<String> statements = new ArrayList<>();
    if (!exists) {
      statements.add("create schema if not exists " + TableName.quote(TABLE.schema()));
      // The form is Debezium's.
      statements.add(
          "create table %s (id text primary key, type text not null, data text)"
              .formatted(TABLE.quoted()));
    }
    if (!published) {
      statements.add(
          "alter publication %s add table %s"
              .formatted(TableName.quote(publication), TABLE.quoted()));
    }
    try (Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    } catch (SQLException e) {
      throw new SourceException(
          ("Cannot prepare snapshots on command: %s (expected to create table %s). Let the owner of"
                  + " the publication run: %s; and: grant insert, delete, select on %s to the role.")
              .formatted(e.getMessage(), TABLE, String.join("; ", statements), TABLE.quoted()),
          e);
    }
  }

  /** Returns the tables whose first snapshot nobody asked for yet. */
  public static List<TableName> unknown(Connection connection, Collection<TableName> tables) {
    List<String> known =
        Query.of(connection, "the signals", "select id from " + TABLE.quoted())
            .rows(row -> row.getString(1));
    return tables.stream().filter(table -> !known.contains(FIRST + table)).toList();
  }

  /** Remembers tables that the connector's initial snapshot reads. */
  public static void remember(Connection connection, Collection<TableName> tables) {
    for (TableName table : tables) {
      insert(connection, FIRST + table, "remember", null);
    }
  }

  /** Asks for the rows that a table has had before it was captured; once, however often called. */
  public static void requestFirst(Connection connection, TableName table) {
    insert(connection, FIRST + table, "execute-snapshot", data(List.of(table)));
  }

  /**
   * Asks for all rows of tables.
   *
   * @return the id that notifications of the snapshot bear
   */
  public static String request(Connection connection, Collection<TableName> tables) {
    String id = "resnapshot " + UUID.randomUUID();
    insert(connection, id, "execute-snapshot", data(tables));
    return id;
  }

  /** Remembers that tables are being read anew, until {@link #finish}. */
  public static void begin(Connection connection, Collection<TableName> tables) {
    for (TableName table : exists(connection) ? tables : List.<TableName>of()) {
      insert(connection, UNFINISHED + table, "remember", null);
    }
  }

  /** Notes that a table was read anew, and its rows that are gone were ended. */
  public static void finish(Connection connection, TableName table) {
    if (exists(connection)) {
      Query.of(
              connection,
              "the signal of a snapshot to delete it",
              "delete from " + TABLE.quoted() + " where id = ? returning id",
              UNFINISHED + table)
          .rows(row -> row.getString(1));
    }
  }

  /** Returns the tables that began to be read anew and did not finish, by their names. */
  public static List<String> unfinished(Connection connection) {
    if (!exists(connection)) {
      return List.of();
    }
    return Query.of(
            connection,
            "the signals",
            "select substr(id, length(?) + 1) from %s where starts_with(id, ?) order by id"
                .formatted(TABLE.quoted()),
            UNFINISHED,
            UNFINISHED)
        .rows(row -> row.getString(1));
  }

  private static boolean exists(Connection connection) {
    return Query.of(connection, "the signalling table", "select to_regclass(?) is not null", name())
        .row(row -> row.getBoolean(1));
  }

  private static void insert(Connection connection, String id, String type, String data) {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "insert into " + TABLE.quoted() + " values (?, ?, ?) on conflict do nothing")) {
      statement.setString(1, id);
      statement.setString(2, type);
      statement.setString(3, data);
      statement.execute();
    } catch (SQLException e) {
      throw new SourceException(
          "Cannot ask for a snapshot: %s (expected to write into table %s). Grant it to the role."
              .formatted(e.getMessage(), TABLE),
          e);
    }
  }

  /** Debezium takes names for regular expressions, and as they are where none matches. */
  private static String data(Collection<TableName> tables) {
    return "{\"type\":\"incremental\",\"data-collections\":[%s]}"
        .formatted(
            tables.stream()
                .map(table -> "\"" + table.schema() + "." + table.table() + "\"")
                .collect(Collectors.joining(",")));
  }

  private static String name() {
    return TABLE.quoted();
  }
}
