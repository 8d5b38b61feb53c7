/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import dev.cdclake.failure.RejectReason;
import dev.cdclake.lake.CatalystRows;
import dev.cdclake.lake.Position;
import dev.cdclake.silver.BronzeChanges.KeyMove;
import dev.cdclake.silver.ColumnType.UnreadableValueException;
import dev.cdclake.silver.RowGroup.RowNotFoundException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.unsafe.types.UTF8String;
import org.apache.spark.util.LongAccumulator;

/**
 * Folds the changes of each key, in order, into the row that silver has; one row per changed key
 * comes out.
 *
 * <p>Only the changes of one group are in memory at a time. Keys that an update of the key connects
 * form one group where the new key takes values it was not sent from the old key's row. In a table
 * without a key, rows that look alike form one.
 */
final class KeyFold {

  private static final long ROWS_PER_TASK = 50_000;
  private static final int MOST_TASKS = 64;

  private KeyFold() {}

  /** What became of the changes. */
  record Outcomes(
      LongAccumulator written,
      LongAccumulator deleted,
      LongAccumulator superseded,
      LongAccumulator rejected)
      implements Serializable {

    /** Those of one thread, to be added to those of all; an accumulator is written by one. */
    static Outcomes none() {
      return new Outcomes(
          new LongAccumulator(),
          new LongAccumulator(),
          new LongAccumulator(),
          new LongAccumulator());
    }

    synchronized void add(Outcomes part) {
      written.merge(part.written);
      deleted.merge(part.deleted);
      superseded.merge(part.superseded);
      rejected.merge(part.rejected);
    }
  }

  /**
   * What tasks need besides the rows.
   *
   * @param truncations oldest first
   * @param purgeDeleted whether a deleted row is removed rather than kept inactive
   * @param everyVersion whether every version of a row comes out, oldest first, and not the newest
   *     alone: some may have to be held back
   */
  record Rules(List<Truncation> truncations, boolean purgeDeleted, boolean everyVersion)
      implements Serializable {}

  /**
   * Folds changes into current rows; both have the shape of {@link ChangeRow}.
   *
   * <p>What a snapshot read comes before what was streamed, wherever it stands in the log: a change
   * of a transaction that was running then lies before the read and was not seen by it. Which
   * streamed changes the read has seen is told by {@link RowState#isBefore(Change)}.
   *
   * @param changes how many there are
   * @param fitInMemory whether they do, together with the current rows: then they need not be
   *     sorted as what may have to be spilled
   */
  static JavaRDD<InternalRow> fold(
      Dataset<Row> changesAndCurrent,
      long changes,
      boolean fitInMemory,
      Broadcast<Decoder> decoder,
      Rules rules,
      Outcomes outcomes) {
    int tasks = (int) Math.min(MOST_TASKS, 1 + changes / ROWS_PER_TASK);
    Dataset<Row> grouped = changesAndCurrent.repartition(tasks, ChangeRow.group());
    JavaRDD<InternalRow> sorted =
        fitInMemory
            ? CatalystRows.of(grouped).mapPartitions(KeyFold::sorted)
            : CatalystRows.of(grouped.sortWithinPartitions(ChangeRow.order()));
    return sorted.mapPartitions(rows -> folded(rows, decoder.value(), rules, outcomes));
  }

  private static Iterator<InternalRow> sorted(Iterator<InternalRow> rows) {
    return CatalystRows.stream(rows).map(InternalRow::copy).sorted(ChangeRow::compare).iterator();
  }

  /**
   * Folds rows of the shape of {@link ChangeRow}, in its order.
   *
   * @return rows of the shape of {@link FoldedRow}
   */
  static Iterator<InternalRow> folded(
      Iterator<InternalRow> rows, Decoder decoder, Rules rules, Outcomes outcomes) {
    CatalystRows folded = new CatalystRows(FoldedRow.of(decoder.silver()));
    Groups groups = new Groups(rows, decoder, rules, outcomes);
    return CatalystRows.stream(groups).map(folded::row).iterator();
  }

  /**
   * Ties keys together that updates of the key connect.
   *
   * @param moves pairs of (key, key it had before)
   * @return by key, one key that stands for its group; keys that never moved are absent
   */
  static Map<String, String> groups(List<KeyMove> moves) {
    Map<String, String> parent = new HashMap<>();
    for (KeyMove move : moves) {
      parent.put(root(parent, move.key()), root(parent, move.before()));
    }
    Map<String, String> groups = new HashMap<>();
    for (String key : List.copyOf(parent.keySet())) {
      groups.put(key, root(parent, key));
    }
    return groups;
  }

  private static String root(Map<String, String> parent, String key) {
    String at = key;
    while (!parent.getOrDefault(at, at).equals(at)) {
      String above = parent.get(at);
      parent.put(at, parent.getOrDefault(above, above));
      at = above;
    }
    parent.putIfAbsent(key, at);
    return at;
  }

