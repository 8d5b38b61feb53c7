/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.verify;

import dev.cdclake.contract.KeyedMask;
import dev.cdclake.lake.JoinedText;
import dev.cdclake.verify.SourceSnapshot.Access;
import dev.cdclake.verify.SourceSnapshot.Moment;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.util.TaskCompletionListener;

/**
 * Reads ranges of one table in the snapshot and spells their rows.
 *
 * @param masks by position: what the connector does to a column's values
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record SourceReader(
    Access access,
    Moment moment,
    String query,
    List<DataType> types,
    List<Spelling> spellings,
    Map<Integer, KeyedMask> masks,
    int[] key)
    implements FlatMapFunction<String, Row> {

  @Override
  public Iterator<Row> call(String range) throws SQLException {
    Connection connection = access.open();
    TaskCompletionListener close = task -> close(connection);
    TaskContext.get().addTaskCompletionListener(close);
    Statement statement = connection.createStatement();
    moment.join(statement);
    statement.setFetchSize(5000);
    ResultSet row = statement.executeQuery(query + range);
    return new Iterator<>() {
      private boolean there = row.next();

      @Override
      public boolean hasNext() {
        return there;
      }

      @Override
      public Row next() {
        try {
          Row spelt = spell(row);
          there = row.next();
          return spelt;
        } catch (SQLException e) {
          throw new IllegalStateException("The source stopped answering.", e);
        }
      }
    };
  }

  private static void close(Connection connection) {
    try {
      connection.close();
    } catch (SQLException e) {
      throw new IllegalStateException("Cannot close a connection to the source.", e);
    }
  }

  private Row spell(ResultSet row) throws SQLException {
    List<String> values = new ArrayList<>(types.size());
    for (int i = 0; i < types.size(); i++) {
      String text = row.getString(i + 1);
      KeyedMask mask = masks.get(i);
      values.add(
          ComparableRow.ofSource(
              mask == null ? text : mask.apply(text), types.get(i), spellings.get(i)));
    }
    return spelt(values, key);
  }

  /** Spells a row as its key and a digest of all its values. */
  static Row spelt(List<String> values, int[] key) {
    String digest = ComparableRow.digest(JoinedText.of(values));
    List<String> keyValues = new ArrayList<>();
    for (int position : key) {
      keyValues.add(values.get(position));
    }
    return RowFactory.create(key.length == 0 ? digest : JoinedText.of(keyValues), digest);
  }
}
