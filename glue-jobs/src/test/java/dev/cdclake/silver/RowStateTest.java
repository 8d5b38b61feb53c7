/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.fixture.Changes;
import dev.cdclake.silver.ColumnType.UnreadableValueException;
import dev.cdclake.silver.KeyFold.Rules;
import java.math.BigInteger;
import java.time.Instant;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
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

  private static final RowState.Layout LAYOUT =
      new RowState.Layout(SILVER, new Rules(List.of(), false, false));

  private static final RowState.Layout PURGING =
      new RowState.Layout(SILVER, new Rules(List.of(), true, false));

  private static final String UNAVAILABLE = '"' + Changes.UNAVAILABLE + '"';

  private static final EventSchema NOTE =
      EventSchema.of("RowStateTest note", Changes.of("orders").column("note", "string").schema());

  // Values that are filled in.

  @Test
  void filledColumnLeavesTheRestOfTheRowAndItsLastChange() throws UnreadableValueException {
    RowState state = stateAt(200, "paid", UNAVAILABLE);

    assertThat(state.fill(filled(300), NOTE)).isTrue();

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
    deleted.apply(delete(250), EVENT, null);

    assertThat(changed.fill(filled(300), NOTE)).isFalse();
    assertThat(deleted.fill(filled(300), NOTE)).isFalse();
    assertThat(RowState.unknown(LAYOUT).fill(filled(300), NOTE)).isFalse();

    assertThat(value(changed.folded().get(0), "note")).isEqualTo("own");
  }

  private static Row filled(long lsn) {
    return change("f", 1, lsn, false, 1, "{\"id\":3,\"note\":\"filled\"}");
  }

  // Rows whose values were not read.

  @Test
  void changeThatSaysAllOfTheRowReplacesOneThatWasNotReadWhole() throws UnreadableValueException {
    RowState state = RowState.current(LAYOUT, notWhole(200));

    assertThat(state.apply(insert(300, "paid", "\"n\""), EVENT, null)).isTrue();

    Row row = state.folded().get(0);
    assertThat(value(row, "status")).isEqualTo("paid");
    assertThat(row.get(FoldedRow.at(SILVER, FoldedRow.REPLACES_FILE))).isEqualTo("f.parquet");
    state.apply(delete(400), EVENT, null);
    assertThat(value(state.folded().get(0), "status")).isEqualTo("paid");
  }

  @Test
  void changeThatLeavesValuesOutIsRefusedWhereTheRowWasNotReadWhole() {
    assertThatThrownBy(
            () -> RowState.current(LAYOUT, notWhole(200)).apply(delete(300), EVENT, null))
        .hasMessageContaining("its values were not read");
    assertThatThrownBy(
            () ->
                RowState.current(LAYOUT, notWhole(200))
                    .apply(insert(300, "paid", UNAVAILABLE), EVENT, null))
        .hasMessageContaining("its values were not read");
  }

  @Test
  void rowThatIsKnownByItsPlaceAloneIsReplacedByTheFirstChange() throws UnreadableValueException {
    RowState state = RowState.current(LAYOUT, new CurrentRow(null, "f.parquet", 17, false));

    assertThat(state.isBefore(insert(1, "paid", "\"n\""))).isTrue();
    assertThat(state.isAt(insert(1, "paid", "\"n\""))).isFalse();
    assertThat(state.isAfter(insert(1, "paid", "\"n\""))).isFalse();
    assertThatThrownBy(() -> state.apply(delete(300), EVENT, null))
        .hasMessageContaining("its values were not read");
    assertThat(state.apply(insert(300, "paid", "\"n\""), EVENT, null)).isTrue();
    assertThat(state.apply(insert(200, "late", "\"n\""), EVENT, null)).isFalse();

    Row row = state.folded().get(0);
    assertThat(value(row, "status")).isEqualTo("paid");
    assertThat(row.get(FoldedRow.at(SILVER, FoldedRow.REPLACES_FILE))).isEqualTo("f.parquet");
    assertThat(row.get(FoldedRow.at(SILVER, FoldedRow.REPLACES_POSITION))).isEqualTo(17L);
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

    assertThat(state.apply(insert(100, "new", "\"n\""), EVENT, null)).isTrue();

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

    assertThat(state.apply(insert(199, "new", "\"n\""), EVENT, null)).isFalse();

    assertThat(value(state.folded().get(0), "status")).isEqualTo("paid");
  }

  @Test
  void changeOfALaterEpochWinsOverAnyLsn() throws UnreadableValueException {
    RowState state = stateAt(9_000, "paid", "\"n\"");

    assertThat(state.apply(change("u", 2, 1, true, 0, after("back", "\"n\"")), EVENT, null))
        .isTrue();
    assertThat(state.apply(insert(10_000, "late", "\"n\""), EVENT, null)).isFalse();

    assertThat(value(state.folded().get(0), "status")).isEqualTo("back");
  }

  @Test
  void streamedChangeWinsOverASnapshotReadAtTheSameLsn() throws UnreadableValueException {
    RowState read = RowState.unknown(LAYOUT);
    read.apply(change("r", 1, 100, false, 50, after("read", "\"n\"")), EVENT, null);

    assertThat(read.apply(change("u", 1, 100, true, 7, after("paid", "\"n\"")), EVENT, null))
        .isTrue();
    assertThat(read.apply(change("r", 1, 100, false, 99, after("read", "\"n\"")), EVENT, null))
        .isFalse();

    assertThat(value(read.folded().get(0), "status")).isEqualTo("paid");
    assertThat(value(read.folded().get(0), ChangeColumns.SNAPSHOT)).isEqualTo(false);
  }

  @Test
  void offsetDecidesBetweenChangesOfOneLsn() throws UnreadableValueException {
    RowState state = RowState.unknown(LAYOUT);
    state.apply(change("u", 1, 100, true, 8, after("second", "\"n\"")), EVENT, null);

    assertThat(state.apply(change("u", 1, 100, true, 7, after("first", "\"n\"")), EVENT, null))
        .isFalse();
    assertThat(state.apply(change("u", 1, 100, true, 9, after("third", "\"n\"")), EVENT, null))
        .isTrue();

    assertThat(value(state.folded().get(0), "status")).isEqualTo("third");
  }

  @Test
  void sameEventDeliveredTwiceIsFoldedOnce() throws UnreadableValueException {
    Row change = change("u", 1, 100, true, 8, after("paid", "\"n\""));
    RowState state = RowState.unknown(LAYOUT);
    state.apply(change, EVENT, null);

    assertThat(state.apply(change, EVENT, null)).isFalse();
  }

  @Test
  void rowOfSilverThatNoChangeTouchesIsUnchanged() throws UnreadableValueException {
    RowState current = current(stateAt(200, "paid", "\"n\"").folded().get(0));

    current.apply(insert(100, "old", "\"n\""), EVENT, null);

    assertThat(current.isChanged()).isFalse();
  }

  @Test
  void rowOfSilverKeepsItsPlaceForTheDelete() throws UnreadableValueException {
    RowState current = current(stateAt(200, "paid", "\"n\"").folded().get(0));

    current.apply(insert(300, "sent", "\"n\""), EVENT, null);

    Row row = current.folded().get(0);
    assertThat(row.get(FoldedRow.at(SILVER, FoldedRow.REPLACES_FILE))).isEqualTo("f.parquet");
    assertThat(row.get(FoldedRow.at(SILVER, FoldedRow.REPLACES_POSITION))).isEqualTo(17L);
  }

  // Deletes.

  @Test
  void deletedRowKeepsItsLastValues() throws UnreadableValueException {
    RowState state = stateAt(100, "paid", "\"n\"");

    assertThat(state.apply(delete(200), EVENT, null)).isTrue();

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
    state.apply(insert(100, "paid", "\"n\""), EVENT, null);
    state.apply(delete(200), EVENT, null);

    assertThat(stored(state.folded().get(0))).isFalse();
  }

  @Test
  void deleteOfAnUnknownKeyLeavesAnInactiveRowWithItsKey() throws UnreadableValueException {
    RowState state = RowState.unknown(LAYOUT);

    assertThat(state.apply(delete(200), EVENT, null)).isTrue();

    Row row = state.folded().get(0);
    assertThat(value(row, "id")).isEqualTo(3);
    assertThat(value(row, "status")).isNull();
    assertThat(value(row, ChangeColumns.IS_ACTIVE)).isEqualTo(false);
    assertThat(flags(row)).isEmpty();
  }

  @Test
  void lateUpdateDoesNotResurrectADeletedRow() throws UnreadableValueException {
    RowState state = RowState.unknown(LAYOUT);
    state.apply(delete(200), EVENT, null);

    assertThat(state.apply(insert(150, "late", "\"n\""), EVENT, null)).isFalse();
    assertThat(state.isActive()).isFalse();
  }

  @Test
  void keyInsertedAgainAfterItsDeleteIsActive() throws UnreadableValueException {
    RowState state = stateAt(100, "paid", "\"n\"");
    state.apply(delete(200), EVENT, null);
    state.apply(insert(201, "new", "null"), EVENT, null);

    Row row = state.folded().get(0);
    assertThat(value(row, ChangeColumns.IS_ACTIVE)).isEqualTo(true);
    assertThat(value(row, "status")).isEqualTo("new");
    assertThat(value(row, "note")).isNull();
  }

  // Values that an event does not carry.

  @Test
  void unchangedToastValueIsKeptFromAnEarlierEventOfTheBatch() throws UnreadableValueException {
    RowState state = stateAt(100, "new", "\"long\"");

    state.apply(insert(200, "paid", UNAVAILABLE), EVENT, null);

    assertThat(value(state.folded().get(0), "note")).isEqualTo("long");
    assertThat(value(state.folded().get(0), "status")).isEqualTo("paid");
    assertThat(flags(state.folded().get(0))).isEmpty();
  }

  @Test
  void unchangedToastValueIsKeptFromTheRowOfSilver() throws UnreadableValueException {
    RowState current = current(stateAt(100, "new", "\"long\"").folded().get(0));

    current.apply(insert(200, "paid", UNAVAILABLE), EVENT, null);

    assertThat(value(current.folded().get(0), "note")).isEqualTo("long");
    assertThat(flags(current.folded().get(0))).isEmpty();
  }

  @Test
  void unchangedToastValueThatWasNeverSeenIsNullAndFlagged() throws UnreadableValueException {
    RowState state = RowState.unknown(LAYOUT);

    state.apply(insert(200, "paid", UNAVAILABLE), EVENT, null);

    assertThat(value(state.folded().get(0), "note")).isNull();
    assertThat(flags(state.folded().get(0))).containsExactly("toast_unresolved:note");
  }

  @Test
  void unresolvedFlagStaysUntilTheValueIsSeen() throws UnreadableValueException {
    RowState state = RowState.unknown(LAYOUT);
    state.apply(insert(200, "paid", UNAVAILABLE), EVENT, null);

    state.apply(insert(201, "sent", UNAVAILABLE), EVENT, null);
    assertThat(flags(state.folded().get(0))).containsExactly("toast_unresolved:note");

    state.apply(insert(202, "sent", "\"seen\""), EVENT, null);
    assertThat(value(state.folded().get(0), "note")).isEqualTo("seen");
    assertThat(flags(state.folded().get(0))).isEmpty();
  }

  @Test
  void unresolvedFlagOfTheRowOfSilverStays() throws UnreadableValueException {
    RowState unresolved = RowState.unknown(LAYOUT);
    unresolved.apply(insert(200, "paid", UNAVAILABLE), EVENT, null);
    RowState current = current(unresolved.folded().get(0));

    current.apply(insert(300, "sent", UNAVAILABLE), EVENT, null);

    assertThat(flags(current.folded().get(0))).containsExactly("toast_unresolved:note");
  }

  @Test
  void columnThatVanishedFromTheEventIsUnchanged() throws UnreadableValueException {
    RowState state = stateAt(100, "new", "\"long\"");

    state.apply(
        change("u", 1, 200, true, 1, "{\"id\":3,\"status\":\"paid\",\"total\":null}"), EVENT, null);

    assertThat(value(state.folded().get(0), "note")).isEqualTo("long");
  }

  @Test
  void nullIsNeverTakenForUnchanged() throws UnreadableValueException {
    RowState state = stateAt(100, "new", "\"long\"");

    state.apply(insert(200, "paid", "null"), EVENT, null);

    assertThat(value(state.folded().get(0), "note")).isNull();
    assertThat(flags(state.folded().get(0))).isEmpty();
  }

  @Test
  void movedKeyTakesUnchangedToastValuesFromItsOldKey() throws UnreadableValueException {
    RowState old = stateAt(100, "new", "\"long\"");
    old.apply(delete(200), EVENT, null);
    RowState moved = RowState.unknown(LAYOUT);

    moved.apply(insert(200, "new", UNAVAILABLE), EVENT, old);

    assertThat(value(moved.folded().get(0), "note")).isEqualTo("long");
    assertThat(flags(moved.folded().get(0))).isEmpty();
  }

  @Test
  void movedKeyWhoseOldRowIsUnknownIsFlagged() throws UnreadableValueException {
    RowState moved = RowState.unknown(LAYOUT);

    moved.apply(insert(200, "new", UNAVAILABLE), EVENT, RowState.unknown(LAYOUT));

    assertThat(flags(moved.folded().get(0))).containsExactly("toast_unresolved:note");
  }

  // Values that the lake cannot hold.

  @Test
  void valueThatTheLakeCannotExpressIsNullAndFlagged() throws UnreadableValueException {
    RowState state = RowState.unknown(LAYOUT);

    state.apply(change("c", 1, 100, true, 1, afterTotal(tooLong())), EVENT, null);

    assertThat(value(state.folded().get(0), "total")).isNull();
    assertThat(flags(state.folded().get(0))).containsExactly("unrepresentable:total");
  }

  @Test
  void unrepresentableFlagStaysWhileTheValueIsUnchanged() throws UnreadableValueException {
    RowState state = RowState.unknown(LAYOUT);
    state.apply(change("c", 1, 100, true, 1, afterTotal(tooLong())), EVENT, null);

    state.apply(change("u", 1, 200, true, 2, afterTotal(UNAVAILABLE)), EVENT, null);

    assertThat(flags(state.folded().get(0))).containsExactly("unrepresentable:total");
  }

  @Test
  void unreadableValueNamesItsColumnAndLeavesTheRowAsItWas() throws UnreadableValueException {
    RowState state = stateAt(100, "new", "\"n\"");
    Row poison = change("u", 1, 200, true, 2, "{\"id\":\"x\",\"status\":\"bad\",\"note\":null}");

    assertThatThrownBy(() -> state.apply(poison, EVENT, null))
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
    state.apply(change("r", 1, 300, false, 10, after("read", "null")), EVENT, null);

    assertThat(state.apply(change("u", 1, 150, true, 12, after("paid", "null")), EVENT, null))
        .isTrue();
    assertThat(value(state.folded().get(0), "status")).isEqualTo("paid");
  }

  @Test
  void readBeforeTheChangeLosesThoughItsPositionIsGreater() throws UnreadableValueException {
    RowState state = RowState.unknown(LAYOUT);
    state.apply(change("u", 1, 150, true, 12, after("paid", "null")), EVENT, null);

    assertThat(state.apply(change("r", 1, 300, false, 10, after("read", "null")), EVENT, null))
        .isFalse();
    assertThat(value(state.folded().get(0), "status")).isEqualTo("paid");
  }

  @Test
  void readBehindAnOlderChangeWins() throws UnreadableValueException {
    RowState state = stateAt(100, "new", "null");

    assertThat(state.apply(change("r", 1, 300, false, 10, after("read", "null")), EVENT, null))
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
    state.apply(change("c", 2, 10, true, 1, after("new", "null")), EVENT, null);

    state.truncate(new Truncation(1, 9_999, 701L, Instant.EPOCH, "t"));

    assertThat(state.isActive()).isTrue();
  }

  @Test
  void truncateLeavesARowThatEndedBeforeAsItWas() throws UnreadableValueException {
    RowState state = stateAt(100, "new", "\"n\"");
    state.apply(delete(120), EVENT, null);

    state.truncate(new Truncation(1, 150, 701L, Instant.EPOCH, "t"));

    assertThat(value(state.folded().get(0), ChangeColumns.OP)).isEqualTo("d");
    assertThat(value(state.folded().get(0), ChangeColumns.LSN)).isEqualTo(120L);
  }

  private static RowState stateAt(long lsn, String status, String note)
      throws UnreadableValueException {
    RowState state = RowState.unknown(LAYOUT);
    state.apply(insert(lsn, status, note), EVENT, null);
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

  private static Row insert(long lsn, String status, String note) {
    return change("c", 1, lsn, true, 1, after(status, note));
  }

  private static Row delete(long lsn) {
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

  private static Row change(
      String op, int epoch, long lsn, boolean streamed, long offset, String after) {
    Object[] change = new Object[ChangeRow.at(ChangeRow.CURRENT) + 1];
    change[ChangeRow.at(ChangeRow.KIND)] = 1;
    change[ChangeRow.at(ChangeRow.EPOCH)] = epoch;
    change[ChangeRow.at(ChangeRow.LSN)] = lsn;
    change[ChangeRow.at(ChangeRow.STREAMED)] = streamed ? 1 : 0;
    change[ChangeRow.at(ChangeRow.PARTITION)] = 0;
    change[ChangeRow.at(ChangeRow.OFFSET)] = offset;
    change[ChangeRow.at(ChangeRow.OP)] = op;
    change[ChangeRow.at(ChangeRow.TXID)] = 700L;
    change[ChangeRow.at(ChangeRow.COMMITTED_AT)] = Instant.EPOCH;
    change[ChangeRow.at(ChangeRow.KEY_JSON)] = "{\"id\":3}";
    change[ChangeRow.at(ChangeRow.AFTER)] = after;
    return RowFactory.create(change);
  }

  private static Object value(Row row, String column) {
    return row.get(SILVER.columns().fieldIndex(column));
  }

  private static Object[] flags(Row row) {
    return (Object[]) value(row, ChangeColumns.DQ_FLAGS);
  }

  private static boolean stored(Row row) {
    return row.getBoolean(FoldedRow.at(SILVER, FoldedRow.STORED));
  }
}
