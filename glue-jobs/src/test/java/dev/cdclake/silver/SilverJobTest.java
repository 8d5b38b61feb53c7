/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.PipelineException;
import dev.cdclake.fixture.Changes;
import dev.cdclake.fixture.Changes.Event;
import dev.cdclake.fixture.SparkTest;
import dev.cdclake.fixture.TestLake;
import dev.cdclake.lake.ExpectationCounts;
import dev.cdclake.lake.Position;
import dev.cdclake.lake.Progress;
import dev.cdclake.runtime.StageReport;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.iceberg.Snapshot;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Silver's job on bronze that tests made up. Half of the tests fold without tasks, as few changes
 * are, the others in tasks, as many are; {@code -Dfew.changes=0} lets all of them fold in tasks.
 */
@SparkTest
class SilverJobTest {

  private static final Changes ORDERS =
      Changes.of("orders").column("status", "string").column("note", "string");

  private TestLake lake;
  private SilverRun silver;

  private long fewChanges;

  @BeforeEach
  void openSilver(TestLake lake, TestInfo test) {
    this.lake = lake;
    this.fewChanges =
        Long.getLong("few.changes", test.getDisplayName().hashCode() % 2 == 0 ? Long.MAX_VALUE : 0);
    this.silver = silver("");
  }

  // What a batch makes of the rows.

  /** So many that, folded without tasks, several threads share them. */
  @Test
  void manyChangesAreEachFoldedIntoTheRowOfTheirKey() {
    fewChanges = Long.MAX_VALUE;
    silver = silver("");
    int rows = 3_000;
    silver.carry(
        IntStream.rangeClosed(1, rows)
            .mapToObj(id -> ORDERS.insert(id).at(id).set("status", "new").set("note", "n" + id))
            .toArray(Event[]::new));

    StageReport report =
        silver.carry(
            IntStream.rangeClosed(1, rows)
                .boxed()
                .flatMap(id -> changes(id, rows))
                .toArray(Event[]::new));

    assertThat(List.of(report.read(), report.written(), report.deleted()))
        .containsExactly(2L * rows, 2L * rows - rows / 5, rows / 5L);
    List<List<Object>> expected =
        IntStream.rangeClosed(1, rows)
            .mapToObj(
                id -> List.<Object>of(id, id % 5 == 0 ? "paid" : "sent", "n" + id, id % 5 != 0))
            .sorted(Comparator.comparing(List::toString))
            .toList();
    assertThat(silver.rows("id", "status", "note", "is_active")).isEqualTo(expected);
  }

  /** Tasks take what this process has no room for: the changes, or the rows that they find. */
  @ParameterizedTest
  @ValueSource(longs = {0, 2_000_000})
  void changesWithoutRoomInMemoryAreFoldedByTasks(long left) {
    fewChanges = Long.MAX_VALUE;
    silver = silver("");
    String note = "n".repeat(1_000);
    silver.carry(
        IntStream.rangeClosed(1, 1_500)
            .mapToObj(id -> ORDERS.insert(id).at(id).set("status", "new").set("note", note))
            .toArray(Event[]::new));

    try (Room other = new Room()) {
      other.take(Room.free() - left);
      StageReport report =
          silver.carry(
              IntStream.rangeClosed(1, 1_500)
                  .mapToObj(id -> ORDERS.delete(id).at(2_000 + id))
                  .toArray(Event[]::new));

      assertThat(List.of(report.read(), report.deleted())).containsExactly(1_500L, 1_500L);
      assertThat(Room.free()).isEqualTo(left);
    }
    assertThat(silver.rows("count(*)", "min(note)", "max(note)", "max(is_active)", "min(_lsn)"))
        .containsExactly(List.of(1_500L, note, note, false, 2_001L));
  }

  /** An update, and behind it another one, or a delete of every fifth row, which has no values. */
  private static Stream<Event> changes(int id, int rows) {
    Event paid = ORDERS.update(id).at(rows + id).set("status", "paid").set("note", "n" + id);
    Event last =
        id % 5 == 0
            ? ORDERS.delete(id).at(3L * rows + id)
            : ORDERS.update(id).at(3L * rows + id).set("status", "sent").unavailable("note");
    return Stream.of(paid, last);
  }

  @Test
  void changeThatWasRunningWhenItsRowWasReadKeepsTheLargeValueThatWasRead() {
    // The change lies before the read in the log, and was committed behind it.
    silver.carry(
        ORDERS.read(1).at(100).set("status", "new").set("note", "long"),
        ORDERS.update(1).at(90).set("status", "paid").unavailable("note"));

    assertThat(silver.rows("status", "note", "dq_flags"))
        .containsExactly(List.of("paid", "long", List.of()));
  }

