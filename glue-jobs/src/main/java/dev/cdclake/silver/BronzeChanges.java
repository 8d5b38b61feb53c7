/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.failure.RejectReason;
import dev.cdclake.lake.CatalystRows;
import dev.cdclake.lake.KeyHash;
import dev.cdclake.lake.Position;
import dev.cdclake.lake.SoughtKeys;
import dev.cdclake.silver.ColumnType.UnreadableValueException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.LongStream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * Bronze rows with their keys decoded, as {@link ChangeRow}s; TRUNCATEs are left out, they belong
 * to no key.
 */
final class BronzeChanges {

  /** The columns that are read; the constants are positions among them. */
  static final List<String> NAMES =
      List.of(
          ChangeColumns.EPOCH,
          ChangeColumns.LSN,
          ChangeColumns.SNAPSHOT,
          ChangeColumns.PARTITION,
          ChangeColumns.OFFSET,
          ChangeColumns.OP,
          ChangeColumns.TXID,
          ChangeColumns.COMMITTED_AT,
          ChangeColumns.SCHEMA,
          ChangeColumns.KEY,
          ChangeColumns.MOVED_FROM,
          ChangeColumns.BEFORE,
          ChangeColumns.AFTER);

  private static final Column[] COLUMNS = NAMES.stream().map(functions::col).toArray(Column[]::new);

  private static final int EPOCH = 0;
  private static final int LSN = 1;
  private static final int SNAPSHOT = 2;
  static final int PARTITION = 3;
  static final int OFFSET = 4;
  private static final int OP = 5;
  private static final int TXID = 6;
  private static final int COMMITTED_AT = 7;
  private static final int SCHEMA = 8;
  private static final int KEY = 9;
  private static final int MOVED_FROM = 10;
  private static final int BEFORE = 11;
  private static final int AFTER = 12;

  /**
   * Changes that say all of a row, unless one of its values is unavailable. A delete keeps the
   * row's last values, an insert may cover another row, a fill has one column alone.
   */
  private static final Set<UTF8String> WHOLE_OPS =
      Set.of(UTF8String.fromString("u"), UTF8String.fromString("r"));

  /** Changes that leave their own position in the row, whatever was its position before. */
  private static final Set<UTF8String> PLACING_OPS =
      Set.of(UTF8String.fromString("u"), UTF8String.fromString("r"), UTF8String.fromString("d"));

  private static final UTF8String UPDATE = UTF8String.fromString("u");
  private static final UTF8String DELETE = UTF8String.fromString("d");
  private static final UTF8String FILL = UTF8String.fromString(ChangeColumns.OP_FILL);

  private static final Column IS_REMOVAL =
      functions
          .col(ChangeColumns.OP)
          .isin("u", "d")
          .and(functions.col(ChangeColumns.BEFORE).isNotNull());

  /** About 200 MB. */
  private static final long ROWS_IN_MEMORY = 200_000;

  /** Behind every change. */
  private static final Position NEWEST = new Position(Integer.MAX_VALUE, -1);

  /** A key, and the one that its row had before. */
  record KeyMove(String key, String before) implements Serializable {}

  private BronzeChanges() {}

  /**
   * Returns the bronze rows of a slice, TRUNCATEs left out, with the columns that are read of them;
   * so few of them as to stay in memory are read once, for both uses.
   */
  static JavaRDD<InternalRow> of(BronzeSlice slice) {
    Dataset<Row> changes =
        slice.contents().truncates() == 0
            ? slice.rows()
            : slice.rows().where(functions.not(BronzeSlice.endsRows()));
    JavaRDD<InternalRow> rows = rows(changes);
    return fitInMemory(slice)
        ? rows.map(InternalRow::copy).persist(StorageLevel.MEMORY_ONLY())
        : rows;
  }

  /** Whether the rows of a slice are so few that tasks may hold them in memory. */
  static boolean fitInMemory(BronzeSlice slice) {
    return slice.contents().rows() <= ROWS_IN_MEMORY;
  }

