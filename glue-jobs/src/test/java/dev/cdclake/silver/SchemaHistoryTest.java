/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.failure.PipelineException;
import dev.cdclake.fixture.Changes;
import dev.cdclake.fixture.SparkTest;
import dev.cdclake.fixture.TestLake;
import dev.cdclake.silver.SchemaHistory.LakeColumn;
import dev.cdclake.silver.SchemaHistory.Version;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@SparkTest
class SchemaHistoryTest {

  private static final Changes ITEMS = Changes.of("items").column("name", "string");

  private TestLake lake;
  private Pipeline pipeline;
  private SilverRun silver;

  @BeforeEach
  void openSilver(TestLake lake) {
    this.lake = lake;
    this.pipeline = lake.pipeline("tables:", "  - name: items", "    renames: {name: label}");
    this.silver = new SilverRun(lake, pipeline);
  }

  @Test
  void everyVersionSaysWhereItBeganAndWhatChanged() {
    Changes renamed = Changes.of("items").column("label", "string").column("n", "int32");
    Changes widened = renamed.column("n", "int64");
    silver.carry(ITEMS.insert(1).at(16), ITEMS.insert(2).at(17));
    silver.carry(renamed.insert(3).at(32));
    silver.carry(
        widened.insert(4).at(48), widened.without("label").column("n", "string").insert(5).at(64));

    assertThat(history().versions())
        .extracting(Version::lsn, Version::event, Version::events, Version::changes)
        .containsExactly(
            tuple("0/10", "0:0", 2, "2 columns: id, name"),
            tuple("0/20", "0:2", 1, "name renamed to label", "n added: int"),
            tuple("0/30", "0:3", 1, "n changed from int to bigint: the column follows"),
            tuple(
                "0/40",
                "0:4",
                1,
                "n changed from bigint to string: conflicts with bigint, such rows are rejected",
                "label dropped"));
    assertThat(history().columns())
        .containsExactly(
            new LakeColumn(1, "id", "int", true),
            new LakeColumn(2, "label", "string", false),
            new LakeColumn(14, "n", "bigint", true));
  }

  @Test
  void columnsThatCameBackAreAVersionOfTheirOwn() {
    Changes more = ITEMS.column("n", "int32");
    silver.carry(
        ITEMS.insert(1).at(16),
        more.insert(2).at(32),
        more.insert(3).at(33),
        ITEMS.insert(4).at(48));

    assertThat(history().versions())
        .extracting(Version::lsn, Version::events, Version::changes)
        .containsExactly(
            org.assertj.core.api.Assertions.tuple("0/10", 1L, List.of("2 columns: id, name")),
            org.assertj.core.api.Assertions.tuple("0/20", 2L, List.of("n added: int")),
            org.assertj.core.api.Assertions.tuple("0/30", 1L, List.of("n dropped")));
  }

  @Test
  void tableWithoutEventsHasNoHistory() {
    SchemaHistory history =
        SchemaHistory.of(
            lake.spark(), lake.pipeline("tables: [{name: others}]"), pipeline.tables().get(0));

    assertThat(history.versions()).isEmpty();
  }

  @Test
  void retypedColumnTakesTheNewTypeAndTheOldOneKeepsItsValues() {
    Changes counted = ITEMS.column("n", "int32");
    Changes dated = ITEMS.column("n", "int32", "io.debezium.time.Date");
    silver.carry(counted.insert(1).at(10).set("n", 7));
    silver.carry(dated.insert(2).at(20).set("n", 1));

    String aside = ColumnRetype.run(lake.spark(), pipeline, pipeline.tables().get(0), "n");
    silver.carry(dated.insert(3).at(30).set("n", 1), counted.update(1).at(15).set("n", 8));

    assertThat(aside).isEqualTo("n_int");
    assertThat(silver.rows("id", "n_int", "string(n)"))
        .containsExactly(Arrays.asList(1, 8, null), Arrays.asList(3, null, "1970-01-02"));
  }

  @Test
  void columnThatTakesTheNewestChangesIsNotRetyped() {
    silver.carry(ITEMS.insert(1).at(10));

    assertThatThrownBy(
            () -> ColumnRetype.run(lake.spark(), pipeline, pipeline.tables().get(0), "name"))
        .isInstanceOf(PipelineException.class)
        .hasMessageContaining("as string it takes the newest changes (string) already");
  }

  private SchemaHistory history() {
    return SchemaHistory.of(lake.spark(), pipeline, pipeline.tables().get(0));
  }

  private static org.assertj.core.groups.Tuple tuple(
      String lsn, String event, long events, String... changes) {
    return org.assertj.core.api.Assertions.tuple(lsn, event, events, List.of(changes));
  }
}
