/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.line;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.FailureCode;
import dev.cdclake.failure.PipelineException;
import dev.cdclake.failure.RejectReason;
import dev.cdclake.fixture.Changes;
import dev.cdclake.fixture.Changes.Event;
import dev.cdclake.fixture.SparkTest;
import dev.cdclake.fixture.TestLake;
import dev.cdclake.lake.EventSchemas;
import dev.cdclake.lake.RejectedRow;
import dev.cdclake.lake.RejectedRows;
import dev.cdclake.line.RejectedList.Count;
import dev.cdclake.line.Replay.Choice;
import dev.cdclake.line.Replay.Result;
import dev.cdclake.silver.SilverJob;
import dev.cdclake.silver.SilverRun;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@SparkTest
class ReplayTest {

  private static final Changes ORDERS =
      Changes.of("orders").column("status", "string").column("qty", "int32");
  private static final Changes RETYPED = ORDERS.column("qty", "string");
  private static final Choice ALL = new Choice(Set.of(), Set.of(), Set.of(), 1_000);

  private TestLake lake;
  private Pipeline pipeline;
  private SilverRun silver;
  private List<RejectedRow> taken;

  @BeforeEach
  void openSilver(TestLake lake) {
    this.lake = lake;
    this.pipeline = lake.pipeline("tables:", "  - name: orders");
    this.silver = new SilverRun(lake, pipeline);
  }

  @Test
  void nothingIsReplayedWhereNothingWasRejected() {
    silver.carry(ORDERS.insert(1).at(10));

    assertThat(replay().run(ALL)).isEmpty();
  }

  @Test
  void conflictingRowIsThereOnceTheColumnIsOutOfTheWay() {
    silver.carry(ORDERS.insert(1).at(10).set("qty", 5));
    silver.carry(RETYPED.update(1).at(20).set("qty", "many"), RETYPED.insert(2).at(21));
    assertThat(refused(replay().run(ALL))).isEqualTo(2);

    renameColumn();
    Result result = replay().run(ALL).get(0);

    assertThat(result.accepted()).isEqualTo(2);
    assertThat(result.refused()).isEmpty();
    assertThat(silver.rows("id", "qty", "qty_before"))
        .containsExactly(Arrays.asList(1, "many", 5), Arrays.asList(2, null, null));
    assertThat(replay().run(ALL)).as("a second replay").isEmpty();
    assertThat(counts()).containsExactly("SCHEMA_CONFLICT 0 waiting, 2 replayed");
  }

  @Test
  void replayedRowDoesNotOverwriteANewerOne() {
    silver.carry(ORDERS.insert(1).at(10).set("status", "new"));
    silver.carry(RETYPED.update(1).at(20).set("status", "old"));
    renameColumn();
    silver.carry(RETYPED.update(1).at(30).set("status", "newest"));

    Result result = replay().run(ALL).get(0);

    assertThat(result.outcome()).isEqualTo("0 written, 0 deleted, 1 older than what silver has");
    assertThat(silver.rows("id", "status", "_lsn")).containsExactly(List.of(1, "newest", 30L));
    assertThat(counts()).containsExactly("SCHEMA_CONFLICT 0 waiting, 1 replayed");
  }

  @Test
  void replayedDeleteEndsTheRow() {
    silver.carry(ORDERS.insert(1).at(10));
    silver.carry(RETYPED.delete(1).at(20));
    renameColumn();

    assertThat(replay().run(ALL).get(0).outcome())
        .isEqualTo("0 written, 1 deleted, 0 older than what silver has");

    assertThat(silver.rows("id", "is_active")).containsExactly(List.of(1, false));
  }

  @Test
  void rowRejectedOnceMoreWaitsAsBefore() {
    silver.carry(ORDERS.insert(1).at(10).set("qty", 5), ORDERS.insert(2).at(11).set("qty", "x"));
    long snapshot = silver.rows("_lsn").size();

    Result result = replay().run(ALL).get(0);

    assertThat(result.accepted()).isZero();
    assertThat(result.refused().get(0).detail())
        .isEqualTo("Column 'qty': \"x\" is not a value of type INT");
    assertThat(silver.rows("_lsn")).hasSize((int) snapshot);
    assertThat(counts()).containsExactly("VALUE_UNREADABLE 1 waiting, 0 replayed");
  }

