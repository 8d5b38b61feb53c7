/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import dev.cdclake.contract.NamedTables;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.Stage;
import dev.cdclake.lake.LakeSession;
import dev.cdclake.line.LakeLine;
import dev.cdclake.silver.ColumnBackfill;
import dev.cdclake.silver.ColumnRetype;
import dev.cdclake.silver.SchemaHistory;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** Shows how tables came to have their columns, and puts right what no event tells. */
@Command(
    name = "schema",
    description =
        "Show the history of the tables' columns: where each version began in the source's log, what"
            + " changed, and which field of silver each column is. Needs the lake only.",
    synopsisSubcommandLabel = "[COMMAND]",
    footerHeading = "%nExamples:%n",
    footer = {
      "  ./cdclake schema                        all tables",
      "  ./cdclake schema users                  one table",
      "  ./cdclake schema backfill users tier    give older rows the DEFAULT of an added column",
      "  ./cdclake schema retype items code      take the type that the source has now"
    },
    subcommands = {SchemaCommand.Backfill.class, SchemaCommand.Retype.class})
final class SchemaCommand implements Callable<Integer> {

  @ParentCommand private Main main;

  @Parameters(
      paramLabel = "TABLE",
      arity = "0..1",
      description = "Name in the lake or in the source; without it all tables are listed.")
  private String table;

  @Override
  public Integer call() {
    SparkSession spark = LakeSession.open(main.pipeline(), "schema");
    if (table == null) {
      printAll(spark);
    } else {
      SourceTable source = NamedTables.find(main.pipeline(), table);
      print(source, SchemaHistory.of(spark, main.pipeline(), source));
    }
    return 0;
  }

  private void printAll(SparkSession spark) {
    TextTable text = TextTable.of("table", "columns", "versions", "since LSN", "last change");
    for (SourceTable source : main.pipeline().tables()) {
      SchemaHistory history = SchemaHistory.of(spark, main.pipeline(), source);
      List<SchemaHistory.Version> versions = history.versions();
      if (versions.isEmpty()) {
        text.row(source.lakeName(), "-", 0, "-", "no event yet");
      } else {
        SchemaHistory.Version newest = versions.get(versions.size() - 1);
        text.row(
            source.lakeName(),
            history.columns().size(),
            versions.size(),
            newest.lsn(),
            String.join("; ", newest.changes()));
      }
    }
    main.console().lines(text.lines());
  }

  private void print(SourceTable source, SchemaHistory history) {
    if (history.versions().isEmpty()) {
      main.console()
          .line("%s: no event yet, so its columns are not known".formatted(source.lakeName()));
      return;
    }
    TextTable versions =
        TextTable.of("version", "epoch", "since LSN", "committed at", "event", "events", "changes");
    for (int i = 0; i < history.versions().size(); i++) {
      SchemaHistory.Version version = history.versions().get(i);
      versions.row(
          i + 1,
          version.epoch(),
          version.lsn(),
          version.begunAt().truncatedTo(ChronoUnit.SECONDS),
          version.event(),
          version.events(),
          String.join("; ", version.changes()));
    }
    main.console().lines(versions.lines());
    if (history.columns().isEmpty()) {
      main.console().line("Silver has no such table yet");
      return;
    }
    TextTable columns = TextTable.of("field", "column", "type", "in the source");
    for (SchemaHistory.LakeColumn column : history.columns()) {
      columns.row(
          column.field(), column.name(), column.type(), column.current() ? "yes" : "no longer");
    }
    main.console().line("");
    main.console().lines(columns.lines());
  }

  /** A column of a table. */
  static final class ColumnOf {

    @Parameters(
        index = "0",
        paramLabel = "TABLE",
        description = "Name in the lake or in the source.")
    private String table;

    @Parameters(index = "1", paramLabel = "COLUMN", description = "Name in the lake.")
    private String column;
  }

  /** Gives the rows that are older than a column the values that the source has for them. */
  @Command(
      name = "backfill",
      description =
          "Fill a column in the silver rows whose last change is older than the column. PostgreSQL"
              + " gives such rows the column's DEFAULT without an event, so the values are read from"
              + " the source. Rows that change meanwhile keep their own values; the line may run.",
      footerHeading = "%nExamples:%n",
      footer = {"  ./cdclake schema backfill users tier"})
  static final class Backfill implements Callable<Integer> {

    @ParentCommand private SchemaCommand parent;
    @Mixin private ColumnOf of;

    @Override
    public Integer call() {
      Pipeline pipeline = parent.main.pipeline();
      SourceTable source = NamedTables.find(pipeline, of.table);
      SparkSession spark = LakeSession.open(pipeline, "schema");
      String password = pipeline.source().password().in(System.getenv()).orElse(null);
      long rows = new ColumnBackfill(spark, pipeline, source).run(of.column, password);
      try (LakeLine line =
          new LakeLine(spark, pipeline.withTables(List.of(source)), report -> {})) {
        line.runAvailable(Set.of(Stage.SILVER));
      }
      parent
          .main
          .console()
          .line("%s.%s: %,d rows filled".formatted(source.lakeName(), of.column, rows));
      return 0;
    }
  }

  /** Takes the type that the newest events have, where the column cannot be turned into it. */
  @Command(
      name = "retype",
      description =
          "Give a column the type that the newest changes have, where they are rejected as"
              + " SCHEMA_CONFLICT. The old column stays under another name, with all its values.",
      footerHeading = "%nExamples:%n",
      footer = {"  ./cdclake schema retype items code"})
  static final class Retype implements Callable<Integer> {

    @ParentCommand private SchemaCommand parent;
    @Mixin private ColumnOf of;

    @Override
    public Integer call() {
      Pipeline pipeline = parent.main.pipeline();
      SourceTable source = NamedTables.find(pipeline, of.table);
      SparkSession spark = LakeSession.open(pipeline, "schema");
      String aside = ColumnRetype.run(spark, pipeline, source, of.column);
      parent
          .main
          .console()
          .lines(
              List.of(
                  "%s.%s has the type of the newest changes; the old column is %s"
                      .formatted(source.lakeName(), of.column, aside),
                  "Next: './cdclake schema backfill %s %s' fills its older rows"
                      .formatted(source.lakeName(), of.column)));
      return 0;
    }
  }
}
