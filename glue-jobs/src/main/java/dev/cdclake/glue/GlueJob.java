/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.glue;

import dev.cdclake.check.CheckJob;
import dev.cdclake.check.CheckResult;
import dev.cdclake.check.SourceRows;
import dev.cdclake.connect.Capture;
import dev.cdclake.connect.CaptureException;
import dev.cdclake.connect.ConnectClient;
import dev.cdclake.contract.JobName;
import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.NamedTables;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Secrets;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.FailureCode;
import dev.cdclake.failure.PipelineException;
import dev.cdclake.forget.ForgetJob;
import dev.cdclake.forget.ForgottenKey;
import dev.cdclake.forget.ForgottenTable;
import dev.cdclake.gold.GoldJob;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.line.LakeLine;
import dev.cdclake.line.Replay;
import dev.cdclake.line.Replay.Choice;
import dev.cdclake.line.Replay.Result;
import dev.cdclake.line.Resnapshot;
import dev.cdclake.maintain.MaintainJob;
import dev.cdclake.verify.Verdict;
import dev.cdclake.verify.VerifyJob;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What each job does: the same work as the verb of its name. What a verb prints is logged; where a
 * verb ends with 1, the job fails.
 */
final class GlueJob {

  private static final Logger LOG = LoggerFactory.getLogger(GlueJob.class);

  /** Glue shows a message of some hundred letters. */
  private static final int SHOWN = 10;

  private final SparkSession spark;
  private final Pipeline pipeline;
  private final GlueArguments arguments;
  private final LineMetrics metrics;

  GlueJob(SparkSession spark, Pipeline pipeline, GlueArguments arguments, LineMetrics metrics) {
    this.spark = spark;
    this.pipeline = pipeline;
    this.arguments = arguments;
    this.metrics = metrics;
  }

  void run(JobName job) {
    switch (job) {
      case STREAM -> stream();
      case BRONZE, SILVER -> available(Stage.valueOf(job.name()));
      case GOLD -> gold();
      case CHECK -> check();
      case VERIFY -> verify();
      case MAINTAIN -> maintain();
      case RESNAPSHOT -> resnapshot();
      case REPLAY -> replay();
      case FORGET -> forget();
    }
  }

  /** Does not end; how far silver is behind, and how many tables wait, is published meanwhile. */
  private void stream() {
    try (LakeLine line = line();
        SilverWatch watch =
            SilverWatch.start(new LakeTables(spark), pipeline, metrics, line::tablesWaiting)) {
      line.runContinuously(Set.of(Stage.BRONZE, Stage.SILVER));
      watch.publish();
    }
  }

  private void available(Stage stage) {
    try (LakeLine line = line()) {
      line.runAvailable(Set.of(stage));
    } finally {
      if (stage == Stage.SILVER) {
        SilverWatch.publish(new LakeTables(spark), pipeline, metrics);
      }
    }
  }

  private void gold() {
    try (LakeLine line = line()) {
      line.runAvailable(Set.of(Stage.GOLD));
      refuse(Stage.GOLD, "tests of gold models", line.brokenGoldTests());
    }
    metrics.goldRun();
  }

  private LakeLine line() {
    return new LakeLine(spark, pipeline, metrics::batch, LOG::warn);
  }

  private void check() {
    List<CheckResult> results =
        new CheckJob(spark, pipeline)
            .run(arguments.sourceRows() ? SourceRows.count(pipeline) : Map.of());
    results.forEach(result -> LOG.info("{}", result));
    refuse(
        Stage.SILVER,
        "checks",
        results.stream()
            .filter(result -> !result.holds())
            .map(
                result ->
                    "%s, %s: %d of %d rows"
                        .formatted(
                            result.table(), result.check(), result.broken(), result.checked()))
            .toList());
  }

