/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.fixture.Changes;
import dev.cdclake.lake.SilverKey;
import dev.cdclake.silver.ColumnType.UnreadableValueException;
import dev.cdclake.silver.KeyFold.Rules;
import java.math.BigInteger;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.unsafe.types.UTF8String;
import org.junit.jupiter.api.Test;

class RowStateTest {

  private static final ObjectMapper JSON = new ObjectMapper();

  private static final ObjectNode NUMERIC =
      JSON.createObjectNode()
          .put("type", "struct")
          .put("name", "io.debezium.data.VariableScaleDecimal");

  private static final EventSchema EVENT =
      EventSchema.of(
          "RowStateTest",
          Changes.of("orders")
              .column("status", "string")
              .column("note", "string")
              .column("total", NUMERIC)
              .schema());

  private static final SilverSchema SILVER =
      new SilverSchema(SilverSchema.initial(EVENT), List.of("id"), true);

  private static final EventLayout LAID = new EventLayout(EVENT, SILVER);

  private static final RowState.Layout LAYOUT =
      new RowState.Layout(SILVER, new Rules(List.of(), false, false));

  private static final RowState.Layout PURGING =
      new RowState.Layout(SILVER, new Rules(List.of(), true, false));

  private static final String UNAVAILABLE = '"' + Changes.UNAVAILABLE + '"';

  private static final EventSchema NOTE =
      EventSchema.of("RowStateTest note", Changes.of("orders").column("note", "string").schema());

  private static final EventLayout LAID_NOTE = new EventLayout(NOTE, SILVER);

  // Values that are filled in.

  @Test
  void filledColumnLeavesTheRestOfTheRowAndItsLastChange() throws UnreadableValueException {
    RowState state = stateAt(200, "paid", UNAVAILABLE);

    assertThat(state.fill(filled(300), LAID_NOTE)).isTrue();

    Row row = state.folded().get(0);
    assertThat(value(row, "note")).isEqualTo("filled");
    assertThat(value(row, "status")).isEqualTo("paid");
    assertThat(value(row, ChangeColumns.LSN)).isEqualTo(200L);
    assertThat(value(row, ChangeColumns.OP)).isEqualTo("c");
    assertThat(flags(row)).isEmpty();
  }

  @Test
  void rowThatChangedSinceOrIsGoneIsNotFilled() throws UnreadableValueException {
    RowState changed = stateAt(400, "paid", "\"own\"");
    RowState deleted = stateAt(200, "paid", "\"own\"");
    deleted.apply(delete(250), LAID, null);

    assertThat(changed.fill(filled(300), LAID_NOTE)).isFalse();
    assertThat(deleted.fill(filled(300), LAID_NOTE)).isFalse();
    assertThat(RowState.unknown(LAYOUT).fill(filled(300), LAID_NOTE)).isFalse();

    assertThat(value(changed.folded().get(0), "note")).isEqualTo("own");
  }

  private static Change filled(long lsn) {
    return change("f", 1, lsn, false, 1, "{\"id\":3,\"note\":\"filled\"}");
  }

  // Rows whose values were not read.

  @Test
  void changeThatSaysAllOfTheRowReplacesOneThatWasNotReadWhole() throws UnreadableValueException {
    RowState state = RowState.current(LAYOUT, notWhole(200));

    assertThat(state.apply(insert(300, "paid", "\"n\""), LAID, null)).isTrue();

    Row row = state.folded().get(0);
    assertThat(value(row, "status")).isEqualTo("paid");
    assertThat(row.get(SILVER.columns().size() + FoldedRow.REPLACES_FILE)).isEqualTo("f.parquet");
    state.apply(delete(400), LAID, null);
    assertThat(value(state.folded().get(0), "status")).isEqualTo("paid");
  }

  @Test
  void changeThatLeavesValuesOutIsRefusedWhereTheRowWasNotReadWhole() {
    assertThatThrownBy(() -> RowState.current(LAYOUT, notWhole(200)).apply(delete(300), LAID, null))
        .hasMessageContaining("its values were not read");
    assertThatThrownBy(
            () ->
                RowState.current(LAYOUT, notWhole(200))
                    .apply(insert(300, "paid", UNAVAILABLE), LAID, null))
        .hasMessageContaining("its values were not read");
  }