  /** Decodes changes of {@link #of}; they have the shape of {@link ChangeRow} then. */
  static JavaRDD<InternalRow> decoded(JavaRDD<InternalRow> bronze, Broadcast<Decoder> decoder) {
    return bronze.mapPartitions(rows -> decoded(rows, decoder.value()));
  }

  /** Decodes changes that have the columns {@link #NAMES}. */
  static Iterator<InternalRow> decoded(Iterator<InternalRow> bronze, Decoder decoder) {
    return map(bronze, row -> changes(row, decoder));
  }

  /** Returns the keys that changes touch, and what is needed of the rows that silver has. */
  static SoughtKeys sought(JavaRDD<InternalRow> bronze, Broadcast<Decoder> decoder) {
    return SoughtKeys.of(
        bronze.mapPartitions(rows -> List.of(sought(rows, decoder.value())).iterator()).collect());
  }

  /**
   * Returns pairs of (key, key it had before) for the rows of a slice whose key was updated and
   * that lack values which the row under the old key has.
   */
  static List<KeyMove> moves(BronzeSlice slice, Broadcast<Decoder> decoder) {
    return rows(slice.rows().where(functions.col(ChangeColumns.MOVED_FROM).isNotNull()))
        .mapPartitions(rows -> map(rows, row -> move(row, decoder.value())))
        .collect();
  }

  /** Returns the values that rows without a key had before their updates and deletes. */
  static Dataset<Row> taken(BronzeSlice slice, Broadcast<Decoder> decoder, StructType alike) {
    JavaRDD<InternalRow> taken =
        rows(slice.rows().where(IS_REMOVAL))
            .mapPartitions(
                rows -> {
                  CatalystRows values = new CatalystRows(alike);
                  return map(rows, row -> taken(row, decoder.value(), alike, values));
                });
    return CatalystRows.dataset(slice.rows().sparkSession(), taken, alike);
  }

  /** Whether a slice has updates or deletes. */
  static boolean haveRemovals(BronzeSlice slice) {
    return !slice.rows().where(IS_REMOVAL).isEmpty();
  }

  private static JavaRDD<InternalRow> rows(Dataset<Row> bronze) {
    return CatalystRows.of(bronze.select(COLUMNS));
  }

  /** Returns how many bytes the key and the rows of a change take. */
  static long payloadBytes(InternalRow bronze) {
    long bytes = 0;
    for (int column : new int[] {KEY, BEFORE, AFTER}) {
      bytes += bronze.isNullAt(column) ? 0 : bronze.getUTF8String(column).numBytes();
    }
    return bytes;
  }

  /** Decodes one change of {@link #of}. */
  static List<InternalRow> changes(InternalRow bronze, Decoder decoder) {
    Object[] change = new Object[ChangeRow.WIDTH];
    UTF8String op = bronze.getUTF8String(OP);
    change[ChangeRow.KIND] = 1;
    change[ChangeRow.EPOCH] = bronze.getInt(EPOCH);
    change[ChangeRow.LSN] = bronze.getLong(LSN);
    // A fill has its place in the log, among the changes that were streamed.
    change[ChangeRow.STREAMED] = bronze.getBoolean(SNAPSHOT) && !FILL.equals(op) ? 0 : 1;
    change[ChangeRow.PARTITION] = bronze.getInt(PARTITION);
    change[ChangeRow.OFFSET] = bronze.getLong(OFFSET);
    change[ChangeRow.OP] = op;
    change[ChangeRow.TXID] = bronze.isNullAt(TXID) ? null : bronze.getLong(TXID);
    change[ChangeRow.COMMITTED_AT] =
        bronze.isNullAt(COMMITTED_AT) ? null : bronze.getLong(COMMITTED_AT);
    change[ChangeRow.SCHEMA] = utf8(bronze, SCHEMA);
    change[ChangeRow.KEY_JSON] = utf8(bronze, KEY);
    change[ChangeRow.BEFORE] = utf8(bronze, BEFORE);
    change[ChangeRow.AFTER] = utf8(bronze, AFTER);
    EventLayout event = identify(change, utf8(bronze, MOVED_FROM), decoder);
    return event == null || decoder.silver().keyed()
        ? List.of(new GenericInternalRow(change))
        : parts(change, op, event, decoder);
  }

