/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.TableName;
import dev.cdclake.fixture.SparkTest;
import dev.cdclake.fixture.TestLake;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;

@SparkTest
class FindingsTest {

  private static final StructType SOURCE =
      new StructType().add("key", DataTypes.StringType).add("digest", DataTypes.StringType);
  private static final StructType SILVER =
      SOURCE
          .add("active", DataTypes.BooleanType)
          .add("later", DataTypes.BooleanType)
          .add("held", DataTypes.BooleanType)
          .add("took", DataTypes.BooleanType);

  @Test
  void equalRowThatSilverHasTwiceIsExtra(TestLake lake) {
    assertThat(
            finding(
                lake,
                List.of(RowFactory.create("1", "a")),
                List.of(
                    RowFactory.create("1", "a", true, false, false, false),
                    RowFactory.create("1", "a", true, false, false, false))))
        .isEqualTo("extra");
  }

  @Test
  void equalRowIsEqual(TestLake lake) {
    assertThat(
            finding(
                lake,
                List.of(RowFactory.create("1", "a")),
                List.of(RowFactory.create("1", "a", true, false, false, false))))
        .isEqualTo("equal");
  }

  @Test
  void rowWithOtherValuesIsDifferent(TestLake lake) {
    assertThat(
            finding(
                lake,
                List.of(RowFactory.create("1", "a")),
                List.of(RowFactory.create("1", "b", true, false, false, false))))
        .isEqualTo("different");
  }

  @Test
  void rowsWithoutAKeyAreCountedOnBothSides(TestLake lake) {
    Dataset<Row> source =
        lake.spark().createDataFrame(List.of(row("a"), row("a"), row("a"), row("b")), SOURCE);
    Dataset<Row> silver =
        lake.spark()
            .createDataFrame(List.of(activeRow("a"), activeRow("b"), activeRow("b")), SILVER);

    TableVerdict verdict =
        Findings.asMultiset(SourceTable.of(TableName.parse("t")), source, silver, List.of());

    assertThat(List.of(verdict.sourceRows(), verdict.silverRows())).containsExactly(4L, 3L);
    assertThat(List.of(verdict.missing(), verdict.extra())).containsExactly(2L, 1L);
  }

  @Test
  void rowsWithoutAKeyThatWereTakenSinceExplainAsManyMissingOnes(TestLake lake) {
    Dataset<Row> source =
        lake.spark().createDataFrame(List.of(row("a"), row("b"), row("c"), row("d")), SOURCE);
    Row deleted = RowFactory.create("a", "a", false, true, false, true);
    Row updated = RowFactory.create("x", "x", true, true, false, true);
    Dataset<Row> silver =
        lake.spark().createDataFrame(List.of(deleted, updated, activeRow("c")), SILVER);

    TableVerdict verdict =
        Findings.asMultiset(SourceTable.of(TableName.parse("t")), source, silver, List.of());

    // b or d was updated; the other one is missing.
    assertThat(List.of(verdict.missing(), verdict.extra(), verdict.changedSince()))
        .containsExactly(1L, 0L, 2L);
  }

  private static Row row(String digest) {
    return RowFactory.create(digest, digest);
  }

  private static Row activeRow(String digest) {
    return RowFactory.create(digest, digest, true, false, false, false);
  }

  @Test
  void rowThatSilverEndedIsMissing(TestLake lake) {
    assertThat(
            finding(
                lake,
                List.of(RowFactory.create("1", "a")),
                List.of(RowFactory.create("1", "a", false, false, false, false))))
        .isEqualTo("missing");
  }

  @Test
  void rowThatTheSourceLacksIsExtra(TestLake lake) {
    assertThat(
            finding(
                lake, List.of(), List.of(RowFactory.create("1", "a", true, false, false, false))))
        .isEqualTo("extra");
  }

  @Test
  void rowChangedSinceTheMomentIsLeftOut(TestLake lake) {
    assertThat(
            finding(
                lake,
                List.of(RowFactory.create("1", "a")),
                List.of(RowFactory.create("1", "b", true, true, false, false))))
        .isEqualTo("later");
  }

  @Test
  void rowWhoseNewestVersionIsHeldBackAndEqualIsQuarantined(TestLake lake) {
    assertThat(
            finding(
                lake,
                List.of(RowFactory.create("1", "b")),
                List.of(
                    RowFactory.create("1", "a", true, false, false, false),
                    RowFactory.create("1", "b", false, false, true, false))))
        .isEqualTo("quarantined");
  }

  @Test
  void rowWhoseVersionHeldBackIsNotTheSourcesIsDifferent(TestLake lake) {
    assertThat(
            finding(
                lake,
                List.of(RowFactory.create("1", "a")),
                List.of(
                    RowFactory.create("1", "a", true, false, false, false),
                    RowFactory.create("1", "b", false, false, true, false))))
        .isEqualTo("different");
  }

  @Test
  void rowHeldBackThatTheSourceLacksIsExtra(TestLake lake) {
    assertThat(
            finding(
                lake, List.of(), List.of(RowFactory.create("1", "a", false, false, true, false))))
        .isEqualTo("extra");
  }

  @Test
  void missingRowThatTheSourceMeanwhileLacksTooIsLeftOut(TestLake lake) {
    Dataset<Row> findings =
        Findings.byKey(
            lake.spark().createDataFrame(List.of(RowFactory.create("1", "a")), SOURCE),
            lake.spark().createDataFrame(List.of(), SILVER));

    assertThat(
            Findings.gone(findings, lake.spark().createDataFrame(List.of(), SOURCE))
                .head()
                .getString(1))
        .isEqualTo("later");
  }

  private static String finding(TestLake lake, List<Row> source, List<Row> silver) {
    return Findings.byKey(
            lake.spark().createDataFrame(source, SOURCE),
            lake.spark().createDataFrame(silver, SILVER))
        .head()
        .getString(1);
  }
}