  @Test
  void changeThatTheReadHasSeenDoesNotComeAgain() {
    silver.carry(
        ORDERS.update(1).at(90).set("status", "paid").unavailable("note"),
        ORDERS.read(1).at(100).set("status", "sent").set("note", "long"));

    assertThat(silver.rows("status", "note", "dq_flags"))
        .containsExactly(List.of("sent", "long", List.of()));
  }

  @Test
  void truncateBetweenTwoReadsEndsWhatIsOlder() {
    silver.carry(
        ORDERS.read(1).at(100).set("status", "new"),
        ORDERS.insert(2).at(110),
        ORDERS.truncate().at(120),
        ORDERS.insert(2).at(130),
        ORDERS.read(3).at(140),
        ORDERS.insert(1).at(150).set("status", "again"));

    assertThat(silver.rows("id", "is_active"))
        .containsExactly(List.of(1, true), List.of(2, true), List.of(3, true));
  }

  @Test
  void nothingHappensBeforeTheFirstEvent() {
    assertThat(silver.fold()).isEmpty();
  }

  @Test
  void tableThatWasMadeWithOtherColumnsFollowsItsFirstEvent() {
    silver.makeEmpty("note int32", "gone string");

    silver.carry(ORDERS.insert(1).at(10).set("status", "new").set("note", "text"));

    assertThat(silver.table().schema().columns())
        .extracting(column -> column.name() + " " + column.type())
        .startsWith("id int", "status string", "note string", "is_active boolean")
        .doesNotContain("gone string");
    assertThat(silver.rows("id", "status", "note")).containsExactly(List.of(1, "new", "text"));
  }

  @Test
  void insertsUpdatesAndDeletesOfOneBatchLeaveOneRowPerKey() {
    StageReport report =
        silver.carry(
            ORDERS.insert(1).at(10).set("status", "new"),
            ORDERS.insert(2).at(11).set("status", "new"),
            ORDERS.update(1).at(12).set("status", "paid"),
            ORDERS.delete(2).at(13));

    assertThat(silver.rows("id", "status", "is_active", "_lsn"))
        .containsExactly(List.of(1, "paid", true, 12L), List.of(2, "new", false, 13L));
    assertThat(List.of(report.read(), report.written(), report.deleted()))
        .containsExactly(4L, 3L, 1L);
  }

  @Test
  void rowsReplacedInLaterBatchesStillAreOnePerKey() {
    silver.carry(ORDERS.insert(1).at(10).set("status", "new"), ORDERS.insert(2).at(11));
    silver.carry(ORDERS.update(1).at(20).set("status", "paid"));
    silver.carry(ORDERS.update(1).at(30).set("status", "sent"), ORDERS.insert(3).at(31));

    assertThat(silver.rows("id", "status"))
        .containsExactly(List.of(1, "sent"), Arrays.asList(2, null), Arrays.asList(3, null));
    assertThat(silver.table().currentSnapshot().summary()).containsKey("total-position-deletes");
  }

  @Test
  void rowDeletedWithPurgeIsGone() {
    SilverRun purging = silver("    on-delete: purge");
    purging.carry(ORDERS.insert(1).at(10), ORDERS.insert(2).at(11));
    purging.carry(ORDERS.delete(1).at(20));

    assertThat(purging.rows("id", "is_active")).containsExactly(List.of(2, true));
  }

  @Test
  void secondRunHasNothingToDo() {
    silver.carry(ORDERS.insert(1).at(10));
    long snapshot = silver.table().currentSnapshot().snapshotId();

    assertThat(silver.fold()).isEmpty();

    assertThat(silver.table().currentSnapshot().snapshotId()).isEqualTo(snapshot);
  }

  @Test
  void severalBatchesOfBronzeAreFoldedTogether() {
    silver.feed(ORDERS.insert(1).at(10).set("note", "long"));
    silver.feed(ORDERS.update(1).at(20).set("status", "paid").unavailable("note"));

    assertThat(silver.fold().orElseThrow().read()).isEqualTo(2);
    assertThat(silver.rows("id", "status", "note", "dq_flags"))
        .containsExactly(List.of(1, "paid", "long", List.of()));
  }

  @Test
  void batchOfOldChangesAloneMovesTheProgressAndNoRow() {
    silver.carry(ORDERS.insert(1).at(100).set("status", "paid"));

    StageReport report = silver.carry(ORDERS.update(1).at(50).set("status", "old"));

    assertThat(report.superseded()).isEqualTo(1);
    assertThat(silver.rows("id", "status")).containsExactly(List.of(1, "paid"));
    assertThat(silver.fold()).isEmpty();
  }

