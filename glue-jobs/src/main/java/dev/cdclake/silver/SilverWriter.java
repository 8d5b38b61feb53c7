/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.RejectReason;
import dev.cdclake.lake.RejectedRow.Place;
import dev.cdclake.lake.RejectedRow.Refusal;
import dev.cdclake.lake.RejectedRows;
import dev.cdclake.lake.RowFiles;
import dev.cdclake.runtime.FaultPoint;
import dev.cdclake.runtime.Latencies;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.iceberg.Table;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * Writes the folded rows of one task: new rows, the places of the rows they replace, and rejected
 * changes.
 *
 * @param table the silver table
 * @param rejectedRows the table of rejected rows
 * @param rejectedThrough by partition: rejects below this offset are already kept
 * @param silver the table's columns
 * @param topic the topic that the changes came from
 * @param checked whether rows were checked: then they have {@link Expectations#BROKEN}
 * @param replaying whether the changes were rejected before; what is rejected once more is told and
 *     not kept again
 * @param holdingBack names of the expectations whose broken rows are held back
 * @param rows how many one task will write, about
 */
record SilverWriter(
    Table table,
    Table rejectedRows,
    Map<Integer, Long> rejectedThrough,
    boolean replaying,
    SilverSchema silver,
    String topic,
    boolean checked,
    List<String> holdingBack,
    int rows)
    implements FlatMapFunction<Iterator<InternalRow>, SilverWriter.Output> {

  private static final long serialVersionUID = 1L;

  private static final UTF8String COVERED = UTF8String.fromString(RowState.COVERED);

  /**
   * What one task wrote.
   *
   * @param heldBack versions of rows that were rejected because they break an expectation
   * @param hasRowsAside whether a row was written that is not the newest one of its key
   */
  record Output(
      RowFiles.Written files,
      RowFiles.Written rejected,
      Latencies latencies,
      ExpectationTally tally,
      long heldBack,
      boolean hasRowsAside,
      List<Refusal> refused)
      implements Serializable {

    Output plus(Output other) {
      latencies.addAll(other.latencies);
      tally.addAll(other.tally);
      return new Output(
          files.plus(other.files),
          rejected.plus(other.rejected),
          latencies,
          tally,
          heldBack + other.heldBack,
          hasRowsAside || other.hasRowsAside,
          Stream.of(refused, other.refused).flatMap(List::stream).toList());
    }

    static Output none() {
      return new Output(
          RowFiles.Written.none(),
          RowFiles.Written.none(),
          Latencies.none(),
          ExpectationTally.none(),
          0,
          false,
          List.of());
    }
  }

  @Override
  public Iterator<Output> call(Iterator<InternalRow> folded) {
    Task task = new Task();
    RowFiles.abortOnFailure(
        () -> folded.forEachRemaining(task::take), () -> List.of(task.files, task.rejected));
    return List.of(task.finish()).iterator();
  }

  /** The files of one task. The versions of a row come one after the other, oldest first. */
  private final class Task {

    private final RowFiles files = RowFiles.of(table, rows);
    private final RowFiles rejected = RowFiles.of(rejectedRows);
    private final Latencies latencies = Latencies.none();
    private final ExpectationTally tally = ExpectationTally.none();
    private final int committedAt = silver.columns().fieldIndex(ChangeColumns.COMMITTED_AT);
    private final int snapshot = silver.columns().fieldIndex(ChangeColumns.SNAPSHOT);
    private final int op = silver.columns().fieldIndex(ChangeColumns.OP);
    private final Set<String> quarantine = Set.copyOf(holdingBack);

    /** The newest version so far, within the batch, that is not held back. */
    private InternalRow holding;

    private long heldBack;
    private boolean hasRowsAside;
    private final List<Refusal> refused = new ArrayList<>();

    void take(InternalRow row) {
      if (!row.isNullAt(at(FoldedRow.REASON))) {
        RejectReason reason =
            RejectReason.valueOf(row.getUTF8String(at(FoldedRow.REASON)).toString());
        reject(row, reason, row.getUTF8String(at(FoldedRow.DETAIL)).toString());
        return;
      }
      List<String> broken = broken(row);
      List<String> holdBack = broken.stream().filter(quarantine::contains).toList();
      if (!holdBack.isEmpty()) {
        heldBack++;
        String detail = "The row breaks " + String.join(", ", holdBack);
        reject(row, RejectReason.EXPECTATION_BROKEN, detail);
      }
      if (row.getBoolean(at(FoldedRow.NEWEST))) {
        store(row, !holdBack.isEmpty());
        holding = null;
      } else if (holdBack.isEmpty()) {
        holding = row.copy();
      }
    }

    private List<String> broken(InternalRow row) {
      int column = silver.columns().size() + FoldedRow.EXTRA.size();
      if (!checked || row.isNullAt(column)) {
        return List.of();
      }
      tally.addChecked();
      List<String> names = new ArrayList<>();
      ArrayData broken = row.getArray(column);
      for (int i = 0; i < broken.numElements(); i++) {
        names.add(broken.getUTF8String(i).toString());
      }
      names.forEach(name -> tally.addBroken(name, keyText(row)));
      return names;
    }

    /**
     * Writes the newest version of a row. One that is held back stands beside the newest that is
     * not, which silver may have already.
     */
    private void store(InternalRow newest, boolean hold) {
      delete(newest, FoldedRow.HELD_FILE, FoldedRow.HELD_POSITION);
      InternalRow row = hold ? holding : newest;
      if (row != null) {
        delete(newest, FoldedRow.REPLACES_FILE, FoldedRow.REPLACES_POSITION);
        if (row.getBoolean(at(FoldedRow.STORED))) {
          hasRowsAside |= COVERED.equals(row.getUTF8String(op));
          files.write(row);
          FaultPoint.SILVER_WHILE_WRITING.pass();
        }
      }
      if (hold) {
        hasRowsAside = true;
        files.write(newest);
      }
      if (!newest.isNullAt(committedAt) && !newest.getBoolean(snapshot)) {
        latencies.add(newest.getLong(committedAt) / 1000);
      }
    }

    private void delete(InternalRow row, int file, int position) {
      if (!row.isNullAt(at(file))) {
        files.delete(row.getUTF8String(at(file)).toString(), row.getLong(at(position)));
      }
    }

    private void reject(InternalRow row, RejectReason reason, String detail) {
      int partition = row.getInt(silver.columns().fieldIndex(ChangeColumns.PARTITION));
      long offset = row.getLong(silver.columns().fieldIndex(ChangeColumns.OFFSET));
      if (replaying) {
        refused.add(new Refusal(new Place(partition, offset), reason, detail));
      } else if (offset >= rejectedThrough.getOrDefault(partition, 0L)) {
        rejected.write(
            RejectedRows.row(
                Stage.SILVER,
                reason,
                detail,
                UTF8String.fromString(topic),
                partition,
                offset,
                new RejectedRows.Event(
                    bytes(row, FoldedRow.KEY_JSON),
                    bytes(row, FoldedRow.VALUE_JSON),
                    null,
                    null,
                    null)));
      }
    }

    Output finish() {
      return new Output(
          files.close(), rejected.close(), latencies, tally, heldBack, hasRowsAside, refused);
    }
  }

  private byte[] bytes(InternalRow row, int column) {
    return row.isNullAt(at(column)) ? null : row.getUTF8String(at(column)).getBytes();
  }

  /** Spells a row's key for a person. */
  private String keyText(InternalRow row) {
    List<String> parts = new ArrayList<>();
    for (String name : silver.key()) {
      int column = silver.columns().fieldIndex(name);
      parts.add(name + "=" + row.get(column, silver.columns().fields()[column].dataType()));
    }
    return String.join(", ", parts);
  }

  /** Returns the position of one of the columns that {@link FoldedRow} adds. */
  private int at(int extra) {
    return silver.columns().size() + extra;
  }
}
