/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.source;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** A question to the server's catalogs: SQL and parameters in, one value per row out. */
final class Query {

  private final Connection connection;
  private final String subject;
  private final String sql;
  private final Object[] parameters;

  /** Turns the current row into a value. */
  @FunctionalInterface
  interface RowReader<T> {
    T read(ResultSet row) throws SQLException;
  }

  private Query(Connection connection, String subject, String sql, Object... parameters) {
    this.connection = connection;
    this.subject = subject;
    this.sql = sql;
    this.parameters = parameters;
  }

  /**
   * Prepares a question.
   *
   * @param subject what is read, for the message of a failure
   * @param parameters text, numbers, or arrays of text
   */
  static Query of(Connection connection, String subject, String sql, Object... parameters) {
    return new Query(connection, subject, sql, parameters);
  }

  <T> List<T> rows(RowReader<T> reader) {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < parameters.length; i++) {
        if (parameters[i] instanceof String[] texts) {
          statement.setArray(i + 1, connection.createArrayOf("text", texts));
        } else {
          statement.setObject(i + 1, parameters[i]);
        }
      }
      List<T> rows = new ArrayList<>();
      try (ResultSet result = statement.executeQuery()) {
        while (result.next()) {
          rows.add(reader.read(result));
        }
      }
      return rows;
    } catch (SQLException e) {
      throw new SourceException(
          ("Cannot read %s from the source: %s (expected the catalogs to be readable)."
                  + " See the server's log.")
              .formatted(subject, e.getMessage()),
          e);
    }
  }

  /** Reads a question whose answer is exactly one row. */
  <T> T row(RowReader<T> reader) {
    return rows(reader).get(0);
  }
}