  @Test
  void dryRunChangesNothing() {
    silver.carry(ORDERS.insert(1).at(10).set("qty", 5));
    silver.carry(RETYPED.update(1).at(20).set("qty", "many"));
    renameColumn();

    assertThat(replay().dryRun(ALL).get(0).accepted()).isEqualTo(1);

    assertThat(silver.rows("id", "qty_before")).containsExactly(List.of(1, 5));
    assertThat(counts()).containsExactly("SCHEMA_CONFLICT 1 waiting, 0 replayed");
  }

  @Test
  void reasonsChooseWhatIsReplayed() {
    silver.carry(ORDERS.insert(1).at(10).set("qty", 5), ORDERS.insert(2).at(11).set("qty", "x"));
    silver.carry(RETYPED.update(1).at(20).set("qty", "many"));
    renameColumn();

    List<Result> results =
        replay()
            .run(new Choice(Set.of("orders"), Set.of(RejectReason.SCHEMA_CONFLICT), Set.of(), 9));

    assertThat(results.get(0).accepted()).isEqualTo(1);
    assertThat(counts())
        .containsExactly(
            "SCHEMA_CONFLICT 0 waiting, 1 replayed", "VALUE_UNREADABLE 1 waiting, 0 replayed");
  }

  @Test
  void deleteWithoutKeyThatFoundNoRowFindsTheOneThatCameLater() {
    Changes log = ORDERS.key();
    silver.carry(log.insert(1).at(10), log.delete(2).at(30));
    silver.carry(log.insert(2).at(20), log.insert(2).at(21));

    assertThat(replay().run(ALL).get(0).accepted()).isEqualTo(1);

    assertThat(silver.rows("id", "is_active"))
        .containsExactly(List.of(1, true), List.of(2, false), List.of(2, true));
  }

  @Test
  void updateWithoutKeyWhoseOldRowCameLaterLeavesTheNewRowOnce() {
    Changes log = ORDERS.key();
    silver.carry(log.update(1).at(30).set("status", "new").was("status", "old"));
    silver.carry(log.insert(1).at(20).set("status", "old"));

    assertThat(replay().run(ALL).get(0).accepted()).isEqualTo(1);

    assertThat(silver.rows("id", "status", "is_active")).containsExactly(List.of(1, "new", true));
  }

  @Test
  void eventThatBronzeCouldNotReadIsFoldedAtItsPlace() {
    silver.carry(ORDERS.insert(1).at(10).set("status", "new"));
    rejectInBronze(ORDERS.update(1).at(5).set("status", "too old"));
    rejectInBronze(ORDERS.insert(2).at(20).set("status", "late"));
    silver.carry(ORDERS.insert(3).at(30));

    assertThat(replay().run(ALL))
        .extracting(Result::outcome)
        .containsExactly("2 put into bronze", "1 written, 0 deleted, 1 older than what silver has");
    assertThat(replay().run(ALL)).isEmpty();
    silver.carry(ORDERS.insert(4).at(40));

    assertThat(silver.rows("id", "status", "_kafka_offset"))
        .containsExactly(
            List.of(1, "new", 0L),
            List.of(2, "late", 2L),
            Arrays.asList(3, null, 3L),
            Arrays.asList(4, null, 4L));
  }

  @Test
  void eventOfATableWithoutKeyThatBronzeCouldNotReadIsThereOnce() {
    Changes log = ORDERS.key();
    silver.carry(log.insert(1).at(10));
    rejectInBronze(log.insert(2).at(20));
    silver.carry(log.insert(3).at(30));

    replay().run(ALL);
    silver.carry(log.insert(4).at(40));

    assertThat(silver.rows("id")).containsExactly(List.of(1), List.of(2), List.of(3), List.of(4));
  }

  @Test
  void eventOfBronzeThatSilverThenRejectsWaitsAmongTheRejectedRowsOfSilver() {
    silver.carry(ORDERS.insert(1).at(10));
    rejectInBronze(ORDERS.insert(2).at(20).set("qty", "x"));
    silver.carry(ORDERS.insert(3).at(30));

    List<Result> results = replay().run(ALL);

    assertThat(results.get(1).refused().get(0).reason()).isEqualTo(RejectReason.VALUE_UNREADABLE);
    assertThat(counts())
        .containsExactly(
            "NOT_AN_ENVELOPE 0 waiting, 1 replayed", "NOT_AN_ENVELOPE 1 waiting, 0 replayed");
  }

  @Test
  void eventThatSilverHasNotReachedWaits() {
    silver.carry(ORDERS.insert(1).at(10));
    rejectInBronze(ORDERS.insert(2).at(20));

    assertThat(replay().run(ALL).get(0).refused().get(0).detail())
        .isEqualTo("Silver has not folded that far yet");
  }

