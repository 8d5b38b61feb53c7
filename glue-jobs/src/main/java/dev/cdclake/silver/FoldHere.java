/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import dev.cdclake.lake.SoughtKeys;
import dev.cdclake.silver.KeyFold.Outcomes;
import dev.cdclake.silver.KeyFold.Rules;
import dev.cdclake.silver.KeyLookup.Needed;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * Folds changes of a table with a key in the same steps as tasks do, but in threads of this
 * process: no task is waited for, and no row is turned into bytes to change hands.
 *
 * @param table the silver table
 * @param needed of every row that silver has
 * @param outcomes what became of the changes is added to them
 * @param room is taken for the rows that silver has
 */
record FoldHere(
    SilverTable table, Needed needed, Decoder decoder, Rules rules, Outcomes outcomes, Room room) {

  /** Changes for which it pays that one more thread writes files of its own. */
  private static final int CHANGES_PER_WRITER = 25_000;

  /**
   * Folds changes.
   *
   * @param bronze rows with the columns {@link BronzeChanges#NAMES}
   * @param end takes what comes out for some of the keys, of the shape of {@link FoldedRow}; called
   *     by several threads
   * @return what the calls gave; empty if there was no room for the rows that silver has: then
   *     nothing was called
   */
  <T> Optional<List<T>> fold(List<InternalRow> bronze, Function<Iterator<InternalRow>, T> end) {
    List<List<InternalRow>> shares = Threads.shares(bronze);
    Optional<List<InternalRow>> current = current(shares);
    if (current.isEmpty()) {
      return Optional.empty();
    }
    List<InternalRow> rows = new ArrayList<>(current.get());
    Threads.each(shares, this::decoded).forEach(rows::addAll);
    int writers = writers(bronze.size());
    return Optional.of(Threads.each(byGroup(rows, writers), group -> folded(group, end)));
  }

  private static int writers(int changes) {
    return Math.min(Threads.COUNT, 1 + changes / CHANGES_PER_WRITER);
  }

  /** Returns how many rows one of the threads takes that take what comes out, about. */
  static int rowsPerWriter(int changes) {
    return 1 + changes / writers(changes);
  }

  /** Returns the rows that silver has of the changed keys. */
  private Optional<List<InternalRow>> current(List<List<InternalRow>> shares) {
    if (table.table().currentSnapshot() == null) {
      return Optional.of(List.of());
    }
    List<SoughtKeys.Part> parts =
        Threads.each(shares, share -> BronzeChanges.sought(share.iterator(), decoder));
    return table.rowsOf(SoughtKeys.of(parts), needed, decoder, room);
  }

  private List<InternalRow> decoded(List<InternalRow> share) {
    List<InternalRow> changes = new ArrayList<>();
    BronzeChanges.decoded(share.iterator(), decoder).forEachRemaining(changes::add);
    return changes;
  }

  /** Divides rows so that those of a group stay together. */
  private static List<List<InternalRow>> byGroup(List<InternalRow> rows, int count) {
    List<List<InternalRow>> divided =
        IntStream.range(0, count).<List<InternalRow>>mapToObj(i -> new ArrayList<>()).toList();
    for (InternalRow row : rows) {
      int group = row.getUTF8String(ChangeRow.GROUP).hashCode();
      divided.get(Math.floorMod(group, count)).add(row);
    }
    return divided;
  }

  private <T> T folded(List<InternalRow> rows, Function<Iterator<InternalRow>, T> end) {
    Outcomes own = Outcomes.none();
    T made = end.apply(KeyFold.folded(together(rows), decoder, rules, own));
    outcomes.add(own);
    return made;
  }

  /**
   * Puts the rows of each group together, in their order. Groups come in the order of their first
   * rows: those that silver has as they lie in its files.
   */
  private static Iterator<InternalRow> together(List<InternalRow> rows) {
    Map<UTF8String, List<InternalRow>> groups = new LinkedHashMap<>(2 * rows.size());
    for (InternalRow row : rows) {
      groups
          .computeIfAbsent(row.getUTF8String(ChangeRow.GROUP), unseen -> new ArrayList<>(2))
          .add(row);
    }
    groups.values().forEach(group -> group.sort(ChangeRow::compare));
    return groups.values().stream().flatMap(List::stream).iterator();
  }
}
