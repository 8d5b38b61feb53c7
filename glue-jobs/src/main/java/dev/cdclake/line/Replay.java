/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.line;

import dev.cdclake.bronze.BronzeReplay;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.RejectReason;
import dev.cdclake.lake.EventSchemas;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.lake.Progress;
import dev.cdclake.lake.RejectedRow;
import dev.cdclake.lake.RejectedRow.Place;
import dev.cdclake.lake.RejectedRow.Refusal;
import dev.cdclake.lake.RejectedRows;
import dev.cdclake.lake.WriterPause;
import dev.cdclake.runtime.FaultPoint;
import dev.cdclake.runtime.PreparedReplay;
import dev.cdclake.silver.SilverJob;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.apache.iceberg.Table;
import org.apache.spark.sql.SparkSession;

/**
 * Puts rejected rows through their stage again, after what was wrong has been put right.
 *
 * <p>Safe to run again wherever it dies: the rows are noted as taken by a replay of some number,
 * the table is committed together with that number, then the rows are noted as replayed. The next
 * replay begins by asking the table whether the number of one that did not end is there.
 */
public final class Replay {

  private static final List<Stage> STAGES = List.of(Stage.BRONZE, Stage.SILVER);
  private static final int MOST_FAILURES = 5;

  private final SparkSession spark;
  private final Pipeline pipeline;
  private final LakeTables tables;
  private final EventSchemas schemas;
  private final RejectedRows rejectedRows;
  private final Retries retries;

  /**
   * Which rejected rows to put through.
   *
   * @param tables names in the lake; empty for all
   * @param reasons empty for all
   * @param places on the topic; empty for all
   * @param limit rows of a table and stage at most, those first that were rejected first
   */
  public record Choice(
      Set<String> tables, Set<RejectReason> reasons, Set<Place> places, int limit) {

    private boolean holds(RejectedRow row) {
      return (reasons.isEmpty() || reasons.contains(row.reason()))
          && (places.isEmpty() || places.contains(row.place()));
    }
  }

  /**
   * What became of the rejected rows of one table and stage.
   *
   * @param accepted rows that were put through
   * @param outcome says, in words, what they came to
   * @param refused rows that were rejected once more; they wait as before
   */
  public record Result(
      Stage stage, String table, int accepted, String outcome, List<Refusal> refused) {}

  public Replay(SparkSession spark, Pipeline pipeline) {
    this.spark = spark;
    this.pipeline = pipeline;
    this.tables = new LakeTables(spark);
    this.schemas = new EventSchemas(tables, pipeline);
    this.rejectedRows = new RejectedRows(tables, pipeline);
    this.retries = new Retries(MOST_FAILURES, Replay::pause, failure -> {});
  }

  /** Puts rows through; those that are rejected once more wait as before. */
  public List<Result> run(Choice choice) {
    return results(choice, false);
  }

  /**
   * Says what would become of rows, and commits none. Columns that they have and silver lacks are
   * added, as any batch would.
   */
  public List<Result> dryRun(Choice choice) {
    return results(choice, true);
  }

  private List<Result> results(Choice choice, boolean dryRun) {
    List<Result> results = new ArrayList<>();
    for (Stage stage : STAGES) {
      for (SourceTable source : pipeline.tables()) {
        if (choice.tables().isEmpty() || choice.tables().contains(source.lakeName())) {
          for (List<RejectedRow> rows : alike(stage, source, choice, dryRun)) {
            results.add(
                dryRun ? dryRun(stage, source, rows) : replayBesideWriter(stage, source, rows));
          }
        }
      }
    }
    return results;
  }

  /** Returns the chosen rows; those of which a part was folded before apart from the others. */
  private List<List<RejectedRow>> alike(
      Stage stage, SourceTable source, Choice choice, boolean dryRun) {
    if (!dryRun) {
      retries.run(stage, () -> settle(stage, source));
    }
    Map<Boolean, List<RejectedRow>> parts =
        rejectedRows.pending(spark, stage, pipeline.topic(source)).stream()
            .filter(choice::holds)
            .limit(choice.limit())
            .collect(
                Collectors.groupingBy(
                    row -> row.reason() == RejectReason.ROW_NOT_FOUND,
                    TreeMap::new,
                    Collectors.toList()));
    return List.copyOf(parts.values());
  }

