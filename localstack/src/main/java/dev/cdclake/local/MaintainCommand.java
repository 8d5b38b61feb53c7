/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import dev.cdclake.contract.DurationText;
import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.lake.LakeSession;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.maintain.MaintainJob;
import dev.cdclake.maintain.Maintained;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.TypeConversionException;

/** Puts the lake's tables in order. */
@Command(
    name = "maintain",
    description =
        "Put the lake's tables in order: delete rows that are older than 'retention' keeps them, put"
            + " small files together, drop old snapshots, remove files that no snapshot knows. May"
            + " run beside the line. A running line does the most urgent of it every few seconds, and"
            + " all of it once a day.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  ./cdclake maintain --dry-run",
      "  ./cdclake maintain silver.orders --budget 2m",
      "  ./cdclake maintain orders          every layer of one table"
    })
final class MaintainCommand implements Callable<Integer> {

  @ParentCommand private Main main;

  @Parameters(
      paramLabel = "TABLE",
      arity = "0..*",
      description = "Tables such as silver.orders, or orders for every layer (default: all).")
  private List<String> wanted = new ArrayList<>();

  @Option(
      names = "--budget",
      paramLabel = "TIME",
      defaultValue = "10m",
      converter = Time.class,
      description =
          "Begin nothing new after this time; what is left waits for the next run (default:"
              + " ${DEFAULT-VALUE}).")
  private Duration budget;

  @Option(names = "--dry-run", description = "Say what would be done, and do nothing.")
  private boolean dryRun;

  @Option(names = "--json", description = "Print one line of JSON a table.")
  private boolean json;

  @Override
  public Integer call() {
    Pipeline pipeline = main.pipeline();
    SparkSession spark = LakeSession.open(pipeline, "maintain");
    MaintainJob job = new MaintainJob(spark, new LakeTables(spark), pipeline);
    List<LakeTable> tables = job.tables(wanted);
    List<Maintained> done = new ArrayList<>();
    if (dryRun) {
      job.plan(tables, maintained -> told(maintained, done));
    } else {
      job.run(tables, budget, maintained -> told(maintained, done));
    }
    if (!json) {
      print(done);
    }
    return 0;
  }

  private void told(Maintained maintained, List<Maintained> done) {
    done.add(maintained);
    if (json) {
      main.console().line(maintained.toJson());
    }
  }

  private void print(List<Maintained> done) {
    TextTable text =
        TextTable.of(
            "table",
            "old rows",
            "data files",
            "delete files",
            "snapshots",
            "files removed",
            "orphans",
            "seconds");
    for (Maintained one : done) {
      text.row(
          one.table(),
          one.rowsDeleted(),
          change(one.before().dataFiles(), one.after().dataFiles(), one.dataFiles()),
          change(one.before().deleteFiles(), one.after().deleteFiles(), one.deleteFiles()),
          change(one.before().snapshots(), one.after().snapshots(), one.snapshots()),
          one.files(),
          one.orphans(),
          "%.1f".formatted(one.tookMillis() / 1000.0));
    }
    main.console().lines(text.lines());
    long left = done.stream().filter(one -> !one.complete()).count();
    if (left > 0) {
      main.console()
          .line(
              "%d tables were busy or came too late for the time given; run again to go on."
                  .formatted(left));
    }
    if (dryRun) {
      main.console().line("Nothing was changed.");
    }
  }

  private String change(long before, long after, long concerned) {
    return dryRun
        ? "%,d of %,d".formatted(concerned, before)
        : "%,d → %,d".formatted(before, after);
  }

  /** Reads a duration as the pipeline file has them. */
  static final class Time implements ITypeConverter<Duration> {

    @Override
    public Duration convert(String text) {
      return DurationText.parse(text)
          .orElseThrow(
              () ->
                  new TypeConversionException(
                      "'" + text + "' is no duration (expected for example 90s, 10m or 2h)"));
    }
  }
}
