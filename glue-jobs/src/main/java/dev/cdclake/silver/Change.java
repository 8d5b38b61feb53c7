/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import dev.cdclake.lake.Position;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * A change of bronze on its way into silver.
 *
 * @param key the key's text; of a table without a key, the event's place
 * @param movedFrom the text of the key that the row had before, null if it was not updated
 * @param streamed false for a row that a snapshot read
 * @param txid null where the source names no transaction
 * @param committedAt null where the source names no time
 * @param schema fingerprint of the event's schema
 * @param keyJson the event's key, null if it has none
 * @param before the row before the change, null where the source did not log it
 * @param after the row after the change, null for a delete
 */
record Change(
    String key,
    String movedFrom,
    int epoch,
    long lsn,
    boolean streamed,
    int partition,
    long offset,
    String op,
    Long txid,
    Instant committedAt,
    String schema,
    UTF8String keyJson,
    UTF8String before,
    UTF8String after) {

  /** Reads a change that was not rejected; nothing of the row is kept. */
  static Change of(InternalRow row) {
    return new Change(
        text(row, ChangeRow.KEY),
        text(row, ChangeRow.MOVED_FROM),
        row.getInt(ChangeRow.EPOCH),
        row.getLong(ChangeRow.LSN),
        row.getInt(ChangeRow.STREAMED) == 1,
        row.getInt(ChangeRow.PARTITION),
        row.getLong(ChangeRow.OFFSET),
        text(row, ChangeRow.OP),
        row.isNullAt(ChangeRow.TXID) ? null : row.getLong(ChangeRow.TXID),
        row.isNullAt(ChangeRow.COMMITTED_AT)
            ? null
            : Instant.EPOCH.plus(row.getLong(ChangeRow.COMMITTED_AT), ChronoUnit.MICROS),
        text(row, ChangeRow.SCHEMA),
        json(row, ChangeRow.KEY_JSON),
        json(row, ChangeRow.BEFORE),
        json(row, ChangeRow.AFTER));
  }

  /** Returns a copy: the row that it is read from may be filled anew. */
  private static UTF8String json(InternalRow row, int column) {
    return row.isNullAt(column) ? null : row.getUTF8String(column).copy();
  }

  /** Returns a text of a row, null if it has none. */
  static String text(InternalRow row, int column) {
    return row.isNullAt(column) ? null : row.getUTF8String(column).toString();
  }

  /** Returns the place in the source's log. */
  Position position() {
    return new Position(epoch, lsn);
  }

  boolean isDelete() {
    return "d".equals(op);
  }
}
