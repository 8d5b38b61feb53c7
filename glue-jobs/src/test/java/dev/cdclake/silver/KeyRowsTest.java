/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.fixture.Changes;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Rows whose keys are given on within a transaction, in every cut into batches. */
class KeyRowsTest {

  private static final String NOBODY = "";

  private static final Changes SEATS = Changes.of("seats").column("guest", "string");

  private FoldedTable table;
  private long offset;

  @BeforeEach
  void openTable() {
    table = new FoldedTable(SEATS, "id");
    offset = 0;
  }

  @Test
  void twoKeysSwappedInOneStatementKeepBothRowsHoweverTheBatchesAreCut() {
    assertInEveryCut(
        List.of(
            insert(1001, 1, "ada"), insert(1002, 2, "bob"),
            leave(2001, 1, "ada"), arrive(2001, 2, "ada", 1),
            leave(2002, 2, "bob"), arrive(2002, 1, "bob", 2)),
        "[1, bob]",
        "[2, ada]");
  }

  @Test
  void swappedRowsThatAreEqualButForTheirKeysBothStay() {
    assertInEveryCut(
        List.of(
            insert(1001, 1, "same"), insert(1002, 2, "same"),
            leave(2001, 1, "same"), arrive(2001, 2, "same", 1),
            leave(2002, 2, "same"), arrive(2002, 1, "same", 2)),
        "[1, same]",
        "[2, same]");
  }

  @Test
  void swappedRowsWithoutAnyOtherValueBothStay() {
    assertInEveryCut(
        List.of(
            insert(1001, 1, NOBODY), insert(1002, 2, NOBODY),
            leave(2001, 1, NOBODY), arrive(2001, 2, NOBODY, 1),
            leave(2002, 2, NOBODY), arrive(2002, 1, NOBODY, 2)),
        "[1, null]",
        "[2, null]");
  }

  @Test
  void threeKeysRotateInOneStatement() {
    assertInEveryCut(
        List.of(
            insert(1001, 1, "ada"),
            insert(1002, 2, "bob"),
            insert(1003, 3, "cid"),
            leave(2001, 1, "ada"),
            arrive(2001, 2, "ada", 1),
            leave(2002, 2, "bob"),
            arrive(2002, 3, "bob", 2),
            leave(2003, 3, "cid"),
            arrive(2003, 1, "cid", 3)),
        "[1, cid]",
        "[2, ada]",
        "[3, bob]");
  }

  @Test
  void everyKeyMovesOnByOne() {
    assertInEveryCut(
        List.of(
            insert(1001, 1, "ada"),
            insert(1002, 2, "bob"),
            insert(1003, 3, "cid"),
            leave(2001, 1, "ada"),
            arrive(2001, 2, "ada", 1),
            leave(2002, 2, "bob"),
            arrive(2002, 3, "bob", 2),
            leave(2003, 3, "cid"),
            arrive(2003, 4, "cid", 3)),
        "[2, ada]",
        "[3, bob]",
        "[4, cid]");
  }

  @Test
  void rowThatMovesTwiceInOneTransactionIsOnceThere() {
    assertInEveryCut(
        List.of(
            insert(1001, 1, "ada"),
            leave(2001, 1, "ada"),
            arrive(2001, 2, "ada", 1),
            leave(2002, 2, "ada"),
            arrive(2002, 3, "ada", 2)),
        "[3, ada]");
  }

  @Test
  void rowThatMovesOnFromATakenKeyUncoversTheRowThere() {
    assertInEveryCut(
        List.of(
            insert(1001, 1, "ada"), insert(1002, 2, "bob"),
            leave(2001, 1, "ada"), arrive(2001, 2, "ada", 1),
            leave(2002, 2, "ada"), arrive(2002, 3, "ada", 2)),
        "[2, bob]",
        "[3, ada]");
  }

  @Test
  void rowThatGivesUpItsKeyByADeleteLeavesTheNewOne() {
    assertInEveryCut(
        List.of(insert(1001, 2, "bob"), insert(2001, 2, "ada"), leave(2002, 2, "bob")), "[2, ada]");
  }

