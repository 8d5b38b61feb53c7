/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.failure.PipelineException;
import dev.cdclake.fixture.Changes;
import dev.cdclake.fixture.SparkTest;
import dev.cdclake.fixture.TestLake;
import dev.cdclake.silver.SilverRun;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;

@SparkTest
class CheckJobTest {

  private static final Changes USERS = Changes.of("users").column("email", "string");
  private static final Changes ORDERS = Changes.of("orders").column("user_id", "int32");

  @Test
  void valueThatTwoActiveRowsHaveIsNotUnique(TestLake lake) {
    Pipeline pipeline =
        lake.pipeline("tables:", "  - name: users", "    checks: {unique: [email]}");
    new SilverRun(lake, pipeline)
        .carry(
            USERS.insert(1).at(10).set("email", "ada"),
            USERS.insert(2).at(11).set("email", "ada"),
            USERS.insert(3).at(12).set("email", "bob"),
            USERS.insert(4).at(13),
            USERS.insert(5).at(14),
            USERS.insert(6).at(15).set("email", "bob"),
            USERS.delete(6).at(16));

    assertThat(run(lake, pipeline))
        .extracting(CheckResult::check, CheckResult::checked, CheckResult::broken)
        .containsExactly(tuple("unique email", 3L, 2L));
    assertThat(run(lake, pipeline).get(0).examples()).containsExactly("email=ada in 2 rows");
  }

  @Test
  void referenceToARowThatIsNotActiveIsBroken(TestLake lake) {
    Pipeline pipeline = shop(lake);
    new SilverRun(lake, pipeline, pipeline.tables().get(0))
        .carry(USERS.insert(1).at(10), USERS.insert(2).at(11), USERS.delete(2).at(12));
    new SilverRun(lake, pipeline, pipeline.tables().get(1))
        .carry(
            ORDERS.insert(1).at(10).set("user_id", 1),
            ORDERS.insert(2).at(11).set("user_id", 2),
            ORDERS.insert(3).at(12));

    CheckResult result = run(lake, pipeline).get(0);

    assertThat(List.of(result.checked(), result.broken())).containsExactly(2L, 1L);
    assertThat(result.examples()).containsExactly("id=2 has user_id 2");
  }

  @Test
  void tableWithoutAChangeForTooLongIsNotFresh(TestLake lake) {
    Pipeline pipeline =
        lake.pipeline("tables:", "  - name: users", "    checks: {fresh-within: 15m}");
    SilverRun users = new SilverRun(lake, pipeline);
    users.carry(USERS.insert(1).at(10));

    assertThat(run(lake, pipeline).get(0).holds()).isFalse();

    users.carry(USERS.insert(2).at(11).source("ts_us", System.currentTimeMillis() * 1000));
    assertThat(run(lake, pipeline).get(0).holds()).isTrue();
  }

  @Test
  void rowsThatAreNotOnTheirWayAreMissed(TestLake lake) {
    Pipeline pipeline = lake.pipeline("tables:", "  - name: users");
    new SilverRun(lake, pipeline).carry(USERS.insert(1).at(10), USERS.insert(2).at(11));
    CheckJob job = new CheckJob(lake.spark(), pipeline);

    assertThat(job.run(Map.of("users", 2L)).get(0).holds()).isTrue();
    assertThat(job.run(Map.of("users", 5L)).get(0).broken()).isEqualTo(3);
  }

  @Test
  void resultsAreKeptBesideTheCountsOfExpectations(TestLake lake) {
    Pipeline pipeline =
        lake.pipeline(
            "tables:",
            "  - name: users",
            "    expect: {has_email: email is not null}",
            "    checks: {unique: [email]}");
    new SilverRun(lake, pipeline).carry(USERS.insert(1).at(10));

    run(lake, pipeline);
    run(lake, pipeline);

    assertThat(
            lake.spark()
                .sql(
                    "select expectation, severity, count(*), sum(broken) from "
                        + pipeline.expectationCounts().quoted()
                        + " group by all order by 1")
                .collectAsList())
        .extracting(Row::mkString)
        .containsExactly("has_emailflag11", "unique emailcheck20");
  }

  @Test
  void checkOfAColumnThatIsNotThereIsRefusedInWords(TestLake lake) {
    Pipeline pipeline = lake.pipeline("tables:", "  - name: users", "    checks: {unique: [mail]}");
    new SilverRun(lake, pipeline).carry(USERS.insert(1).at(10));

    assertThatThrownBy(() -> run(lake, pipeline))
        .isInstanceOf(PipelineException.class)
        .hasMessageStartingWith("Cannot check table 'silver.users': ")
        .hasMessageEndingWith("Correct 'checks' in pipeline.yaml.");
  }

  private static Pipeline shop(TestLake lake) {
    return lake.pipeline(
        "tables:",
        "  - name: users",
        "  - name: orders",
        "    checks: {references: {user_id: users.id}}");
  }

  private static List<CheckResult> run(TestLake lake, Pipeline pipeline) {
    return new CheckJob(lake.spark(), pipeline).run(Map.of());
  }
}