  @Test
  void replayThatDiedBeforeItsCommitIsDoneByTheNext() {
    conflictWithoutKey();
    take(41);

    assertThat(replay().run(ALL).get(0).accepted()).isEqualTo(2);

    assertThat(silver.rows("id")).containsExactly(List.of(1), List.of(2), List.of(2));
    assertThat(counts()).containsExactly("SCHEMA_CONFLICT 0 waiting, 2 replayed");
  }

  @Test
  void replayThatDiedAfterItsCommitIsNotedAndAddsNoRowTwice() {
    conflictWithoutKey();
    take(42);
    new SilverJob(
            lake.spark(),
            lake.tables(),
            new EventSchemas(lake.tables(), pipeline),
            new RejectedRows(lake.tables(), pipeline),
            pipeline,
            pipeline.tables().get(0))
        .prepareReplay(taken)
        .commit()
        .accept(42);

    assertThat(replay().run(ALL)).isEmpty();

    assertThat(silver.rows("id")).containsExactly(List.of(1), List.of(2), List.of(2));
    assertThat(counts()).containsExactly("SCHEMA_CONFLICT 0 waiting, 2 replayed");
  }

  @Test
  void rowsOfATableThatIsWrittenAllTheTimeAreReplayed() throws Exception {
    conflictWithoutKey();
    AtomicBoolean done = new AtomicBoolean();
    FutureTask<Integer> writing = new FutureTask<>(() -> write(done));
    new Thread(writing, "writer").start();

    try {
      assertThat(replay().run(ALL).get(0).accepted()).isEqualTo(2);
    } finally {
      done.set(true);
    }

    int written = writing.get();
    assertThat(written).as("batches of the writer").isPositive();
    assertThat(silver.rows("id")).filteredOn(List.of(3)::equals).hasSize(written);
    assertThat(silver.rows("id")).hasSize(written + 3);
  }

  /** Folds batch after batch, as the line does: one that meets another writer is run again. */
  private int write(AtomicBoolean done) {
    int batches = 0;
    while (!done.get()) {
      silver.feed(ORDERS.without("qty").key().insert(3).at(30L + batches));
      batches++;
      boolean folded = false;
      while (!folded) {
        try {
          silver.fold();
          folded = true;
        } catch (PipelineException e) {
          assertThat(e.code()).isEqualTo(FailureCode.CONCURRENT_WRITER);
        }
      }
    }
    return batches;
  }

  /** Rejects two equal rows of a table without a key, and removes what they were rejected for. */
  private void conflictWithoutKey() {
    silver.carry(ORDERS.key().insert(1).at(10));
    silver.carry(RETYPED.key().insert(2).at(20), RETYPED.key().insert(2).at(21));
    renameColumn();
  }

  /** Does what a replay does first, as one that dies then. */
  private void take(long replay) {
    RejectedRows rejected = new RejectedRows(lake.tables(), pipeline);
    String topic = pipeline.topic(pipeline.tables().get(0));
    taken = rejected.pending(lake.spark(), Stage.SILVER, topic);
    rejected.take(lake.spark(), Stage.SILVER, topic, taken, replay);
  }

  private Replay replay() {
    return new Replay(lake.spark(), pipeline);
  }

  private List<String> counts() {
    return new RejectedList(lake.spark(), pipeline)
        .counts(Set.of(), Set.of()).stream().map(ReplayTest::text).toList();
  }

  private static String text(Count count) {
    return "%s %d waiting, %d replayed"
        .formatted(count.reason(), count.waiting(), count.replayed());
  }

  private static long refused(List<Result> results) {
    return results.stream().mapToLong(result -> result.refused().size()).sum();
  }

  private void renameColumn() {
    lake.spark()
        .sql(
            "alter table %s rename column qty to qty_before"
                .formatted(pipeline.silver(pipeline.tables().get(0)).quoted()));
  }

  /** Rejects an event in bronze, and keeps it as it would be if a newer version could read it. */
  private void rejectInBronze(Event event) {
    silver.feed(ORDERS.unknown("x", 0));
    String rejected = pipeline.rejectedRows().quoted();
    lake.spark()
        .sql(
            "update %s set key = %s, value = unhex('%s') where stage = 'bronze' and _kafka_offset ="
                    .formatted(
                        rejected,
                        event.key() == null ? "null" : "unhex('" + hex(event.key()) + "')",
                        hex(event.value()))
                + " (select max(_kafka_offset) from %s where stage = 'bronze')"
                    .formatted(rejected));
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }
}
