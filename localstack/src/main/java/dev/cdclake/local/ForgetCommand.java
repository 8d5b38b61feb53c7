/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SettingsException;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.TableName;
import dev.cdclake.forget.ForgetJob;
import dev.cdclake.forget.ForgottenTable;
import dev.cdclake.gold.GoldJob;
import dev.cdclake.lake.LakeSession;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.source.SourceDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** Forgets a person. */
@Command(
    name = "forget",
    description =
        "Remove one row of a table from every layer of the lake: its events in bronze under every"
            + " key that it had, its versions in silver, rejected events of it, and the gold models"
            + " that read the table. Files are rewritten, older snapshots of these tables are"
            + " dropped, and what is left is searched for the row: 0 rows is the proof. The row has"
            + " to be deleted in the source before. Ends with 1 if anything is left.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  ./cdclake forget users 517",
      "  ./cdclake forget order_items order_id=7 line_no=2",
      "  ./cdclake forget users 517 --keep-source"
    })
final class ForgetCommand implements Callable<Integer> {

  @ParentCommand private Main main;

  @Parameters(index = "0", paramLabel = "TABLE", description = "Its name in the lake.")
  private String table;

  @Parameters(
      index = "1..*",
      arity = "1..*",
      paramLabel = "KEY",
      description = "The key's value, or column=value for each of its columns.")
  private List<String> key;

  @Option(
      names = "--keep-source",
      description =
          "Forget the row although the source has it: the next change, and the next snapshot, bring"
              + " it back.")
  private boolean keepSource;

  @Override
  public Integer call() throws SQLException {
    Pipeline pipeline = main.pipeline();
    SourceTable source = NamedTables.find(pipeline, table);
    SparkSession spark = LakeSession.open(pipeline, "forget");
    ForgetJob job = new ForgetJob(spark, pipeline);
    Map<String, String> values = values(job.key(source));
    if (!keepSource) {
      refuseInSource(pipeline, source, values);
    }
    GoldJob gold = new GoldJob(spark, new LakeTables(spark), pipeline);
    List<ForgottenTable> forgotten =
        job.run(source, values, keepSource, () -> gold.rebuild(source));
    print(forgotten, pipeline, source);
    return Main.exitCode(forgotten.stream().allMatch(one -> one.rowsAfter() == 0));
  }

  /** Reads a lone value as that of the only key column, anything else as column=value. */
  private Map<String, String> values(List<String> columns) {
    Map<String, String> values = new TreeMap<>();
    if (columns.size() == 1 && key.size() == 1 && !key.get(0).startsWith(columns.get(0) + "=")) {
      values.put(columns.get(0), key.get(0));
      return values;
    }
    for (String pair : key) {
      int equals = pair.indexOf('=');
      values.put(pair.substring(0, Math.max(0, equals)), pair.substring(equals + 1));
    }
    if (!values.keySet().equals(Set.copyOf(columns))) {
      throw new SettingsException(
          "'%s' as the key of a row of table '%s'".formatted(String.join(" ", key), table),
          List.of(
              "expected %s."
                  .formatted(
                      columns.stream().map(name -> name + "=…").collect(Collectors.joining(" ")))));
    }
    return values;
  }

  private static void refuseInSource(
      Pipeline pipeline, SourceTable source, Map<String, String> values) throws SQLException {
    List<String> conditions = new ArrayList<>();
    values.keySet().forEach(column -> conditions.add(TableName.quote(column) + "::text = ?"));
    try (Connection connection = SourceDatabase.open(pipeline.source(), System.getenv());
        PreparedStatement query =
            connection.prepareStatement(
                "select 1 from %s where %s"
                    .formatted(source.name().quoted(), String.join(" and ", conditions)))) {
      int position = 1;
      for (String value : values.values()) {
        query.setString(position++, value);
      }
      try (ResultSet row = query.executeQuery()) {
        if (row.next()) {
          throw new SettingsException(
              "this key to forget a row of table '" + source.lakeName() + "'",
              List.of(
                  "the source still has the row: delete it there first, for its next change would"
                      + " bring it back (or use --keep-source)."));
        }
      }
    }
  }

  private void print(List<ForgottenTable> forgotten, Pipeline pipeline, SourceTable source) {
    TextTable text =
        TextTable.of(
            "table", "files before", "rows found", "snapshots dropped", "files searched", "left");
    for (ForgottenTable one : forgotten) {
      text.row(
          one.table(),
          one.filesBefore(),
          one.rowsBefore(),
          one.snapshotsDropped(),
          one.filesAfter(),
          one.rowsAfter());
    }
    main.console().lines(text.lines());
    main.console()
        .line(
            forgotten.stream().allMatch(one -> one.rowsAfter() == 0)
                ? "Nothing is left of the row in the lake."
                : "Rows are left: run again.");
    main.console().line("Out of reach of this command:");
    main.console()
        .line(
            "  Kafka keeps events of topic '%s' until its retention ends; kafka-delete-records.sh"
                    .formatted(pipeline.topic(source))
                + " removes them at once, after bronze has read them.");
    main.console()
        .line(
            "  The source itself, its log and backups; backups of the lake; logs of the line; copies"
                + " that others made.");
    main.console()
        .line(
            "  Rows of other tables that speak of the same person: forget them by their own keys.");
  }
}