  private void verify() {
    String password = pipeline.source().password().in(Secrets.known()).orElse(null);
    Verdict verdict = new VerifyJob(spark, pipeline).run(password, arguments.patience());
    LOG.info("{}", verdict.toJson());
    metrics.differences(
        verdict.tables().stream()
            .mapToLong(table -> table.missing() + table.extra() + table.different())
            .sum());
    if (!verdict.isEqual()) {
      throw new PipelineException(
          Stage.SILVER,
          FailureCode.NOT_EQUAL,
          "Cannot vouch for silver: it differs from the source at LSN %s in %s. The log has the keys that differ."
              .formatted(
                  verdict.lsn(),
                  verdict.tables().stream()
                      .filter(table -> !table.isEqual())
                      .map(table -> table.table())
                      .collect(Collectors.joining(", "))));
    }
  }

  private void maintain() {
    MaintainJob job = new MaintainJob(spark, new LakeTables(spark), pipeline);
    List<LakeTable> tables = job.tables(arguments.tables());
    if (arguments.dryRun()) {
      job.plan(tables, table -> LOG.info("{}", table.toJson()));
    } else {
      job.run(tables, arguments.budget(), table -> LOG.info("{}", table.toJson()));
    }
  }

  /** Bronze and silver have to run meanwhile: they carry what is read. */
  private void resnapshot() {
    List<SourceTable> tables = NamedTables.find(pipeline, arguments.tables());
    Capture capture = new Capture(pipeline, new ConnectClient(arguments.connect()), LOG::info);
    Resnapshot resnapshot = new Resnapshot(spark, pipeline, capture, LOG::info);
    try {
      Map<String, Long> ended =
          arguments.all()
              ? resnapshot.all(arguments.patience())
              : resnapshot.tables(tables, arguments.patience());
      ended.forEach(
          (table, rows) -> LOG.info("{}: {} rows were gone from the source", table, rows));
    } catch (SQLException e) {
      throw new CaptureException(
          "Cannot read the tables anew: the source answers: %s.".formatted(e.getMessage()), e);
    }
  }

  private void replay() {
    Choice choice =
        new Choice(
            NamedTables.find(pipeline, arguments.tables()).stream()
                .map(SourceTable::lakeName)
                .collect(Collectors.toSet()),
            arguments.reasons(),
            arguments.places(),
            arguments.limit());
    Replay replay = new Replay(spark, pipeline);
    List<Result> results = arguments.dryRun() ? replay.dryRun(choice) : replay.run(choice);
    results.forEach(result -> LOG.info("{}", result));
    refuse(
        Stage.SILVER,
        "rejected rows",
        results.stream()
            .flatMap(result -> result.refused().stream())
            .map(row -> "%s %s: %s".formatted(row.place(), row.reason(), row.detail()))
            .toList());
  }

  private void forget() {
    SourceTable source = NamedTables.find(pipeline, arguments.tables().get(0));
    ForgetJob job = new ForgetJob(spark, pipeline);
    ForgottenKey row = ForgottenKey.parse(source, job.key(source), arguments.key());
    if (!arguments.keepSource()) {
      row.refuseInSource(pipeline);
    }
    GoldJob gold = new GoldJob(spark, new LakeTables(spark), pipeline);
    List<ForgottenTable> forgotten =
        job.run(source, row.values(), arguments.keepSource(), () -> gold.rebuild(source));
    forgotten.forEach(table -> LOG.info("{}", table));
    refuse(
        Stage.SILVER,
        "traces of the row",
        forgotten.stream()
            .filter(table -> table.rowsAfter() > 0)
            .map(table -> "%d in %s".formatted(table.rowsAfter(), table.table()))
            .toList());
  }

  private static void refuse(Stage stage, String what, List<String> broken) {
    if (!broken.isEmpty()) {
      throw new PipelineException(
          stage,
          FailureCode.CHECK_BROKEN,
          "Cannot call the run good: %d %s are left (expected none): %s."
              .formatted(
                  broken.size(),
                  what,
                  broken.stream().limit(SHOWN).collect(Collectors.joining("; "))));
    }
  }
}
