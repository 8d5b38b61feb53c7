/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import static dev.cdclake.silver.ChangeRow.at;

import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.failure.RejectReason;
import dev.cdclake.lake.Position;
import dev.cdclake.silver.BronzeChanges.Decoder;
import dev.cdclake.silver.ColumnType.UnreadableValueException;
import dev.cdclake.silver.RowGroup.RowNotFoundException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.functions;
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
      implements Serializable {}

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
   * streamed changes the read has seen is told by {@link RowState#isBefore(Row)}.
   */
  static Dataset<Row> fold(
      Dataset<Row> changesAndCurrent,
      long changes,
      SilverSchema silver,
      Broadcast<Decoder> decoder,
      Rules rules,
      Outcomes outcomes) {
    int tasks = (int) Math.min(MOST_TASKS, 1 + changes / ROWS_PER_TASK);
    MapPartitionsFunction<Row, Row> fold =
        rows -> new Groups(rows, decoder.value(), rules, outcomes);
    return changesAndCurrent
        .repartition(tasks, functions.col(ChangeRow.GROUP))
        .sortWithinPartitions(
            order(
                ChangeRow.GROUP,
                ChangeRow.KIND,
                ChangeRow.EPOCH,
                ChangeRow.STREAMED,
                ChangeRow.LSN,
                ChangeRow.OFFSET))
        .mapPartitions(fold, Encoders.row(FoldedRow.of(silver)));
  }

  /**
   * Ties keys together that updates of the key connect.
   *
   * @param moves pairs of (key, key it had before)
   * @return by key, one key that stands for its group; keys that never moved are absent
   */
  static Map<String, String> groups(List<Row> moves) {
    Map<String, String> parent = new HashMap<>();
    for (Row move : moves) {
      parent.put(root(parent, move.getString(0)), root(parent, move.getString(1)));
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

  private static Column[] order(String... columns) {
    return Arrays.stream(columns).map(functions::col).toArray(Column[]::new);
  }

  /** Turns sorted rows into folded rows, group after group. */
  static final class Groups implements Iterator<Row> {

    private final Iterator<Row> rows;
    private final Decoder decoder;
    private final Rules rules;
    private final Outcomes outcomes;
    private final RowState.Layout layout;
    private Row next;
    private Iterator<Row> folded = List.<Row>of().iterator();

    Groups(Iterator<Row> rows, Decoder decoder, Rules rules, Outcomes outcomes) {
      this.rows = rows;
      this.decoder = decoder;
      this.rules = rules;
      this.outcomes = outcomes;
      this.layout = new RowState.Layout(decoder.silver(), rules);
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
      String group = next.getString(at(ChangeRow.GROUP));
      RowGroup rows = decoder.silver().keyed() ? new KeyedRows(layout) : new UnkeyedRows(layout);
      List<Truncation> truncations = rules.truncations();
      int passed = 0;
      int streamed = 0;
      List<Row> out = new ArrayList<>();
      while (next != null && group.equals(next.getString(at(ChangeRow.GROUP)))) {
        if (next.getInt(at(ChangeRow.KIND)) != 0) {
          if (next.getInt(at(ChangeRow.STREAMED)) != streamed) {
            // From here on the log begins again.
            streamed = next.getInt(at(ChangeRow.STREAMED));
            passed = 0;
          }
          while (passed < truncations.size() && isBefore(truncations.get(passed), next)) {
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

    private void take(Row row, RowGroup rows, List<Row> out) {
      if (row.getInt(at(ChangeRow.KIND)) == 0) {
        rows.add(
            row.getString(at(ChangeRow.KEY)),
            new CurrentRow(
                row.getStruct(at(ChangeRow.CURRENT)),
                row.getString(at(ChangeRow.FILE)),
                row.getLong(at(ChangeRow.POSITION)),
                row.getBoolean(at(ChangeRow.WHOLE))));
        return;
      }
      if (!row.isNullAt(at(ChangeRow.REASON))) {
        out.add(
            rejected(
                row, row.getString(at(ChangeRow.REASON)), row.getString(at(ChangeRow.DETAIL))));
        return;
      }
      try {
        EventSchema schema =
            decoder.schema(
                row.getString(at(ChangeRow.SCHEMA)),
                row.getInt(at(ChangeRow.EPOCH)),
                row.getLong(at(ChangeRow.LSN)));
        count(rows.apply(row, schema), row);
      } catch (UnreadableValueException e) {
        out.add(rejected(row, RejectReason.VALUE_UNREADABLE.name(), e.getMessage()));
      } catch (RowNotFoundException e) {
        if (rules.truncations().stream().anyMatch(later -> !isBefore(later, row))) {
          count(false, row);
        } else {
          uncount(row);
          out.add(rejected(row, RejectReason.ROW_NOT_FOUND.name(), e.getMessage()));
        }
      }
    }

    private static boolean isBefore(Truncation truncation, Row change) {
      Position position =
          new Position(change.getInt(at(ChangeRow.EPOCH)), change.getLong(at(ChangeRow.LSN)));
      return truncation.position().compareTo(position) < 0;
    }

    /** An update that comes in two parts counts by the part that adds a row. */
    private boolean isPartOfUpdate(Row change) {
      return !decoder.silver().keyed()
          && UnkeyedRows.isRemoval(change)
          && "u".equals(change.getString(at(ChangeRow.OP)));
    }

    private void count(boolean applied, Row change) {
      if (isPartOfUpdate(change)) {
        return;
      }
      if (!applied) {
        outcomes.superseded().add(1);
      } else if ("d".equals(change.getString(at(ChangeRow.OP)))) {
        outcomes.deleted().add(1);
      } else {
        outcomes.written().add(1);
      }
    }

    /** Takes back what the other part of an update counted: the update is a rejected one. */
    private void uncount(Row change) {
      if (isPartOfUpdate(change)) {
        outcomes.written().add(-1);
      }
    }

    private Row rejected(Row change, String reason, String detail) {
      outcomes.rejected().add(1);
      SilverSchema silver = decoder.silver();
      Object[] row = new Object[FoldedRow.width(silver)];
      row[silver.columns().fieldIndex(ChangeColumns.PARTITION)] =
          change.get(at(ChangeRow.PARTITION));
      row[silver.columns().fieldIndex(ChangeColumns.OFFSET)] = change.get(at(ChangeRow.OFFSET));
      row[FoldedRow.at(silver, FoldedRow.STORED)] = false;
      row[FoldedRow.at(silver, FoldedRow.REASON)] = reason;
      row[FoldedRow.at(silver, FoldedRow.DETAIL)] = detail;
      row[FoldedRow.at(silver, FoldedRow.KEY_JSON)] = change.get(at(ChangeRow.KEY_JSON));
      row[FoldedRow.at(silver, FoldedRow.VALUE_JSON)] =
          change.get(at(change.isNullAt(at(ChangeRow.AFTER)) ? ChangeRow.BEFORE : ChangeRow.AFTER));
      return RowFactory.create(row);
    }
  }
}