  @Test
  void outcomesAddUpToWhatWasRead() {
    silver.carry(ORDERS.insert(1).at(100));

    StageReport report =
        silver.carry(
            ORDERS.update(1).at(110),
            ORDERS.update(1).at(90),
            ORDERS.delete(1).at(120),
            ORDERS.insert("x").at(130));

    assertThat(report.read()).isEqualTo(4);
    assertThat(List.of(report.written(), report.superseded(), report.deleted(), report.rejected()))
        .containsExactly(1L, 1L, 1L, 1L);
  }

  @Test
  void batchDeliveredTwiceLeavesTheRowsAsTheyWere() {
    Changes.Event[] batch = {
      ORDERS.insert(1).at(10).set("status", "new"), ORDERS.update(1).at(20).set("status", "paid")
    };
    silver.carry(batch);

    StageReport report = silver.carry(batch);

    // At the LSN of the row the greater offset wins, with the same values; below it nothing does.
    assertThat(List.of(report.written(), report.superseded())).containsExactly(1L, 1L);
    assertThat(silver.rows("id", "status", "_lsn")).containsExactly(List.of(1, "paid", 20L));
  }

  @Test
  void unchangedToastValueComesFromTheRowOfSilver() {
    silver.carry(ORDERS.insert(1).at(10).set("note", "long"));
    silver.carry(ORDERS.update(1).at(20).set("status", "paid").unavailable("note"));

    assertThat(silver.rows("id", "status", "note", "dq_flags"))
        .containsExactly(List.of(1, "paid", "long", List.of()));
  }

  @Test
  void keyDeletedAndInsertedAgainInOneTransactionIsPresent() {
    silver.carry(ORDERS.insert(1).at(10).set("status", "first"));
    silver.carry(ORDERS.delete(1).at(20), ORDERS.insert(1).at(21).set("status", "second"));

    assertThat(silver.rows("id", "status", "is_active"))
        .containsExactly(List.of(1, "second", true));
  }

  @Test
  void tableWithoutKeyHasOneRowPerInsert() {
    Changes log = ORDERS.key();
    silver.carry(log.insert(1).at(10), log.insert(1).at(11));
    silver.carry(log.insert(2).at(12));

    assertThat(silver.rows("id")).containsExactly(List.of(1), List.of(1), List.of(2));
  }

  @Test
  void changesOfATableWithoutKeyFindTheirRowsInSilver() {
    Changes log = ORDERS.key();
    silver.carry(
        log.insert(1).at(10).set("note", "n"),
        log.insert(1).at(11).set("note", "n"),
        log.insert(2).at(12),
        log.insert(3).at(13));
    StageReport report =
        silver.carry(
            log.update(1).at(20).set("note", "n").set("status", "paid").was("status", null),
            log.delete(2).at(21),
            log.delete(9).at(22));

    assertThat(silver.rows("id", "status", "is_active"))
        .containsExactly(
            Arrays.asList(1, null, true),
            Arrays.asList(1, "paid", true),
            Arrays.asList(2, null, false),
            Arrays.asList(3, null, true));
    assertThat(List.of(report.read(), report.written(), report.deleted(), report.rejected()))
        .containsExactly(3L, 1L, 1L, 1L);
    assertThat(silver.rejected().get(0).<String>getAs("reason")).isEqualTo("ROW_NOT_FOUND");
  }

  @Test
  void rowsWithoutKeyAreFoundByDatesAndTimes() {
    Changes log =
        ORDERS
            .key()
            .column("at", "string", "io.debezium.time.ZonedTimestamp")
            .column("day", "int32", "io.debezium.time.Date")
            .column("local", "int64", "io.debezium.time.MicroTimestamp");
    String at = "1582-10-10T03:04:05.000006Z";
    long day = LocalDate.of(1582, 10, 10).toEpochDay();
    silver.carry(
        log.insert(1).at(10).set("at", at).set("day", day).set("local", day * 1_000_000),
        log.insert(2).at(11).set("at", at).set("day", day).set("local", day * 1_000_000));
    StageReport report =
        silver.carry(
            log.delete(1).at(20).set("at", at).set("day", day).set("local", day * 1_000_000));

    assertThat(report.rejected()).isZero();
    assertThat(silver.rows("id", "is_active", "day"))
        .containsExactly(
            List.of(1, false, LocalDate.of(1582, 10, 10)),
            List.of(2, true, LocalDate.of(1582, 10, 10)));
  }