  /**
   * Returns the parts of a change of a table without a key: what takes the row before it, and what
   * adds the row after it.
   */
  private static List<InternalRow> parts(
      Object[] change, UTF8String op, EventLayout event, Decoder decoder) {
    boolean removes = UPDATE.equals(op) || DELETE.equals(op);
    if (removes && change[ChangeRow.BEFORE] == null) {
      reject(
          change,
          RejectReason.CHANGE_WITHOUT_KEY,
          "The table has no key, and the event does not say how the row was before");
      return List.of(new GenericInternalRow(change));
    }
    List<InternalRow> parts = new ArrayList<>(2);
    try {
      if (removes) {
        parts.add(part(change, ChangeRow.BEFORE, ChangeRow.AFTER, event, decoder));
      }
      if (!DELETE.equals(op) && !decoder.removalsOnly()) {
        parts.add(part(change, ChangeRow.AFTER, ChangeRow.BEFORE, event, decoder));
      }
      return parts;
    } catch (UnreadableValueException e) {
      reject(change, RejectReason.VALUE_UNREADABLE, e.getMessage());
      return List.of(new GenericInternalRow(change));
    }
  }

  private static InternalRow part(
      Object[] change, int kept, int left, EventLayout event, Decoder decoder)
      throws UnreadableValueException {
    Object[] part = change.clone();
    part[left] = null;
    if (!decoder.alike().isEmpty()) {
      UTF8String json = (UTF8String) change[kept];
      // All columns are read: a change of which one cannot be is rejected whole.
      RowImage.decode(json, event, event.inLake());
      part[ChangeRow.GROUP] =
          UTF8String.fromString(RowImage.text(RowImage.decode(json, event, decoder.alike())));
    }
    return new GenericInternalRow(part);
  }

  /**
   * Sets key and group, or the reason why the change has none.
   *
   * @return how the event lies in the table, null if there is such a reason
   */
  private static EventLayout identify(Object[] change, UTF8String movedFrom, Decoder decoder) {
    if (!decoder.silver().keyed()) {
      standAlone(change);
    }
    if (change[ChangeRow.SCHEMA] == null) {
      return reject(change, RejectReason.SCHEMA_MISSING, "The event carries no schema");
    }
    EventLayout event =
        decoder.layout(
            change[ChangeRow.SCHEMA].toString(),
            (Integer) change[ChangeRow.EPOCH],
            (Long) change[ChangeRow.LSN]);
    if (!event.fits()) {
      return reject(change, event.reason(), event.detail());
    }
    if (!decoder.silver().keyed()) {
      return event;
    }
    if (change[ChangeRow.KEY_JSON] == null) {
      return reject(change, RejectReason.KEY_MISSING, "The event has no key, the table has one");
    }
    try {
      String key = RowKey.text(event.key((UTF8String) change[ChangeRow.KEY_JSON]));
      if (movedFrom != null) {
        change[ChangeRow.MOVED_FROM] = UTF8String.fromString(RowKey.text(event.key(movedFrom)));
      }
      change[ChangeRow.KEY] = UTF8String.fromString(key);
      change[ChangeRow.GROUP] = UTF8String.fromString(decoder.group(key));
      return event;
    } catch (UnreadableValueException e) {
      return reject(change, RejectReason.KEY_UNREADABLE, e.getMessage());
    }
  }

  /** Gives a change that belongs to no key a group of its own. */
  private static void standAlone(Object[] change) {
    UTF8String event =
        UTF8String.fromString(
            RowKey.text(List.of(change[ChangeRow.PARTITION], change[ChangeRow.OFFSET])));
    change[ChangeRow.KEY] = event;
    change[ChangeRow.GROUP] = event;
  }

