/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.forget;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Secrets;
import dev.cdclake.contract.SettingsException;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.Stage;
import dev.cdclake.contract.TableName;
import dev.cdclake.failure.FailureCode;
import dev.cdclake.failure.PipelineException;
import dev.cdclake.runtime.SourceQuery;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The key of a row that is to be forgotten.
 *
 * @param table the source table
 * @param values by key column, as the source writes them
 */
public record ForgottenKey(SourceTable table, Map<String, String> values) {

  /**
   * Reads a key: a lone value as that of the only key column, anything else as column=value.
   *
   * @param columns the table's key columns
   */
  public static ForgottenKey parse(SourceTable table, List<String> columns, List<String> words) {
    Map<String, String> values = new TreeMap<>();
    if (columns.size() == 1
        && words.size() == 1
        && !words.get(0).startsWith(columns.get(0) + "=")) {
      values.put(columns.get(0), words.get(0));
      return new ForgottenKey(table, values);
    }
    for (String pair : words) {
      int equals = pair.indexOf('=');
      values.put(pair.substring(0, Math.max(0, equals)), pair.substring(equals + 1));
    }
    if (!values.keySet().equals(Set.copyOf(columns))) {
      throw new SettingsException(
          "'%s' as the key of a row of table '%s'"
              .formatted(String.join(" ", words), table.lakeName()),
          List.of(
              "expected %s."
                  .formatted(
                      columns.stream().map(name -> name + "=…").collect(Collectors.joining(" ")))));
    }
    return new ForgottenKey(table, values);
  }

  /**
   * Refuses to go on while the source has the row.
   *
   * @throws SettingsException if it has
   */
  public void refuseInSource(Pipeline pipeline) {
    String password = pipeline.source().password().in(Secrets.known()).orElse(null);
    List<String> conditions = new ArrayList<>();
    values.keySet().forEach(column -> conditions.add(TableName.quote(column) + "::text = ?"));
    try (Connection connection = SourceQuery.open(pipeline.source(), password);
        PreparedStatement query =
            connection.prepareStatement(
                "select 1 from %s where %s"
                    .formatted(table.name().quoted(), String.join(" and ", conditions)))) {
      int position = 1;
      for (String value : values.values()) {
        query.setString(position++, value);
      }
      try (ResultSet row = query.executeQuery()) {
        if (row.next()) {
          throw new SettingsException(
              "this key to forget a row of table '" + table.lakeName() + "'",
              List.of(
                  "the source still has the row: delete it there first, for its next change would"
                      + " bring it back (or use --keep-source)."));
        }
      }
    } catch (SQLException e) {
      throw new PipelineException(
          Stage.SOURCE,
          FailureCode.UNREACHABLE,
          "Cannot look for the row in the source: %s. './cdclake doctor' tells more."
              .formatted(e.getMessage()),
          e);
    }
  }
}