  @Test
  void rowWithoutKeyIsFoundAlthoughTheTableGotAColumnInTheSameBatch() {
    Changes log = ORDERS.key();
    Changes wider = log.column("tag", "string");
    silver.carry(log.insert(1).at(10), log.insert(2).at(11));
    silver.carry(
        log.delete(1).at(20), wider.insert(3).at(21).set("tag", "t"), wider.delete(2).at(22));

    assertThat(silver.rows("id", "tag", "is_active"))
        .containsExactly(
            Arrays.asList(1, null, false), Arrays.asList(2, null, false), List.of(3, "t", true));
  }

  @Test
  void updateOfATableWithoutKeyWhoseRowIsMissingAddsTheNewRowAndRejectsTheOld() {
    Changes log = ORDERS.key();
    StageReport report =
        silver.carry(log.update(1).at(20).set("status", "paid").was("status", "new"));

    assertThat(silver.rows("id", "status")).containsExactly(List.of(1, "paid"));
    assertThat(List.of(report.read(), report.written(), report.rejected()))
        .containsExactly(1L, 0L, 1L);
  }

  // Updates of the key.

  @Test
  void movedKeyTakesUnchangedValuesFromItsOldRowInSilver() {
    silver.carry(ORDERS.insert(1).at(10).set("note", "long"));
    silver.carry(ORDERS.delete(1).at(20), ORDERS.insert(2).movedFrom(1).at(20).unavailable("note"));

    assertThat(silver.rows("id", "note", "is_active", "dq_flags"))
        .containsExactly(List.of(1, "long", false, List.of()), List.of(2, "long", true, List.of()));
  }

  @Test
  void keyMovedTwiceInOneBatchStillFindsItsValues() {
    silver.carry(ORDERS.insert(1).at(10).set("note", "long"));
    silver.carry(
        ORDERS.delete(1).at(20),
        ORDERS.insert(2).movedFrom(1).at(20).unavailable("note"),
        ORDERS.delete(2).at(30),
        ORDERS.insert(3).movedFrom(2).at(30).unavailable("note"));

    assertThat(silver.rows("id", "note", "is_active"))
        .containsExactly(
            List.of(1, "long", false), List.of(2, "long", false), List.of(3, "long", true));
  }

  @Test
  void movedKeyWhoseOldRowIsUnknownIsFlagged() {
    silver.carry(ORDERS.insert(2).movedFrom(1).at(20).unavailable("note"));

    assertThat(silver.rows("id", "note", "dq_flags"))
        .containsExactly(Arrays.asList(2, null, List.of("toast_unresolved:note")));
  }

  // TRUNCATE.

  @Test
  void truncateEndsOlderRowsAndSparesNewerOnes() {
    silver.carry(ORDERS.insert(1).at(10), ORDERS.insert(2).at(11));

    StageReport report =
        silver.carry(ORDERS.insert(3).at(15), ORDERS.truncate().at(20), ORDERS.insert(2).at(30));

    assertThat(silver.rows("id", "is_active", "_op"))
        .containsExactly(List.of(1, false, "t"), List.of(2, true, "c"), List.of(3, false, "t"));
    assertThat(report.read()).isEqualTo(2);
    assertThat(Progress.of(silver.table(), Stage.SILVER).truncated())
        .isEqualTo(new Position(1, 20));
  }

  @Test
  void eventOlderThanATruncateEndsHoweverLateItArrives() {
    silver.carry(ORDERS.insert(1).at(10), ORDERS.truncate().at(20));

    silver.carry(ORDERS.insert(2).at(15).set("status", "late"));

    assertThat(silver.rows("id", "is_active"))
        .containsExactly(List.of(1, false), List.of(2, false));
  }

  @Test
  void keyInsertedAgainAfterATruncateIsActive() {
    silver.carry(ORDERS.insert(1).at(10).set("note", "old"), ORDERS.truncate().at(20));
    silver.carry(ORDERS.insert(1).at(30).set("note", "new"));

    assertThat(silver.rows("id", "note", "is_active")).containsExactly(List.of(1, "new", true));
  }

  @Test
  void tableWhoseFirstEventIsATruncateWaitsForARow() {
    silver.feed(ORDERS.truncate().at(5));
    assertThat(silver.fold()).isEmpty();

    silver.carry(ORDERS.insert(1).at(10));

    assertThat(silver.rows("id", "is_active")).containsExactly(List.of(1, true));
  }

  // Columns.

