/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.line;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.FailureCode;
import dev.cdclake.failure.PipelineException;
import dev.cdclake.failure.Remedy;
import dev.cdclake.fixture.Changes;
import dev.cdclake.fixture.FaultyDriver;
import dev.cdclake.fixture.FaultyDriver.Fault;
import dev.cdclake.fixture.SparkTest;
import dev.cdclake.fixture.TestLake;
import dev.cdclake.lake.Progress;
import dev.cdclake.silver.SilverRun;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Commits whose outcome is not told: the catalog is a real one, the connection to it fails. */
@SparkTest
class UnknownOutcomeTest {

  private static final Changes ORDERS =
      Changes.of("orders").column("user_id", "int32").column("amount", "int32");

  /** Lets the look for the commit fail, too, and the first try of the next batch. */
  private static final int STATEMENTS_WHILE_GONE = 3;

  private TestLake lake;
  private Pipeline pipeline;
  private SilverRun silver;

  @BeforeEach
  void openLake(TestLake shared) {
    this.lake = shared.behindFaultyCatalog();
    this.pipeline = lake.pipeline("tables:", "  - name: orders");
    this.silver = new SilverRun(lake, pipeline);
    lake.model(
        "by_user",
        "select user_id, count(*) as orders from silver.orders group by user_id",
        "key: [user_id]",
        "refresh: incremental",
        "touched-by: {silver.orders: user_id}",
        "columns: {user_id: {type: int}, orders: {type: bigint}}");
    silver.feed(order(1, 10), order(2, 10));
    run();
  }

  @ParameterizedTest
  @EnumSource(Fault.class)
  void silverGoesOnByItselfAndHasEveryRowOnce(Fault fault) {
    silver.feed(order(3, 20), ORDERS.update(1).at(500).set("user_id", 30).set("amount", 1));
    fail("orders", fault);

    run();

    assertThat(FaultyDriver.isOver()).isTrue();
    assertThat(rows(pipeline.silver(pipeline.tables().get(0)), "id", "user_id"))
        .containsExactlyInAnyOrder(List.of(1, 30), List.of(2, 10), List.of(3, 20));
    assertThat(commits(pipeline.silver(pipeline.tables().get(0)))).isEqualTo(2);
  }

  @ParameterizedTest
  @EnumSource(Fault.class)
  void goldGoesOnByItselfAndHasEveryRowOnce(Fault fault) {
    silver.feed(order(3, 20), order(4, 10));
    fail("by_user", fault);

    run();

    assertThat(FaultyDriver.isOver()).isTrue();
    assertThat(rows(pipeline.gold("by_user"), "user_id", "orders"))
        .containsExactlyInAnyOrder(List.of(10, 3L), List.of(20, 1L));
    assertThat(commits(pipeline.gold("by_user"))).isEqualTo(2);
  }

  @ParameterizedTest
  @EnumSource(Fault.class)
  void rejectedRowIsThereOnce(Fault fault) {
    silver.feed(
        order(3, 20),
        Changes.of("orders").column("user_id", "string").insert(4).at(4).set("user_id", "x"));
    fail("_rejected_rows", fault);

    run();

    assertThat(FaultyDriver.isOver()).isTrue();
    assertThat(rows(pipeline.rejectedRows(), "reason", "_kafka_offset"))
        .containsExactly(List.of("SCHEMA_CONFLICT", 3L));
    assertThat(rows(pipeline.silver(pipeline.tables().get(0)), "id")).hasSize(3);
  }

  @ParameterizedTest
  @EnumSource(
      value = Fault.class,
      names = {"ANSWER_LOST", "ANSWER_LATE"})
  void bronzeFindsItsCommit(Fault fault) {
    fail("orders", fault);

    silver.feed(order(3, 20));

    assertThat(bronzeOffset()).isEqualTo(3);
    assertThat(rows(bronze(), "_kafka_offset")).hasSize(3);
  }

  @ParameterizedTest
  @EnumSource(
      value = Fault.class,
      names = {"GONE_AFTER", "GONE_BEFORE"})
  void bronzesProgressTellsTheNextBatchWhetherItsCommitLanded(Fault fault) {
    FaultyDriver.failNext("orders", fault, 2);

    PipelineException failure =
        catchThrowableOfType(PipelineException.class, () -> silver.feed(order(3, 20)));

    assertThat(failure.code()).isEqualTo(FailureCode.COMMIT_UNKNOWN);
    assertThat(failure.code().remedy()).isEqualTo(Remedy.CHECK_THEN_RERUN);
    assertThat(failure)
        .hasMessageStartingWith("Cannot tell whether a commit to table")
        .hasMessageContaining("No file was deleted.");
    long landed = fault == Fault.GONE_AFTER ? 1 : 0;
    assertThat(bronzeOffset()).isEqualTo(2 + landed);
    assertThat(rows(bronze(), "_kafka_offset")).hasSize((int) (2 + landed));
  }

  @Test
  void schemaIsStoredOnceWhenTheAnswerIsLost() {
    fail("_event_schemas", Fault.ANSWER_LOST);

    silver.feed(ORDERS.column("note", "string").insert(3).at(3));
    run();

    assertThat(rows(pipeline.eventSchemas(), "fingerprint")).hasSize(2).doesNotHaveDuplicates();
    assertThat(rows(pipeline.silver(pipeline.tables().get(0)), "id", "note")).hasSize(3);
  }

  private static void fail(String table, Fault fault) {
    FaultyDriver.failNext(table, fault, STATEMENTS_WHILE_GONE);
  }

  private void run() {
    try (LakeLine line = new LakeLine(lake.spark(), pipeline, report -> {})) {
      line.runAvailable(Set.of(Stage.SILVER, Stage.GOLD));
    }
  }

  private LakeTable bronze() {
    return pipeline.bronze(pipeline.tables().get(0));
  }

  private long bronzeOffset() {
    Table table = lake.tables().find(bronze()).orElseThrow();
    Map<Integer, Long> offsets =
        Progress.of(table, Stage.BRONZE).offsets(pipeline.topic(pipeline.tables().get(0)));
    return offsets.get(0);
  }

  private long commits(LakeTable name) {
    List<Snapshot> snapshots = new ArrayList<>();
    lake.tables().find(name).orElseThrow().snapshots().forEach(snapshots::add);
    return snapshots.size();
  }

  private List<List<Object>> rows(LakeTable table, String... columns) {
    List<List<Object>> rows = new ArrayList<>();
    for (Row row : lake.spark().table(table.quoted()).selectExpr(columns).collectAsList()) {
      List<Object> cells = new ArrayList<>();
      for (int i = 0; i < row.size(); i++) {
        cells.add(row.get(i));
      }
      rows.add(cells);
    }
    return rows;
  }

  private static Changes.Event order(int id, int user) {
    return ORDERS.insert(id).at(id * 100L + user).set("user_id", user).set("amount", 1);
  }
}