  @Test
  void rowThatIsKnownByItsPlaceAloneIsReplacedByTheFirstChange() throws UnreadableValueException {
    RowState state = RowState.current(LAYOUT, new CurrentRow(null, "f.parquet", 17, false));

    assertThat(state.isBefore(insert(1, "paid", "\"n\""))).isTrue();
    assertThat(state.isAt(insert(1, "paid", "\"n\""))).isFalse();
    assertThat(state.isAfter(insert(1, "paid", "\"n\""))).isFalse();
    assertThatThrownBy(() -> state.apply(delete(300), LAID, null))
        .hasMessageContaining("its values were not read");
    assertThat(state.apply(insert(300, "paid", "\"n\""), LAID, null)).isTrue();
    assertThat(state.apply(insert(200, "late", "\"n\""), LAID, null)).isFalse();

    Row row = state.folded().get(0);
    assertThat(value(row, "status")).isEqualTo("paid");
    assertThat(row.get(SILVER.columns().size() + FoldedRow.REPLACES_FILE)).isEqualTo("f.parquet");
    assertThat(row.get(SILVER.columns().size() + FoldedRow.REPLACES_POSITION)).isEqualTo(17L);
  }

  @Test
  void rowThatIsKnownToBeOlderKeepsItsValuesWhenItIsDeleted() throws UnreadableValueException {
    RowState state = RowState.current(LAYOUT, withoutPosition());

    assertThat(state.isActive()).isTrue();
    assertThat(state.isBefore(delete(1))).isTrue();
    assertThat(state.apply(delete(300), LAID, null)).isTrue();

    Row row = state.folded().get(0);
    assertThat(value(row, "status")).isEqualTo("new");
    assertThat(value(row, "note")).isEqualTo("n");
    assertThat(value(row, ChangeColumns.IS_ACTIVE)).isEqualTo(false);
    assertThat(value(row, ChangeColumns.LSN)).isEqualTo(300L);
    assertThat(state.isBefore(insert(200, "late", "\"n\""))).isFalse();
  }

  @Test
  void rowKeepsAPositionOnlyIfItWasRead() throws UnreadableValueException {
    RowState state = RowState.current(LAYOUT, withoutPosition());

    assertThatThrownBy(state::foldedCovered).hasMessageContaining("it was not read");
    assertThatThrownBy(() -> state.fill(filled(100), LAID_NOTE))
        .hasMessageContaining("it was not read");
  }

  private static CurrentRow withoutPosition() throws UnreadableValueException {
    Row folded = stateAt(200, "new", "\"n\"").folded().get(0);
    Object[] values = new Object[SILVER.columns().size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = folded.get(i);
    }
    Set<String> read = Set.of(ChangeColumns.IS_ACTIVE, ChangeColumns.DQ_FLAGS, ChangeColumns.OP);
    for (String column : SILVER.columns().fieldNames()) {
      if (SilverKey.isOwn(column) && !read.contains(column)) {
        values[SILVER.columns().fieldIndex(column)] = null;
      }
    }
    return new CurrentRow(RowFactory.create(values), "f.parquet", 17, true);
  }

  private static CurrentRow notWhole(long lsn) throws UnreadableValueException {
    RowState state = stateAt(lsn, "new", "\"n\"");
    Row folded = state.folded().get(0);
    Object[] values = new Object[SILVER.columns().size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = folded.get(i);
    }
    values[SILVER.columns().fieldIndex("status")] = null;
    values[SILVER.columns().fieldIndex("note")] = null;
    values[SILVER.columns().fieldIndex("total")] = null;
    return new CurrentRow(RowFactory.create(values), "f.parquet", 17, false);
  }

  // Order.

  @Test
  void firstChangeOfAKeyBecomesItsRow() throws UnreadableValueException {
    RowState state = RowState.unknown(LAYOUT);

    assertThat(state.apply(insert(100, "new", "\"n\""), LAID, null)).isTrue();

    Row row = state.folded().get(0);
    assertThat(value(row, "id")).isEqualTo(3);
    assertThat(value(row, "status")).isEqualTo("new");
    assertThat(value(row, ChangeColumns.IS_ACTIVE)).isEqualTo(true);
    assertThat(value(row, ChangeColumns.OP)).isEqualTo("c");
    assertThat(value(row, ChangeColumns.LSN)).isEqualTo(100L);
    assertThat(value(row, ChangeColumns.TXID)).isEqualTo(700L);
    assertThat(value(row, ChangeColumns.COMMITTED_AT)).isEqualTo(Instant.EPOCH);
    assertThat(flags(row)).isEmpty();
    assertThat(state.isChanged()).isTrue();
  }