  @Test
  void addedColumnEvolvesTheTable() {
    silver.carry(ORDERS.insert(1).at(10));
    Changes wider = ORDERS.column("total", "int64");

    silver.carry(ORDERS.insert(2).at(20), wider.insert(3).at(30).set("total", 9));

    assertThat(silver.rows("id", "total"))
        .containsExactly(Arrays.asList(1, null), Arrays.asList(2, null), List.of(3, 9L));
  }

  @Test
  void widenedColumnEvolvesTheTable() {
    silver.carry(ORDERS.column("n", "int32").insert(1).at(10).set("n", 7));
    silver.carry(
        ORDERS.column("n", "int32").update(1).at(15).set("n", 8),
        ORDERS.column("n", "int64").insert(2).at(20).set("n", Long.MAX_VALUE));

    assertThat(silver.rows("id", "n")).containsExactly(List.of(1, 8L), List.of(2, Long.MAX_VALUE));
  }

  @Test
  void widenedKeyColumnStillFindsItsRow() {
    silver.carry(ORDERS.insert(1).at(10).set("status", "new"));
    silver.carry(ORDERS.column("id", "int64").update(1).at(20).set("status", "paid"));

    assertThat(silver.rows("id", "status")).containsExactly(List.of(1L, "paid"));
  }

  @Test
  void droppedColumnStaysInTheTable() {
    silver.carry(ORDERS.insert(1).at(10).set("note", "long"));
    silver.carry(ORDERS.without("note").insert(2).at(20));

    assertThat(silver.rows("id", "note"))
        .containsExactly(List.of(1, "long"), Arrays.asList(2, null));
  }

  @Test
  void retypedColumnRejectsItsRowsAndTheOthersGoOn() {
    silver.carry(ORDERS.column("n", "int32").insert(1).at(10).set("n", 7));

    StageReport report =
        silver.carry(
            ORDERS.column("n", "string").insert(2).at(20).set("n", "seven"),
            ORDERS.column("n", "int32").insert(3).at(21).set("n", 8));

    assertThat(report.rejected()).isEqualTo(1);
    assertThat(silver.rows("id", "n")).containsExactly(List.of(1, 7), List.of(3, 8));
    Row rejected = silver.rejected().get(0);
    assertThat(rejected.<String>getAs("reason")).isEqualTo("SCHEMA_CONFLICT");
    assertThat(rejected.<String>getAs("detail"))
        .isEqualTo("Column 'n' is STRING in the event and INT in the table");
  }

  @Test
  void sourceColumnNamedLikeOneOfOursIsKeptUnderAnotherName() {
    silver.carry(ORDERS.column("is_active", "boolean").insert(1).at(10).set("is_active", false));

    assertThat(silver.rows("id", "is_active", "source_is_active"))
        .containsExactly(List.of(1, true, false));
  }

  // Quality.

  @Test
  void rowThatBreaksAnExpectationIsKeptAndFlagged() {
    SilverRun checked =
        silver("    expect:", "      has_status: \"status <> ''\"", "      small: \"id < 10\"");

    checked.carry(
        ORDERS.insert(1).at(10).set("status", "new"),
        ORDERS.insert(2).at(11).set("status", ""),
        ORDERS.insert(30).at(12));

    assertThat(checked.rows("id", "dq_flags"))
        .containsExactly(
            List.of(1, List.of()),
            List.of(2, List.of("has_status")),
            List.of(30, List.of("has_status", "small")));
  }

  @Test
  void flagGoesWhenTheRowIsPutRight() {
    SilverRun checked = silver("    expect:", "      has_status: \"status <> ''\"");
    checked.carry(ORDERS.insert(1).at(10));
    checked.carry(ORDERS.update(1).at(20).set("status", "paid"));

    assertThat(checked.rows("id", "dq_flags")).containsExactly(List.of(1, List.of()));
  }

  @Test
  void flagsOfExpectationsStandBesideThoseOfLostValues() {
    SilverRun checked = silver("    expect:", "      has_status: \"status <> ''\"");

    checked.carry(ORDERS.update(1).at(10).unavailable("note"));

    assertThat(checked.rows("dq_flags"))
        .containsExactly(List.of(List.of("toast_unresolved:note", "has_status")));
  }

