/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.check;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Secrets;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.FailureCode;
import dev.cdclake.failure.PipelineException;
import dev.cdclake.runtime.SourceQuery;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.TreeMap;

/** Counts the rows of the source's tables, for {@link CheckJob#run}. */
public final class SourceRows {

  private SourceRows() {}

  /** Returns the counts by the tables' names in the lake. */
  public static Map<String, Long> count(Pipeline pipeline) {
    String password = pipeline.source().password().in(Secrets.known()).orElse(null);
    Map<String, Long> rows = new TreeMap<>();
    try (Connection connection = SourceQuery.open(pipeline.source(), password);
        Statement statement = connection.createStatement()) {
      for (SourceTable table : pipeline.tables()) {
        try (ResultSet counted =
            statement.executeQuery("select count(*) from " + table.name().quoted())) {
          counted.next();
          rows.put(table.lakeName(), counted.getLong(1));
        }
      }
    } catch (SQLException e) {
      throw new PipelineException(
          Stage.SOURCE,
          FailureCode.UNREACHABLE,
          "Cannot count the rows of the source: %s. './cdclake doctor' tells more."
              .formatted(e.getMessage()),
          e);
    }
    return rows;
  }
}