  @Test
  void olderChangeIsLeftOut() throws UnreadableValueException {
    RowState state = stateAt(200, "paid", "\"n\"");

    assertThat(state.apply(insert(199, "new", "\"n\""), LAID, null)).isFalse();

    assertThat(value(state.folded().get(0), "status")).isEqualTo("paid");
  }

  @Test
  void changeOfALaterEpochWinsOverAnyLsn() throws UnreadableValueException {
    RowState state = stateAt(9_000, "paid", "\"n\"");

    assertThat(state.apply(change("u", 2, 1, true, 0, after("back", "\"n\"")), LAID, null))
        .isTrue();
    assertThat(state.apply(insert(10_000, "late", "\"n\""), LAID, null)).isFalse();

    assertThat(value(state.folded().get(0), "status")).isEqualTo("back");
  }

  @Test
  void streamedChangeWinsOverASnapshotReadAtTheSameLsn() throws UnreadableValueException {
    RowState read = RowState.unknown(LAYOUT);
    read.apply(change("r", 1, 100, false, 50, after("read", "\"n\"")), LAID, null);

    assertThat(read.apply(change("u", 1, 100, true, 7, after("paid", "\"n\"")), LAID, null))
        .isTrue();
    assertThat(read.apply(change("r", 1, 100, false, 99, after("read", "\"n\"")), LAID, null))
        .isFalse();

    assertThat(value(read.folded().get(0), "status")).isEqualTo("paid");
    assertThat(value(read.folded().get(0), ChangeColumns.SNAPSHOT)).isEqualTo(false);
  }

  @Test
  void offsetDecidesBetweenChangesOfOneLsn() throws UnreadableValueException {
    RowState state = RowState.unknown(LAYOUT);
    state.apply(change("u", 1, 100, true, 8, after("second", "\"n\"")), LAID, null);

    assertThat(state.apply(change("u", 1, 100, true, 7, after("first", "\"n\"")), LAID, null))
        .isFalse();
    assertThat(state.apply(change("u", 1, 100, true, 9, after("third", "\"n\"")), LAID, null))
        .isTrue();

    assertThat(value(state.folded().get(0), "status")).isEqualTo("third");
  }

  @Test
  void sameEventDeliveredTwiceIsFoldedOnce() throws UnreadableValueException {
    Change change = change("u", 1, 100, true, 8, after("paid", "\"n\""));
    RowState state = RowState.unknown(LAYOUT);
    state.apply(change, LAID, null);

    assertThat(state.apply(change, LAID, null)).isFalse();
  }

  @Test
  void rowOfSilverThatNoChangeTouchesIsUnchanged() throws UnreadableValueException {
    RowState current = current(stateAt(200, "paid", "\"n\"").folded().get(0));

    current.apply(insert(100, "old", "\"n\""), LAID, null);

    assertThat(current.isChanged()).isFalse();
  }

  @Test
  void rowOfSilverKeepsItsPlaceForTheDelete() throws UnreadableValueException {
    RowState current = current(stateAt(200, "paid", "\"n\"").folded().get(0));

    current.apply(insert(300, "sent", "\"n\""), LAID, null);

    Row row = current.folded().get(0);
    assertThat(row.get(SILVER.columns().size() + FoldedRow.REPLACES_FILE)).isEqualTo("f.parquet");
    assertThat(row.get(SILVER.columns().size() + FoldedRow.REPLACES_POSITION)).isEqualTo(17L);
  }

  // Deletes.

  @Test
  void deletedRowKeepsItsLastValues() throws UnreadableValueException {
    RowState state = stateAt(100, "paid", "\"n\"");

    assertThat(state.apply(delete(200), LAID, null)).isTrue();

    Row row = state.folded().get(0);
    assertThat(value(row, ChangeColumns.IS_ACTIVE)).isEqualTo(false);
    assertThat(value(row, "status")).isEqualTo("paid");
    assertThat(value(row, ChangeColumns.OP)).isEqualTo("d");
    assertThat(value(row, ChangeColumns.LSN)).isEqualTo(200L);
    assertThat(stored(row)).isTrue();
  }