  @Test
  void rowThatBreaksAQuarantiningExpectationKeepsItsLastVersionThatHolds() {
    SilverRun checked = quarantining("status <> ''");
    checked.carry(ORDERS.insert(1).at(10).set("status", "new"));

    StageReport report = checked.carry(ORDERS.update(1).at(20).set("status", ""));

    assertThat(checked.rows("is_active", "id", "status", "_lsn", "dq_flags"))
        .containsExactly(
            List.of(false, 1, "", 20L, List.of("fine", "quarantined")),
            List.of(true, 1, "new", 10L, List.of()));
    assertThat(List.of(report.read(), report.written(), report.rejected()))
        .containsExactly(1L, 0L, 1L);
    Row rejected = checked.rejected().get(0);
    assertThat(rejected.<String>getAs("reason")).isEqualTo("EXPECTATION_BROKEN");
    assertThat(rejected.<String>getAs("detail")).isEqualTo("The row breaks fine");
    assertThat(new String(rejected.<byte[]>getAs("key"), StandardCharsets.UTF_8))
        .isEqualTo("{\"id\":1}");
    assertThat(new String(rejected.<byte[]>getAs("value"), StandardCharsets.UTF_8))
        .contains("\"status\":\"\"");
  }

  @Test
  void versionThatHoldsReplacesTheRowAndTheOneHeldBack() {
    SilverRun checked = quarantining("status <> ''");
    checked.carry(ORDERS.insert(1).at(10).set("status", "new").set("note", "old"));
    checked.carry(ORDERS.update(1).at(20).set("status", "").set("note", "from held back"));

    checked.carry(ORDERS.update(1).at(30).set("status", "paid").unavailable("note"));

    assertThat(checked.rows("id", "status", "note", "is_active", "dq_flags"))
        .containsExactly(List.of(1, "paid", "from held back", true, List.of()));
  }

  @Test
  void rowsDoNotDependOnHowTheirVersionsFallIntoBatches() {
    Changes.Event[] versions = {
      ORDERS.insert(1).at(10).set("status", "new"),
      ORDERS.update(1).at(20).set("status", "paid"),
      ORDERS.update(1).at(30).set("status", ""),
      ORDERS.insert(2).at(31).set("status", "new"),
      ORDERS.delete(2).at(32),
      ORDERS.insert(2).at(33).set("status", ""),
    };
    SilverRun one = quarantining("status <> ''");
    StageReport report = one.carry(versions);
    SilverRun each =
        silver(
            lake.pipeline(
                "tables:",
                "  - name: orders",
                "    as: others",
                "    expect:",
                "      fine: {condition: \"status <> ''\", on-break: quarantine}"));
    for (Changes.Event version : versions) {
      each.carry(version);
    }

    String[] columns = {"id", "status", "is_active", "_lsn", "dq_flags"};
    assertThat(one.rows(columns)).isEqualTo(each.rows(columns));
    assertThat(one.rows(columns))
        .containsExactly(
            List.of(1, "", false, 30L, List.of("fine", "quarantined")),
            List.of(1, "paid", true, 20L, List.of()),
            List.of(2, "", false, 33L, List.of("fine", "quarantined")),
            List.of(2, "new", false, 32L, List.of()));
    assertThat(List.of(report.read(), report.written(), report.deleted(), report.rejected()))
        .containsExactly(6L, 3L, 1L, 2L);
  }

  @Test
  void rowHeldBackFromItsBeginningAppearsWhenItHolds() {
    SilverRun checked = quarantining("status <> ''");
    checked.carry(ORDERS.insert(1).at(10).set("status", ""));
    assertThat(checked.rows("id", "is_active")).containsExactly(List.of(1, false));

    checked.carry(ORDERS.update(1).at(20).set("status", "new"));

    assertThat(checked.rows("id", "is_active", "dq_flags"))
        .containsExactly(List.of(1, true, List.of()));
  }

  @Test
  void deletedRowEndsTogetherWithItsVersionHeldBack() {
    SilverRun checked = quarantining("status <> ''");
    checked.carry(ORDERS.insert(1).at(10).set("status", "new"));
    checked.carry(ORDERS.update(1).at(20).set("status", ""));

    checked.carry(ORDERS.delete(1).at(30));

    assertThat(checked.rows("id", "is_active", "_op", "dq_flags"))
        .containsExactly(List.of(1, false, "d", List.of()));
  }

  @Test
  void changeOlderThanAVersionHeldBackIsLeftOut() {
    SilverRun checked = quarantining("status <> ''");
    checked.carry(ORDERS.insert(1).at(10).set("status", "new"));
    checked.carry(ORDERS.update(1).at(30).set("status", ""));

    StageReport report = checked.carry(ORDERS.update(1).at(20).set("status", "late"));

    assertThat(report.superseded()).isEqualTo(1);
    assertThat(checked.rows("is_active", "status"))
        .containsExactly(List.of(false, ""), List.of(true, "new"));
  }