  @Test
  void updateOfACoveredRowReachesThatRow() {
    assertInEveryCut(
        List.of(
            insert(1001, 1, "ada"),
            insert(1002, 2, "bob"),
            leave(2001, 1, "ada"),
            arrive(2001, 2, "ada", 1),
            change("u", 2002, 2, "bob", "rob", null),
            leave(2003, 2, "rob"),
            arrive(2003, 1, "rob", 2)),
        "[1, rob]",
        "[2, ada]");
  }

  @Test
  void swapThatIsDeliveredTwiceChangesNothingMore() {
    assertInEveryCut(
        List.of(
            insert(1001, 1, "ada"), insert(1002, 2, "bob"),
            leave(2001, 1, "ada"), arrive(2001, 2, "ada", 1),
            leave(2002, 2, "bob"), arrive(2002, 1, "bob", 2),
            leave(2001, 1, "ada"), arrive(2001, 2, "ada", 1),
            leave(2002, 2, "bob"), arrive(2002, 1, "bob", 2)),
        "[1, bob]",
        "[2, ada]");
  }

  @Test
  void swapBackInTheNextTransactionIsAsBefore() {
    assertInEveryCut(
        List.of(
            insert(1001, 1, "ada"), insert(1002, 2, "bob"),
            leave(2001, 1, "ada"), arrive(2001, 2, "ada", 1),
            leave(2002, 2, "bob"), arrive(2002, 1, "bob", 2),
            leave(3001, 1, "bob"), arrive(3001, 2, "bob", 1),
            leave(3002, 2, "ada"), arrive(3002, 1, "ada", 2)),
        "[1, ada]",
        "[2, bob]");
  }

  @Test
  void noRowIsLeftCoveredWhenTheTransactionIsOver() {
    // The delete of the row that was under key 2 never comes, as if it had been rejected.
    table.carry(
        List.of(
            insert(1001, 2, "bob"),
            insert(2001, 2, "ada"),
            change("u", 3001, 2, "ada", "eva", null)));

    assertThat(table.active("id", "guest")).containsExactly("[2, eva]");
    assertThat(table.size()).isEqualTo(1);
  }

  @Test
  void deleteThatTellsTheKeyAloneEndsTheRowEvenIfAnEarlierDeleteNeverCame() {
    table.carry(
        List.of(
            insert(1001, 2, "bob"),
            insert(2001, 2, "ada"),
            table.change(
                "d", 2002, offset++, "{\"id\":2}", "{\"id\":2,\"guest\":null}", null, null)));

    assertThat(table.active("id", "guest")).isEmpty();
  }

  /** Folds the changes in every cut into batches, each on a table of its own. */
  private void assertInEveryCut(List<Row> changes, String... rows) {
    for (int cut = 0; cut < 1 << (changes.size() - 1); cut++) {
      openTable();
      List<List<Row>> batches = new ArrayList<>();
      batches.add(new ArrayList<>());
      for (int i = 0; i < changes.size(); i++) {
        batches.get(batches.size() - 1).add(retold(changes.get(i)));
        if ((cut >> i & 1) == 1) {
          batches.add(new ArrayList<>());
        }
      }
      batches.forEach(table::carry);
      assertThat(table.active("id", "guest"))
          .as("cut %s", Integer.toBinaryString(cut))
          .containsExactly(rows);
    }
  }

  /** The fingerprint of the schema differs from table to table. */
  private Row retold(Row change) {
    return table.change(
        change.getString(5),
        change.getLong(1),
        change.getLong(4),
        change.getString(9),
        change.getString(11),
        change.getString(12),
        change.getString(10));
  }

  private Row insert(long lsn, int id, String guest) {
    return change("c", lsn, id, null, guest, null);
  }

  private Row leave(long lsn, int id, String guest) {
    return change("d", lsn, id, guest, null, null);
  }

  private Row arrive(long lsn, int id, String guest, int old) {
    return change("c", lsn, id, null, guest, old);
  }

  private Row change(String op, long lsn, int id, String before, String after, Integer old) {
    return table.change(
        op,
        lsn,
        offset++,
        key(id),
        before == null ? null : row(id, before),
        after == null ? null : row(id, after),
        old == null ? null : key(old));
  }

  private static String key(int id) {
    return "{\"id\":%d}".formatted(id);
  }

  private static String row(int id, String guest) {
    return "{\"id\":%d,\"guest\":%s}"
        .formatted(id, guest.equals(NOBODY) ? "null" : "\"" + guest + "\"");
  }
}