  /** Turns sorted rows into folded rows, group after group. */
  static final class Groups implements Iterator<Row> {

    private final Iterator<InternalRow> rows;
    private final Decoder decoder;
    private final Rules rules;
    private final Outcomes outcomes;
    private final RowState.Layout layout;
    private final CatalystRows current;
    private InternalRow next;
    private Iterator<Row> folded = List.<Row>of().iterator();

    /**
     * Begins before the first group.
     *
     * @param rows in the shape of {@link ChangeRow} and in its order; one may be the same object as
     *     the last
     */
    Groups(Iterator<InternalRow> rows, Decoder decoder, Rules rules, Outcomes outcomes) {
      this.rows = rows;
      this.decoder = decoder;
      this.rules = rules;
      this.outcomes = outcomes;
      this.layout = new RowState.Layout(decoder.silver(), rules);
      this.current = new CatalystRows(decoder.silver().columns());
      this.next = rows.hasNext() ? rows.next() : null;
    }

    @Override
    public boolean hasNext() {
      while (!folded.hasNext() && next != null) {
        folded = foldGroup().iterator();
      }
      return folded.hasNext();
    }

    @Override
    public Row next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      return folded.next();
    }

    private List<Row> foldGroup() {
      UTF8String group = next.getUTF8String(ChangeRow.GROUP).clone();
      RowGroup rows = decoder.silver().keyed() ? new KeyedRows(layout) : new UnkeyedRows(layout);
      List<Truncation> truncations = rules.truncations();
      int passed = 0;
      int streamed = 0;
      List<Row> out = new ArrayList<>();
      while (next != null && group.equals(next.getUTF8String(ChangeRow.GROUP))) {
        if (next.getInt(ChangeRow.KIND) != 0) {
          if (next.getInt(ChangeRow.STREAMED) != streamed) {
            // From here on the log begins again.
            streamed = next.getInt(ChangeRow.STREAMED);
            passed = 0;
          }
          Position position =
              new Position(next.getInt(ChangeRow.EPOCH), next.getLong(ChangeRow.LSN));
          while (passed < truncations.size() && isBefore(truncations.get(passed), position)) {
            rows.truncate(truncations.get(passed++));
          }
        }
        take(next, rows, out);
        next = this.rows.hasNext() ? this.rows.next() : null;
      }
      truncations.forEach(rows::truncate);
      out.addAll(rows.folded());
      return out;
    }

    private void take(InternalRow row, RowGroup rows, List<Row> out) {
      if (row.getInt(ChangeRow.KIND) == 0) {
        rows.add(Change.text(row, ChangeRow.KEY), current(row));
        return;
      }
      Change change = Change.of(row);
      if (!row.isNullAt(ChangeRow.REASON)) {
        out.add(
            rejected(
                change, Change.text(row, ChangeRow.REASON), Change.text(row, ChangeRow.DETAIL)));
        return;
      }
      try {
        EventLayout event = decoder.layout(change.schema(), change.epoch(), change.lsn());
        count(rows.apply(change, event), change);
      } catch (UnreadableValueException e) {
        out.add(rejected(change, RejectReason.VALUE_UNREADABLE.name(), e.getMessage()));
      } catch (RowNotFoundException e) {
        if (rules.truncations().stream().anyMatch(later -> !isBefore(later, change.position()))) {
          count(false, change);
        } else {
          uncount(change);
          out.add(rejected(change, RejectReason.ROW_NOT_FOUND.name(), e.getMessage()));
        }
      }
    }

    private CurrentRow current(InternalRow row) {
      Row values =
          row.isNullAt(ChangeRow.CURRENT)
              ? null
              : current.row(row.getStruct(ChangeRow.CURRENT, layout.width()));
      return new CurrentRow(
          values,
          Change.text(row, ChangeRow.FILE),
          row.getLong(ChangeRow.POSITION),
          row.getBoolean(ChangeRow.WHOLE));
    }

    private static boolean isBefore(Truncation truncation, Position position) {
      return truncation.position().compareTo(position) < 0;
    }

    /** An update that comes in two parts counts by the part that adds a row. */
    private boolean isPartOfUpdate(Change change) {
      return !decoder.silver().keyed() && UnkeyedRows.isRemoval(change) && "u".equals(change.op());
    }

    private void count(boolean applied, Change change) {
      if (isPartOfUpdate(change)) {
        return;
      }
      if (!applied) {
        outcomes.superseded().add(1);
      } else if (change.isDelete()) {
        outcomes.deleted().add(1);
      } else {
        outcomes.written().add(1);
      }
    }

    /** Takes back what the other part of an update counted: the update is a rejected one. */
    private void uncount(Change change) {
      if (isPartOfUpdate(change)) {
        outcomes.written().add(-1);
      }
    }

    private Row rejected(Change change, String reason, String detail) {
      outcomes.rejected().add(1);
      return layout.rejected(change, reason, detail);
    }
  }
}