  @Test
  void brokenExpectationThatStopsCommitsNothingUntilTheRowIsPutRight() {
    SilverRun checked = silver("    expect:", "      fine: {condition: id < 10, on-break: stop}");
    checked.carry(ORDERS.insert(1).at(10));
    long before = checked.table().currentSnapshot().snapshotId();

    checked.feed(ORDERS.insert(2).at(20), ORDERS.insert(30).at(21));

    assertThatThrownBy(checked::fold)
        .isInstanceOf(PipelineException.class)
        .hasMessageContaining("1 rows break expectation 'fine' (id < 10)")
        .hasMessageContaining("the row with id=30");
    assertThat(checked.table().currentSnapshot().snapshotId()).isEqualTo(before);
    checked.feed(ORDERS.delete(30).at(30));
    checked.fold();
    assertThat(checked.rows("id", "is_active"))
        .containsExactly(List.of(1, true), List.of(2, true), List.of(30, false));
  }

  @Test
  void whatExpectationsFoundIsCountedOncePerBatch() {
    Pipeline pipeline =
        lake.pipeline(
            "tables:",
            "  - name: orders",
            "    expect:",
            "      small: id < 10",
            "      fine: {condition: \"status <> ''\", on-break: quarantine}");
    SilverRun checked = silver(pipeline);
    ExpectationCounts counts = new ExpectationCounts(lake.tables(), pipeline);
    checked.carry(ORDERS.insert(1).at(10).set("status", "new"), ORDERS.insert(20).at(11));
    counts.collect();
    counts.collect();
    checked.carry(ORDERS.update(1).at(20).set("status", "paid"), ORDERS.delete(20).at(21));
    checked.carry(ORDERS.insert(2).at(30).set("status", "new"));
    new ExpectationCounts(lake.tables(), pipeline).collect();

    assertThat(
            lake.spark()
                .table(pipeline.expectationCounts().quoted())
                .orderBy("checked_at", "expectation")
                .select("table", "expectation", "severity", "checked", "broken")
                .collectAsList())
        .extracting(Row::mkString)
        .containsExactly(
            "ordersfinequarantine21",
            "orderssmallflag21",
            "ordersfinequarantine10",
            "orderssmallflag10",
            "ordersfinequarantine10",
            "orderssmallflag10");
  }

  @Test
  void unreadableValueIsRejectedWithItsCoordinatesAndTheLineGoesOn() {
    Changes counted = ORDERS.column("n", "int32");
    StageReport report =
        silver.carry(
            counted.insert(1).at(10).set("n", 5),
            counted.insert(2).at(11).set("n", "five"),
            counted.insert(3).at(12).set("n", 6));

    assertThat(report.rejected()).isEqualTo(1);
    assertThat(silver.rows("id", "n")).containsExactly(List.of(1, 5), List.of(3, 6));
    Row rejected = silver.rejected().get(0);
    assertThat(rejected.<String>getAs("reason")).isEqualTo("VALUE_UNREADABLE");
    assertThat(rejected.<String>getAs("detail"))
        .isEqualTo("Column 'n': \"five\" is not a value of type INT");
    assertThat(rejected.<Integer>getAs("_kafka_partition")).isZero();
    assertThat(rejected.<Long>getAs("_kafka_offset")).isEqualTo(1);
    assertThat(new String(rejected.<byte[]>getAs("key"), StandardCharsets.UTF_8))
        .isEqualTo("{\"id\":2}");
    assertThat(new String(rejected.<byte[]>getAs("value"), StandardCharsets.UTF_8))
        .contains("\"n\":\"five\"");
  }

  @Test
  void unreadableUpdateLeavesTheRowAsItWas() {
    Changes counted = ORDERS.column("n", "int32");
    silver.carry(counted.insert(1).at(10).set("n", 5));
    silver.carry(counted.update(1).at(20).set("n", "six"), counted.update(1).at(30).set("n", 7));

    assertThat(silver.rows("id", "n", "_lsn")).containsExactly(List.of(1, 7, 30L));
  }

  @Test
  void valueThatTheLakeCannotHoldIsNullAndFlagged() {
    Changes priced = ORDERS.column("price", "struct", "io.debezium.data.VariableScaleDecimal");

    silver.carry(
        priced
            .insert(1)
            .at(10)
            .set("price", Map.of("scale", 0, "value", BigInteger.TEN.pow(30).toByteArray())));

    assertThat(silver.rows("price", "dq_flags"))
        .containsExactly(Arrays.asList(null, List.of("unrepresentable:price")));
  }

