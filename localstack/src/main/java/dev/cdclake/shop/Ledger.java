/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.shop;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The writes of one transaction, sent in batches.
 *
 * <p>Rows with the same statement travel together; statements go out in the order of their first
 * use. So a parent table must be written before its child tables, which every action does.
 */
final class Ledger {

  private static final int BATCH = 500;

  /** Reads one row of a result. */
  interface RowReader<T> {
    T read(ResultSet row) throws SQLException;
  }

  private final Connection connection;
  private final Map<String, PreparedStatement> batches = new LinkedHashMap<>();
  private RowChanges changes = RowChanges.NONE;
  private int queued;

  Ledger(Connection connection) {
    this.connection = connection;
  }

  /** Runs the work in one transaction, which {@code modified_by} attributes to the actor. */
  RowChanges transaction(String actor, Transactions.Work work) throws SQLException {
    changes = RowChanges.NONE;
    try {
      Transactions.run(
          connection,
          () -> {
            list("select set_config('shop.actor', ?, true)", row -> row.getString(1), actor);
            work.run();
            flush();
          });
      return changes;
    } finally {
      forgetBatches();
    }
  }

  /** Queues one insert, update or delete; it is sent before the transaction commits. */
  void write(String sql, Object... values) throws SQLException {
    PreparedStatement batch = batches.get(sql);
    if (batch == null) {
      batch = connection.prepareStatement(sql);
      batches.put(sql, batch);
    }
    bind(batch, values);
    batch.addBatch();
    queued++;
    if (queued >= BATCH) {
      flush();
    }
  }

  /** Reads rows; writes that are still queued are not seen. */
  <T> List<T> list(String sql, RowReader<T> reader, Object... values) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      bind(statement, values);
      List<T> rows = new ArrayList<>();
      try (ResultSet result = statement.executeQuery()) {
        while (result.next()) {
          rows.add(reader.read(result));
        }
      }
      return rows;
    }
  }

  /** Draws the next values of a sequence, in rising order. */
  List<Long> draw(String sequence, int count) throws SQLException {
    return list(
        "select nextval(?::regclass) from generate_series(1, ?)",
        row -> row.getLong(1),
        sequence,
        count);
  }

  private void flush() throws SQLException {
    for (Map.Entry<String, PreparedStatement> batch : batches.entrySet()) {
      for (int rows : batch.getValue().executeBatch()) {
        // With reWriteBatchedInserts the driver knows only that the row was written.
        changes = changes.plus(batch.getKey(), rows < 0 ? 1 : rows);
      }
    }
    queued = 0;
  }

  private void forgetBatches() throws SQLException {
    for (PreparedStatement batch : batches.values()) {
      batch.close();
    }
    batches.clear();
    queued = 0;
  }

  private void bind(PreparedStatement statement, Object... values) throws SQLException {
    for (int position = 1; position <= values.length; position++) {
      Object value = values[position - 1];
      if (value instanceof List<?> list) {
        statement.setArray(position, connection.createArrayOf("text", list.toArray()));
      } else {
        statement.setObject(position, value);
      }
    }
  }
}