  @Test
  void deletedRowIsNotStoredWhenDeletesPurge() throws UnreadableValueException {
    RowState state = RowState.unknown(PURGING);
    state.apply(insert(100, "paid", "\"n\""), LAID, null);
    state.apply(delete(200), LAID, null);

    assertThat(stored(state.folded().get(0))).isFalse();
  }

  @Test
  void deleteOfAnUnknownKeyLeavesAnInactiveRowWithItsKey() throws UnreadableValueException {
    RowState state = RowState.unknown(LAYOUT);

    assertThat(state.apply(delete(200), LAID, null)).isTrue();

    Row row = state.folded().get(0);
    assertThat(value(row, "id")).isEqualTo(3);
    assertThat(value(row, "status")).isNull();
    assertThat(value(row, ChangeColumns.IS_ACTIVE)).isEqualTo(false);
    assertThat(flags(row)).isEmpty();
  }

  @Test
  void lateUpdateDoesNotResurrectADeletedRow() throws UnreadableValueException {
    RowState state = RowState.unknown(LAYOUT);
    state.apply(delete(200), LAID, null);

    assertThat(state.apply(insert(150, "late", "\"n\""), LAID, null)).isFalse();
    assertThat(state.isActive()).isFalse();
  }

  @Test
  void keyInsertedAgainAfterItsDeleteIsActive() throws UnreadableValueException {
    RowState state = stateAt(100, "paid", "\"n\"");
    state.apply(delete(200), LAID, null);
    state.apply(insert(201, "new", "null"), LAID, null);

    Row row = state.folded().get(0);
    assertThat(value(row, ChangeColumns.IS_ACTIVE)).isEqualTo(true);
    assertThat(value(row, "status")).isEqualTo("new");
    assertThat(value(row, "note")).isNull();
  }

  // Values that an event does not carry.

  @Test
  void unchangedToastValueIsKeptFromAnEarlierEventOfTheBatch() throws UnreadableValueException {
    RowState state = stateAt(100, "new", "\"long\"");

    state.apply(insert(200, "paid", UNAVAILABLE), LAID, null);

    assertThat(value(state.folded().get(0), "note")).isEqualTo("long");
    assertThat(value(state.folded().get(0), "status")).isEqualTo("paid");
    assertThat(flags(state.folded().get(0))).isEmpty();
  }

  @Test
  void unchangedToastValueIsKeptFromTheRowOfSilver() throws UnreadableValueException {
    RowState current = current(stateAt(100, "new", "\"long\"").folded().get(0));

    current.apply(insert(200, "paid", UNAVAILABLE), LAID, null);

    assertThat(value(current.folded().get(0), "note")).isEqualTo("long");
    assertThat(flags(current.folded().get(0))).isEmpty();
  }

  @Test
  void unchangedToastValueThatWasNeverSeenIsNullAndFlagged() throws UnreadableValueException {
    RowState state = RowState.unknown(LAYOUT);

    state.apply(insert(200, "paid", UNAVAILABLE), LAID, null);

    assertThat(value(state.folded().get(0), "note")).isNull();
    assertThat(flags(state.folded().get(0))).containsExactly("toast_unresolved:note");
  }

  @Test
  void unresolvedFlagStaysUntilTheValueIsSeen() throws UnreadableValueException {
    RowState state = RowState.unknown(LAYOUT);
    state.apply(insert(200, "paid", UNAVAILABLE), LAID, null);

    state.apply(insert(201, "sent", UNAVAILABLE), LAID, null);
    assertThat(flags(state.folded().get(0))).containsExactly("toast_unresolved:note");

    state.apply(insert(202, "sent", "\"seen\""), LAID, null);
    assertThat(value(state.folded().get(0), "note")).isEqualTo("seen");
    assertThat(flags(state.folded().get(0))).isEmpty();
  }

  @Test
  void unresolvedFlagOfTheRowOfSilverStays() throws UnreadableValueException {
    RowState unresolved = RowState.unknown(LAYOUT);
    unresolved.apply(insert(200, "paid", UNAVAILABLE), LAID, null);
    RowState current = current(unresolved.folded().get(0));

    current.apply(insert(300, "sent", UNAVAILABLE), LAID, null);

    assertThat(flags(current.folded().get(0))).containsExactly("toast_unresolved:note");
  }

  @Test
  void columnThatVanishedFromTheEventIsUnchanged() throws UnreadableValueException {
    RowState state = stateAt(100, "new", "\"long\"");

    state.apply(
        change("u", 1, 200, true, 1, "{\"id\":3,\"status\":\"paid\",\"total\":null}"), LAID, null);

    assertThat(value(state.folded().get(0), "note")).isEqualTo("long");
  }