  private static EventLayout reject(Object[] change, RejectReason reason, String detail) {
    standAlone(change);
    change[ChangeRow.REASON] = UTF8String.fromString(reason.name());
    change[ChangeRow.DETAIL] = UTF8String.fromString(detail);
    return null;
  }

  /**
   * Returns the keys that a part of the changes touches, and what is needed of the rows that silver
   * has.
   *
   * @param rows with the columns {@link #NAMES}
   */
  static SoughtKeys.Part sought(Iterator<InternalRow> rows, Decoder decoder) {
    LongStream.Builder entries = LongStream.builder();
    Position oldest = NEWEST;
    while (rows.hasNext()) {
      InternalRow row = rows.next();
      addSought(row, decoder, entries);
      // Whether a row that was read is the newer one, its place in the log alone does not say.
      Position place =
          row.getBoolean(SNAPSHOT)
              ? Position.START
              : new Position(row.getInt(EPOCH), row.getLong(LSN));
      oldest = place.compareTo(oldest) < 0 ? place : oldest;
    }
    return new SoughtKeys.Part(entries.build().toArray(), oldest);
  }

  private static void addSought(InternalRow bronze, Decoder decoder, LongStream.Builder entries) {
    EventLayout event = usable(bronze, decoder);
    if (event == null) {
      return;
    }
    try {
      UTF8String op = bronze.getUTF8String(OP);
      boolean lacks =
          !event.isComplete()
              || !WHOLE_OPS.contains(op)
              || bronze.isNullAt(AFTER)
              || event.lacksValue(bronze.getUTF8String(AFTER));
      for (int column : new int[] {KEY, MOVED_FROM}) {
        if (!bronze.isNullAt(column)) {
          Object[] key = event.key(bronze.getUTF8String(column));
          long hash = KeyHash.of(Arrays.asList(key));
          entries.add(SoughtKeys.entry(hash, lacks, !PLACING_OPS.contains(op)));
        }
      }
    } catch (UnreadableValueException e) {
      // A change without a key is looked up nowhere; it is rejected when it is decoded.
    }
  }

  private static List<KeyMove> move(InternalRow bronze, Decoder decoder) {
    EventLayout event = usable(bronze, decoder);
    if (event == null) {
      return List.of();
    }
    try {
      if (!event.lacksValue(bronze.getUTF8String(AFTER))) {
        return List.of();
      }
      return List.of(
          new KeyMove(
              RowKey.text(event.key(bronze.getUTF8String(KEY))),
              RowKey.text(event.key(bronze.getUTF8String(MOVED_FROM)))));
    } catch (UnreadableValueException e) {
      // The change itself is rejected with this reason when it is decoded.
      return List.of();
    }
  }

  private static List<InternalRow> taken(
      InternalRow bronze, Decoder decoder, StructType alike, CatalystRows values) {
    EventLayout event = usable(bronze, decoder);
    if (event == null) {
      return List.of();
    }
    try {
      Object[] before =
          RowImage.decode(bronze.getUTF8String(BEFORE), event, List.of(alike.fieldNames()));
      return List.of(values.row(RowFactory.create(before)));
    } catch (UnreadableValueException e) {
      // The change itself is rejected with this reason when it is decoded.
      return List.of();
    }
  }

  /** Returns how a change lies in the table, null if it has no schema or one that does not fit. */
  private static EventLayout usable(InternalRow bronze, Decoder decoder) {
    if (bronze.isNullAt(SCHEMA)) {
      return null;
    }
    EventLayout event =
        decoder.layout(Change.text(bronze, SCHEMA), bronze.getInt(EPOCH), bronze.getLong(LSN));
    return event.fits() ? event : null;
  }

  private static UTF8String utf8(InternalRow row, int column) {
    return row.isNullAt(column) ? null : row.getUTF8String(column);
  }

  private static <T> Iterator<T> map(
      Iterator<InternalRow> rows, Function<InternalRow, List<T>> expand) {
    return CatalystRows.stream(rows).flatMap(row -> expand.apply(row).stream()).iterator();
  }
}
