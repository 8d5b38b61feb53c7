/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import dev.cdclake.contract.NamedTables;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.forget.ForgetJob;
import dev.cdclake.forget.ForgottenKey;
import dev.cdclake.forget.ForgottenTable;
import dev.cdclake.gold.GoldJob;
import dev.cdclake.lake.LakeSession;
import dev.cdclake.lake.LakeTables;
import java.util.List;
import java.util.concurrent.Callable;
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
  public Integer call() {
    Pipeline pipeline = main.pipeline();
    SourceTable source = NamedTables.find(pipeline, table);
    SparkSession spark = LakeSession.open(pipeline, "forget");
    ForgetJob job = new ForgetJob(spark, pipeline);
    ForgottenKey row = ForgottenKey.parse(source, job.key(source), key);
    if (!keepSource) {
      row.refuseInSource(pipeline);
    }
    GoldJob gold = new GoldJob(spark, new LakeTables(spark), pipeline);
    List<ForgottenTable> forgotten =
        job.run(source, row.values(), keepSource, () -> gold.rebuild(source));
    print(forgotten, pipeline, source);
    return Main.exitCode(forgotten.stream().allMatch(one -> one.rowsAfter() == 0));
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
