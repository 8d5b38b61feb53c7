/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.runtime;

import dev.cdclake.lake.RejectedRow;
import dev.cdclake.lake.RejectedRow.Refusal;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * Rejected rows of one table that went through their stage again: files are written, nothing is
 * committed yet.
 *
 * @param accepted the rows that can be used
 * @param refused why the others were rejected once more
 * @param outcome says, in words, what the accepted rows come to
 * @param commit commits them, together with the number of the replay
 * @param discard deletes what was written
 */
public record PreparedReplay(
    List<RejectedRow> accepted,
    List<Refusal> refused,
    String outcome,
    LongConsumer commit,
    Runnable discard) {

  /**
   * Key, in a table's progress, of the newest replay that was committed to it: the rejected rows
   * are an input like others.
   */
  public static final String PROGRESS = "bronze._rejected_rows";

  /** Returns a replay in which no row can be used. */
  public static PreparedReplay refusing(List<Refusal> refused) {
    return new PreparedReplay(List.of(), refused, "", replay -> {}, () -> {});
  }

  /** Rejects rows once more for their old reason, with a new detail. */
  public static List<Refusal> refusals(List<RejectedRow> rows, String detail) {
    return rows.stream().map(row -> new Refusal(row.place(), row.reason(), detail)).toList();
  }
}