  /** Ends replays whose process died: their rows are replayed if the table has their number. */
  private Void settle(Stage stage, SourceTable source) {
    String topic = pipeline.topic(source);
    for (long replay : rejectedRows.unfinishedReplays(spark, stage, topic)) {
      Long newest =
          target(stage, source)
              .map(table -> Progress.of(table, stage).snapshots().get(PreparedReplay.PROGRESS))
              .orElse(null);
      if (newest != null && newest == replay) {
        rejectedRows.finish(spark, stage, replay);
      } else {
        rejectedRows.giveBack(spark, stage, replay);
      }
    }
    return null;
  }

  private Result dryRun(Stage stage, SourceTable source, List<RejectedRow> rows) {
    PreparedReplay prepared = prepare(stage, source, rows);
    prepared.discard().run();
    return result(stage, source, prepared);
  }

  private Optional<Table> target(Stage stage, SourceTable source) {
    return tables.find(stage == Stage.BRONZE ? pipeline.bronze(source) : pipeline.silver(source));
  }

  /**
   * Replays rows; the table's own writer, which may commit every second, is asked for a pause if it
   * came first.
   */
  private Result replayBesideWriter(Stage stage, SourceTable source, List<RejectedRow> rows) {
    AtomicBoolean again = new AtomicBoolean();
    return retries.run(
        stage,
        () -> {
          Optional<Table> busy = again.getAndSet(true) ? target(stage, source) : Optional.empty();
          busy.ifPresent(WriterPause::ask);
          try {
            return replay(stage, source, rows);
          } finally {
            busy.ifPresent(WriterPause::end);
          }
        });
  }

  private Result replay(Stage stage, SourceTable source, List<RejectedRow> chosen) {
    String topic = pipeline.topic(source);
    // An earlier attempt may have committed and lost the answer.
    settle(stage, source);
    Set<RejectedRow> pending = Set.copyOf(rejectedRows.pending(spark, stage, topic));
    List<RejectedRow> rows = chosen.stream().filter(pending::contains).toList();
    if (rows.isEmpty()) {
      return new Result(stage, source.lakeName(), chosen.size(), "", List.of());
    }
    PreparedReplay prepared = prepare(stage, source, rows);
    if (prepared.accepted().isEmpty()) {
      prepared.discard().run();
      return result(stage, source, prepared);
    }
    long number = ThreadLocalRandom.current().nextLong(1, Long.MAX_VALUE);
    rejectedRows.take(spark, stage, topic, prepared.accepted(), number);
    FaultPoint.REPLAY_BEFORE_COMMIT.pass();
    prepared.commit().accept(number);
    FaultPoint.REPLAY_AFTER_COMMIT.pass();
    rejectedRows.finish(spark, stage, number);
    return result(stage, source, prepared);
  }

  private PreparedReplay prepare(Stage stage, SourceTable source, List<RejectedRow> rows) {
    Map<Integer, Long> folded =
        tables
            .find(pipeline.silver(source))
            .map(table -> Progress.of(table, Stage.SILVER).offsets(pipeline.topic(source)))
            .orElse(Map.of());
    return stage == Stage.BRONZE
        ? new BronzeReplay(spark, tables, schemas, rejectedRows, pipeline)
            .prepare(source, rows, folded)
        : new SilverJob(spark, tables, schemas, rejectedRows, pipeline, source).prepareReplay(rows);
  }

  private static Result result(Stage stage, SourceTable source, PreparedReplay prepared) {
    return new Result(
        stage,
        source.lakeName(),
        prepared.accepted().size(),
        prepared.outcome(),
        prepared.refused());
  }

  private static boolean pause(Duration time) {
    try {
      Thread.sleep(time.toMillis());
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
