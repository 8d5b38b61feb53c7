/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.fixture.Changes;
import java.util.Collections;
import java.util.List;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;

/** A table without a key as a multiset of its rows. */
class UnkeyedRowsTest {

  private final FoldedTable table = new FoldedTable(Changes.of("log").column("text", "string"));
  private long offset;

  @Test
  void ofTwoEqualRowsADeleteTakesOne() {
    table.carry(List.of(insert(1001, "same"), insert(1002, "same")));
    table.carry(List.of(delete(2001, "same")));

    assertThat(table.active("text")).containsExactly("[same]");
    assertThat(table.size()).as("rows, the deleted one included").isEqualTo(2);
  }

  @Test
  void ofTwoEqualRowsAnUpdateChangesOne() {
    table.carry(List.of(insert(1001, "same"), insert(1002, "same")));
    table.carry(List.of(update(2001, "same", "other")));

    assertThat(table.active("text")).containsExactly("[other]", "[same]");
    assertThat(table.size()).as("rows, none kept of what was updated").isEqualTo(2);
  }

  @Test
  void rowChangedSeveralTimesInOneBatchIsItsLastForm() {
    table.carry(
        List.of(
            insert(1001, "a"),
            update(1002, "a", "b"),
            update(1003, "b", "c"),
            update(1004, "c", "a")));

    assertThat(table.active("text")).containsExactly("[a]");
    assertThat(table.rejected()).isEmpty();
  }

  @Test
  void updateThatChangesNothingLeavesOneRow() {
    table.carry(List.of(insert(1001, "a")));
    table.carry(List.of(update(2001, "a", "a")));

    assertThat(table.active("text")).containsExactly("[a]");
  }

  @Test
  void nullsAreEqualToEachOther() {
    table.carry(List.of(insert(1001, null), insert(1002, "null")));
    table.carry(List.of(delete(2001, null)));

    assertThat(table.active("text")).containsExactly("[null]");
    assertThat(table.rejected()).isEmpty();
  }

  @Test
  void deleteOfARowThatIsNotThereIsRejected() {
    table.carry(
        List.of(insert(1001, "a"), delete(1002, "b"), delete(1003, "a"), delete(1004, "a")));

    assertThat(table.active("text")).isEmpty();
    assertThat(table.rejected()).containsExactly("ROW_NOT_FOUND", "ROW_NOT_FOUND");
  }

  @Test
  void rowInsertedLaterInTheLogIsNotTaken() {
    table.carry(List.of(insert(2000, "a")));
    table.carry(List.of(delete(1000, "a")));

    assertThat(table.active("text")).containsExactly("[a]");
    assertThat(table.rejected()).containsExactly("ROW_NOT_FOUND");
  }

  @Test
  void newestRowThatIsOldEnoughIsTakenSoThatALateDeleteFindsOne() {
    table.carry(List.of(insert(1000, "a"), insert(3000, "a")));
    table.carry(List.of(delete(4000, "a")));
    table.carry(List.of(delete(2000, "a")));

    assertThat(table.active("text")).isEmpty();
    assertThat(table.rejected()).isEmpty();
  }

  @Test
  void truncateEndsOlderRowsAndADeleteOlderThanItHasNothingLeftToDo() {
    table.carry(List.of(insert(1000, "a"), insert(1001, "a")));
    table.truncate(2000);
    table.carry(List.of(insert(3000, "a")));
    table.carry(List.of(delete(1500, "a")));

    assertThat(table.active("text")).containsExactly("[a]");
    assertThat(table.rejected()).isEmpty();
  }

  @Test
  void updateOfAnUnreadableRowIsRejectedWhole() {
    table.carry(List.of(insert(1000, "a")));
    table.carry(
        List.of(
            table.change(
                "u", 2000, offset++, null, row("a"), "{\"id\":\"x\",\"text\":\"b\"}", null)));

    assertThat(table.active("text")).containsExactly("[a]");
    assertThat(table.rejected()).containsExactly("VALUE_UNREADABLE");
  }

  @Test
  void changeWithoutTheRowBeforeItIsRejected() {
    table.carry(List.of(insert(1000, "a")));
    table.carry(List.of(table.change("d", 2000, offset++, null, null, null, null)));

    assertThat(table.active("text")).containsExactly("[a]");
    assertThat(table.rejected()).containsExactly("CHANGE_WITHOUT_KEY");
  }

  @Test
  void hundredThousandEqualRowsAreDeletedInOneBatch() {
    table.carry(
        Collections.nCopies(100_000, "same").stream().map(text -> insert(1000, text)).toList());
    table.carry(
        Collections.nCopies(99_999, "same").stream().map(text -> delete(2000, text)).toList());

    assertThat(table.active("text")).containsExactly("[same]");
  }

  private Row insert(long lsn, String text) {
    return table.change("c", lsn, offset++, null, null, row(text), null);
  }

  private Row update(long lsn, String before, String after) {
    return table.change("u", lsn, offset++, null, row(before), row(after), null);
  }

  private Row delete(long lsn, String text) {
    return table.change("d", lsn, offset++, null, row(text), null, null);
  }

  private static String row(String text) {
    return "{\"id\":1,\"text\":%s}".formatted(text == null ? "null" : '"' + text + '"');
  }
}