  @Test
  void keyMissingFromAnEventOfAKeyedTableIsRejected() {
    silver.carry(ORDERS.insert(1).at(10));

    silver.carry(ORDERS.key().insert(2).at(20));

    assertThat(silver.rows("id")).containsExactly(List.of(1));
    assertThat(silver.rejected().get(0).<String>getAs("reason")).isEqualTo("KEY_MISSING");
  }

  // Progress.

  @Test
  void changesBehindAnExpiredSnapshotOfBronzeAreNeitherLostNorDoubled() {
    Changes log = ORDERS.key();
    silver.carry(log.insert(1).at(10), log.insert(2).at(11));
    silver.feed(log.insert(3).at(12));
    silver.feed(log.insert(4).at(13));
    expireAllButTheNewest();

    StageReport report = silver.fold().orElseThrow();

    assertThat(report.read()).isEqualTo(2);
    assertThat(silver.rows("id")).containsExactly(List.of(1), List.of(2), List.of(3), List.of(4));
    assertThat(silver.fold()).isEmpty();
  }

  @Test
  void truncateBehindAnExpiredSnapshotOfBronzeIsStillABarrier() {
    silver.carry(ORDERS.insert(1).at(10));
    silver.feed(ORDERS.truncate().at(20));
    silver.feed(ORDERS.insert(2).movedFrom(7).at(30));
    expireAllButTheNewest();

    silver.fold();

    assertThat(silver.rows("id", "is_active")).containsExactly(List.of(1, false), List.of(2, true));
  }

  @Test
  void compactionOfBronzeBringsNoChangeTwice() {
    Changes log = ORDERS.key();
    silver.carry(log.insert(1).at(10));
    silver.feed(log.insert(2).at(11));
    rewriteBronze();
    silver.feed(log.insert(3).at(12));

    silver.fold();

    assertThat(silver.rows("id")).containsExactly(List.of(1), List.of(2), List.of(3));
  }

  @Test
  void rejectedRowsOfABatchThatDiedBeforeItsCommitAreKeptOnce() {
    Changes counted = ORDERS.column("n", "int32");
    silver.carry(counted.insert(1).at(10));
    long before = silver.table().currentSnapshot().snapshotId();
    silver.carry(counted.insert(2).at(20).set("n", "bad"), counted.insert(3).at(21));
    // As if the commit of the rows had not landed, but that of the rejected rows had.
    silver.table().manageSnapshots().rollbackTo(before).commit();

    silver.fold();

    assertThat(silver.rows("id")).containsExactly(List.of(1), List.of(3));
    assertThat(silver.rejected()).hasSize(1);
  }

  @Test
  void ownColumnsHaveTheirDocumentedTypes() {
    silver.carry(ORDERS.insert(1).at(10));

    assertThat(SilverSchema.OWN.fields())
        .allSatisfy(
            field ->
                assertThat(
                        lake.spark()
                            .table(silver.table().name())
                            .schema()
                            .apply(field.name())
                            .dataType()
                            .sameType(field.dataType()))
                    .isTrue());
    assertThat(SilverSchema.OWN.apply(ChangeColumns.LSN).dataType()).isEqualTo(DataTypes.LongType);
  }

  private SilverRun quarantining(String condition) {
    return silver(
        "    expect:",
        "      fine: {condition: \"%s\", on-break: quarantine}".formatted(condition));
  }

  private SilverRun silver(String... settings) {
    String[] lines = new String[settings.length + 2];
    lines[0] = "tables:";
    lines[1] = "  - name: orders";
    System.arraycopy(settings, 0, lines, 2, settings.length);
    return silver(lake.pipeline(lines));
  }

  private SilverRun silver(Pipeline pipeline) {
    return new SilverRun(lake, pipeline, pipeline.tables().get(0), fewChanges);
  }

  private void expireAllButTheNewest() {
    Snapshot newest = silver.bronze().currentSnapshot();
    silver
        .bronze()
        .expireSnapshots()
        .expireOlderThan(newest.timestampMillis() + 1)
        .retainLast(1)
        .commit();
    assertThat(silver.bronze().snapshots()).hasSize(1);
  }

  private void rewriteBronze() {
    String name = silver.bronze().name().replace("lake.", "");
    lake.spark()
        .sql(
            "call lake.system.rewrite_data_files(table => '%s', options => map('rewrite-all', 'true'))"
                .formatted(name));
    assertThat(silver.bronze().currentSnapshot().operation()).isEqualTo("replace");
  }
}