  @Test
  void nullIsNeverTakenForUnchanged() throws UnreadableValueException {
    RowState state = stateAt(100, "new", "\"long\"");

    state.apply(insert(200, "paid", "null"), LAID, null);

    assertThat(value(state.folded().get(0), "note")).isNull();
    assertThat(flags(state.folded().get(0))).isEmpty();
  }

  @Test
  void movedKeyTakesUnchangedToastValuesFromItsOldKey() throws UnreadableValueException {
    RowState old = stateAt(100, "new", "\"long\"");
    old.apply(delete(200), LAID, null);
    RowState moved = RowState.unknown(LAYOUT);

    moved.apply(insert(200, "new", UNAVAILABLE), LAID, old);

    assertThat(value(moved.folded().get(0), "note")).isEqualTo("long");
    assertThat(flags(moved.folded().get(0))).isEmpty();
  }

  @Test
  void movedKeyWhoseOldRowIsUnknownIsFlagged() throws UnreadableValueException {
    RowState moved = RowState.unknown(LAYOUT);

    moved.apply(insert(200, "new", UNAVAILABLE), LAID, RowState.unknown(LAYOUT));

    assertThat(flags(moved.folded().get(0))).containsExactly("toast_unresolved:note");
  }

  // Values that the lake cannot hold.

  @Test
  void valueThatTheLakeCannotExpressIsNullAndFlagged() throws UnreadableValueException {
    RowState state = RowState.unknown(LAYOUT);

    state.apply(change("c", 1, 100, true, 1, afterTotal(tooLong())), LAID, null);

    assertThat(value(state.folded().get(0), "total")).isNull();
    assertThat(flags(state.folded().get(0))).containsExactly("unrepresentable:total");
  }

  @Test
  void unrepresentableFlagStaysWhileTheValueIsUnchanged() throws UnreadableValueException {
    RowState state = RowState.unknown(LAYOUT);
    state.apply(change("c", 1, 100, true, 1, afterTotal(tooLong())), LAID, null);

    state.apply(change("u", 1, 200, true, 2, afterTotal(UNAVAILABLE)), LAID, null);

    assertThat(flags(state.folded().get(0))).containsExactly("unrepresentable:total");
  }

  @Test
  void unreadableValueNamesItsColumnAndLeavesTheRowAsItWas() throws UnreadableValueException {
    RowState state = stateAt(100, "new", "\"n\"");
    Change poison = change("u", 1, 200, true, 2, "{\"id\":\"x\",\"status\":\"bad\",\"note\":null}");

    assertThatThrownBy(() -> state.apply(poison, LAID, null))
        .isInstanceOf(UnreadableValueException.class)
        .hasMessage("Column 'id': \"x\" is not a value of type INT");

    assertThat(value(state.folded().get(0), "status")).isEqualTo("new");
    assertThat(value(state.folded().get(0), ChangeColumns.LSN)).isEqualTo(100L);
  }

  // A transaction that ran while the snapshot was read.

  @Test
  void changeBehindTheReadWinsThoughItWasWrittenBeforeTheReadsPosition()
      throws UnreadableValueException {
    RowState state = RowState.unknown(LAYOUT);
    state.apply(change("r", 1, 300, false, 10, after("read", "null")), LAID, null);

    assertThat(state.apply(change("u", 1, 150, true, 12, after("paid", "null")), LAID, null))
        .isTrue();
    assertThat(value(state.folded().get(0), "status")).isEqualTo("paid");
  }

  @Test
  void readBeforeTheChangeLosesThoughItsPositionIsGreater() throws UnreadableValueException {
    RowState state = RowState.unknown(LAYOUT);
    state.apply(change("u", 1, 150, true, 12, after("paid", "null")), LAID, null);

    assertThat(state.apply(change("r", 1, 300, false, 10, after("read", "null")), LAID, null))
        .isFalse();
    assertThat(value(state.folded().get(0), "status")).isEqualTo("paid");
  }

  @Test
  void readBehindAnOlderChangeWins() throws UnreadableValueException {
    RowState state = stateAt(100, "new", "null");

    assertThat(state.apply(change("r", 1, 300, false, 10, after("read", "null")), LAID, null))
        .isTrue();
    assertThat(value(state.folded().get(0), "status")).isEqualTo("read");
  }

