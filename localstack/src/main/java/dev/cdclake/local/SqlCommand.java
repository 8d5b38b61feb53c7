/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import dev.cdclake.lake.LakeSession;
import dev.cdclake.source.SourceDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** Asks the lake a question. */
@Command(
    name = "sql",
    description =
        "Run Spark SQL over the lake; tables go by their real names. With --source the statement"
            + " goes to the source database instead, in PostgreSQL's SQL.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  ./cdclake sql \"show tables in cdc_demo_dev_silver\"",
      "  ./cdclake sql \"select status, count(*) from cdc_demo_dev_silver.orders group by status\"",
      "  ./cdclake sql \"select * from cdc_demo_dev_silver.orders version as of 123 where id = 7\"",
      "  ./cdclake sql \"select committed_at, operation from cdc_demo_dev_gold.user_analytics.snapshots\"",
      "  ./cdclake sql --source \"update orders set status = 'paid' where id = 7\""
    })
final class SqlCommand implements Callable<Integer> {

  @ParentCommand private Main main;

  @Parameters(paramLabel = "SQL", description = "One statement.")
  private String statement;

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "100",
      description = "Rows to show at most (default: ${DEFAULT-VALUE}).")
  private int limit;

  @Option(names = "--json", description = "Print each row as one line of JSON.")
  private boolean json;

  @Option(names = "--source", description = "Run the statement on the source database.")
  private boolean source;

  @Override
  public Integer call() throws SQLException {
    if (source) {
      askSource();
    } else {
      askLake();
    }
    return 0;
  }

  private void askSource() throws SQLException {
    try (Connection connection = SourceDatabase.open(main.pipeline().source(), System.getenv());
        Statement query = connection.createStatement()) {
      if (query.execute(statement)) {
        print(query.getResultSet());
      } else {
        main.console().line("%,d rows".formatted(query.getLargeUpdateCount()));
      }
    }
  }

  private void print(ResultSet answer) throws SQLException {
    List<String> columns = new ArrayList<>();
    for (int i = 1; i <= answer.getMetaData().getColumnCount(); i++) {
      columns.add(answer.getMetaData().getColumnLabel(i));
    }
    TextTable table = TextTable.of(columns);
    for (int rows = 0; rows < limit && answer.next(); rows++) {
      Object[] cells = new Object[columns.size()];
      for (int i = 0; i < cells.length; i++) {
        cells[i] = answer.getString(i + 1) == null ? "-" : answer.getString(i + 1);
      }
      table.row(cells);
    }
    main.console().lines(table.lines());
  }

  private void askLake() {
    SparkSession spark = LakeSession.open(main.pipeline(), "sql");
    Dataset<Row> answer = spark.sql(statement);
    if (json) {
      main.console().lines(answer.limit(limit).toJSON().collectAsList());
    } else {
      print(answer, limit, main.console());
    }
  }

  /** Prints rows as an aligned table, and says so when there are more. */
  static void print(Dataset<Row> answer, int limit, Console console) {
    if (answer.columns().length == 0) {
      console.line("Done");
      return;
    }
    List<Row> rows = answer.takeAsList(limit + 1);
    TextTable table = TextTable.of(answer.columns());
    for (Row row : rows.subList(0, Math.min(limit, rows.size()))) {
      Object[] cells = new Object[row.size()];
      for (int i = 0; i < cells.length; i++) {
        cells[i] = row.isNullAt(i) ? "-" : text(row.get(i));
      }
      table.row(cells);
    }
    console.lines(table.lines());
    if (rows.size() > limit) {
      console.line("(more rows follow; raise --limit)");
    }
  }

  private static String text(Object value) {
    if (value instanceof scala.collection.Seq<?> elements) {
      return elements.mkString("[", ", ", "]");
    }
    return value.toString();
  }
}