  // TRUNCATE.

  @Test
  void truncateEndsAnOlderRowAndKeepsItsLastValues() throws UnreadableValueException {
    RowState state = stateAt(100, "new", "\"n\"");

    state.truncate(new Truncation(1, 150, 701L, Instant.EPOCH.plusSeconds(9), "t"));

    Row row = state.folded().get(0);
    assertThat(value(row, ChangeColumns.IS_ACTIVE)).isEqualTo(false);
    assertThat(value(row, "status")).isEqualTo("new");
    assertThat(value(row, ChangeColumns.OP)).isEqualTo("t");
    assertThat(value(row, ChangeColumns.LSN)).isEqualTo(150L);
    assertThat(value(row, ChangeColumns.TXID)).isEqualTo(701L);
    assertThat(value(row, ChangeColumns.COMMITTED_AT)).isEqualTo(Instant.EPOCH.plusSeconds(9));
  }

  @Test
  void truncateSparesANewerRow() throws UnreadableValueException {
    RowState state = stateAt(200, "new", "\"n\"");

    state.truncate(new Truncation(1, 150, 701L, Instant.EPOCH, "t"));

    assertThat(state.isActive()).isTrue();
  }

  @Test
  void truncateOfAnEarlierEpochSparesTheRow() throws UnreadableValueException {
    RowState state = RowState.unknown(LAYOUT);
    state.apply(change("c", 2, 10, true, 1, after("new", "null")), LAID, null);

    state.truncate(new Truncation(1, 9_999, 701L, Instant.EPOCH, "t"));

    assertThat(state.isActive()).isTrue();
  }

  @Test
  void truncateLeavesARowThatEndedBeforeAsItWas() throws UnreadableValueException {
    RowState state = stateAt(100, "new", "\"n\"");
    state.apply(delete(120), LAID, null);

    state.truncate(new Truncation(1, 150, 701L, Instant.EPOCH, "t"));

    assertThat(value(state.folded().get(0), ChangeColumns.OP)).isEqualTo("d");
    assertThat(value(state.folded().get(0), ChangeColumns.LSN)).isEqualTo(120L);
  }

  private static RowState stateAt(long lsn, String status, String note)
      throws UnreadableValueException {
    RowState state = RowState.unknown(LAYOUT);
    state.apply(insert(lsn, status, note), LAID, null);
    return state;
  }

  private static RowState current(Row folded) {
    Object[] values = new Object[SILVER.columns().size()];
    for (int i = 0; i < values.length; i++) {
      Object value = folded.get(i);
      // Spark hands arrays of a row out as Scala sequences.
      values[i] =
          value instanceof Object[] array
              ? scala.jdk.javaapi.CollectionConverters.asScala(List.of(array)).toSeq()
              : value;
    }
    return RowState.current(
        LAYOUT, new CurrentRow(RowFactory.create(values), "f.parquet", 17, true));
  }

  private static Change insert(long lsn, String status, String note) {
    return change("c", 1, lsn, true, 1, after(status, note));
  }

  private static Change delete(long lsn) {
    return change("d", 1, lsn, true, 1, null);
  }

  private static String after(String status, String note) {
    return "{\"id\":3,\"status\":\"%s\",\"note\":%s,\"total\":null}".formatted(status, note);
  }

  private static String afterTotal(String total) {
    return "{\"id\":3,\"status\":\"new\",\"note\":null,\"total\":%s}".formatted(total);
  }

  private static String tooLong() {
    try {
      return "{\"scale\":0,\"value\":%s}"
          .formatted(JSON.writeValueAsString(BigInteger.TEN.pow(25).toByteArray()));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Change change(
      String op, int epoch, long lsn, boolean streamed, long offset, String after) {
    return new Change(
        "1:3",
        null,
        epoch,
        lsn,
        streamed,
        0,
        offset,
        op,
        700L,
        Instant.EPOCH,
        "RowStateTest",
        UTF8String.fromString("{\"id\":3}"),
        null,
        UTF8String.fromString(after));
  }

  private static Object value(Row row, String column) {
    return row.get(SILVER.columns().fieldIndex(column));
  }

  private static Object[] flags(Row row) {
    return (Object[]) value(row, ChangeColumns.DQ_FLAGS);
  }

  private static boolean stored(Row row) {
    return row.getBoolean(SILVER.columns().size() + FoldedRow.STORED);
  }
}
