/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.failure.RejectReason;
import dev.cdclake.lake.KeyHash;
import dev.cdclake.lake.Position;
import dev.cdclake.lake.SoughtKeys;
import dev.cdclake.silver.ColumnType.UnreadableValueException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.stream.LongStream;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StructType;

/**
 * Bronze rows with their keys decoded, as {@link ChangeRow}s; TRUNCATEs are left out, they belong
 * to no key.
 */
final class BronzeChanges {

  private static final String[] COLUMNS = {
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
    ChangeColumns.AFTER,
    ChangeColumns.MOVED_FROM,
    ChangeColumns.BEFORE
  };

  private static final String[] KEY_COLUMNS = {
    ChangeColumns.SCHEMA,
    ChangeColumns.KEY,
    ChangeColumns.MOVED_FROM,
    ChangeColumns.EPOCH,
    ChangeColumns.LSN
  };

  /**
   * Changes that say all of a row, unless one of its values is unavailable. A delete keeps the
   * row's last values, an insert may cover another row, a fill has one column alone.
   */
  private static final Set<String> WHOLE_OPS = Set.of("u", "r");

  private static final Column IS_REMOVAL =
      functions
          .col(ChangeColumns.OP)
          .isin("u", "d")
          .and(functions.col(ChangeColumns.BEFORE).isNotNull());

  /** Behind every change. */
  private static final Position NEWEST = new Position(Integer.MAX_VALUE, -1);

  private BronzeChanges() {}

  /**
   * What tasks need to decode the rows of one table.
   *
   * @param schemas text of the event schemas by fingerprint
   * @param groups by key: the group that its changes of the key tie it to, absent for most keys
   * @param alike columns by which rows without a key are grouped; empty if no change has to find
   *     one of them
   * @param removalsOnly whether of updates without a key the part alone is wanted that takes the
   *     row before; the other part was folded before
   */
  record Decoder(
      SilverSchema silver,
      Map<String, String> schemas,
      Map<String, String> groups,
      List<String> alike,
      boolean removalsOnly)
      implements Serializable {

    Decoder(SilverSchema silver, Map<String, String> schemas) {
      this(silver, schemas, Map.of(), List.of(), false);
    }

    Decoder withGroups(Map<String, String> moved) {
      return new Decoder(silver, schemas, moved, alike, removalsOnly);
    }

    Decoder withAlike(List<String> columns) {
      return new Decoder(silver, schemas, groups, columns, removalsOnly);
    }

    Decoder withRemovalsOnly() {
      return new Decoder(silver, schemas, groups, alike, true);
    }

    /** Returns the schema of an event, its columns named as the table names them now. */
    EventSchema schema(String fingerprint, int epoch, long lsn) {
      return EventSchema.of(fingerprint, schemas.get(fingerprint))
          .under(silver.renames(), epoch, lsn);
    }

    String group(String key) {
      return groups.getOrDefault(key, key);
    }
  }

  /** Decodes the changes of a slice. */
  static Dataset<Row> read(BronzeSlice slice, Broadcast<Decoder> decoder, StructType shape) {
    MapPartitionsFunction<Row, Row> decode =
        rows -> map(rows, row -> changes(row, decoder.value()));
    return withoutTruncates(slice)
        .select(columns(COLUMNS))
        .mapPartitions(decode, Encoders.row(shape));
  }

  /** Returns the keys that a slice touches, and where the row that silver has is needed. */
  static SoughtKeys sought(BronzeSlice slice, Broadcast<Decoder> decoder) {
    FlatMapFunction<Iterator<Row>, SoughtKeys.Part> hash =
        rows -> List.of(sought(rows, decoder.value())).iterator();
    return SoughtKeys.of(
        withoutTruncates(slice)
            .select(withKeyColumns(ChangeColumns.OP, ChangeColumns.AFTER, ChangeColumns.SNAPSHOT))
            .javaRDD()
            .mapPartitions(hash)
            .collect());
  }

  /**
   * Returns pairs of (key, key it had before) for the rows of a slice whose key was updated and
   * that lack values which the row under the old key has.
   */
  static List<Row> moves(BronzeSlice slice, Broadcast<Decoder> decoder, StructType pairShape) {
    MapPartitionsFunction<Row, Row> decode = rows -> map(rows, row -> move(row, decoder.value()));
    return slice
        .rows()
        .where(functions.col(ChangeColumns.MOVED_FROM).isNotNull())
        .select(withKeyColumns(ChangeColumns.AFTER))
        .mapPartitions(decode, Encoders.row(pairShape))
        .collectAsList();
  }

  /** Returns the values that rows without a key had before their updates and deletes. */
  static Dataset<Row> taken(BronzeSlice slice, Broadcast<Decoder> decoder, StructType alike) {
    MapPartitionsFunction<Row, Row> decode =
        rows -> map(rows, row -> taken(row, decoder.value(), alike));
    return slice
        .rows()
        .where(IS_REMOVAL)
        .select(withKeyColumns(ChangeColumns.BEFORE))
        .mapPartitions(decode, Encoders.row(alike));
  }

  /** Whether a slice has updates or deletes. */
  static boolean haveRemovals(BronzeSlice slice) {
    return !slice.rows().where(IS_REMOVAL).isEmpty();
  }

  private static Dataset<Row> withoutTruncates(BronzeSlice slice) {
    return slice.contents().truncates() == 0
        ? slice.rows()
        : slice.rows().where(functions.not(BronzeSlice.endsRows()));
  }

  /** Decodes one change, given the columns of {@link #read}. */
  static List<Row> changes(Row bronze, Decoder decoder) {
    Object[] change = new Object[ChangeRow.at(ChangeRow.CURRENT) + 1];
    String op = bronze.getString(5);
    boolean snapshot = bronze.getBoolean(2);
    change[ChangeRow.at(ChangeRow.KIND)] = 1;
    change[ChangeRow.at(ChangeRow.EPOCH)] = bronze.getInt(0);
    change[ChangeRow.at(ChangeRow.LSN)] = bronze.getLong(1);
    // A fill has its place in the log, among the changes that were streamed.
    change[ChangeRow.at(ChangeRow.STREAMED)] =
        snapshot && !ChangeColumns.OP_FILL.equals(op) ? 0 : 1;
    change[ChangeRow.at(ChangeRow.PARTITION)] = bronze.getInt(3);
    change[ChangeRow.at(ChangeRow.OFFSET)] = bronze.getLong(4);
    change[ChangeRow.at(ChangeRow.OP)] = op;
    change[ChangeRow.at(ChangeRow.TXID)] = bronze.get(6);
    change[ChangeRow.at(ChangeRow.COMMITTED_AT)] = bronze.get(7);
    change[ChangeRow.at(ChangeRow.SCHEMA)] = bronze.get(8);
    change[ChangeRow.at(ChangeRow.KEY_JSON)] = bronze.get(9);
    change[ChangeRow.at(ChangeRow.AFTER)] = bronze.get(10);
    change[ChangeRow.at(ChangeRow.BEFORE)] = bronze.get(12);
    EventSchema schema = identify(change, bronze.getString(11), decoder);
    return schema == null || decoder.silver().keyed()
        ? List.of(RowFactory.create(change))
        : parts(change, op, schema, decoder);
  }

  /**
   * Returns the parts of a change of a table without a key: what takes the row before it, and what
   * adds the row after it.
   */
  private static List<Row> parts(Object[] change, String op, EventSchema schema, Decoder decoder) {
    boolean removes = "u".equals(op) || "d".equals(op);
    if (removes && change[ChangeRow.at(ChangeRow.BEFORE)] == null) {
      reject(
          change,
          RejectReason.CHANGE_WITHOUT_KEY,
          "The table has no key, and the event does not say how the row was before");
      return List.of(RowFactory.create(change));
    }
    List<Row> parts = new ArrayList<>(2);
    try {
      if (removes) {
        parts.add(part(change, ChangeRow.BEFORE, ChangeRow.AFTER, schema, decoder));
      }
      if (!"d".equals(op) && !decoder.removalsOnly()) {
        parts.add(part(change, ChangeRow.AFTER, ChangeRow.BEFORE, schema, decoder));
      }
      return parts;
    } catch (UnreadableValueException e) {
      reject(change, RejectReason.VALUE_UNREADABLE, e.getMessage());
      return List.of(RowFactory.create(change));
    }
  }

  private static Row part(
      Object[] change, String kept, String left, EventSchema schema, Decoder decoder)
      throws UnreadableValueException {
    Object[] part = change.clone();
    part[ChangeRow.at(left)] = null;
    if (!decoder.alike().isEmpty()) {
      String json = (String) change[ChangeRow.at(kept)];
      // All columns are read: a change of which one cannot be is rejected whole.
      RowImage.decode(json, schema, decoder.silver(), schema.inLake());
      part[ChangeRow.at(ChangeRow.GROUP)] =
          RowImage.text(RowImage.decode(json, schema, decoder.silver(), decoder.alike()));
    }
    return RowFactory.create(part);
  }

  /**
   * Sets key and group, or the reason why the change has none.
   *
   * @return the schema of the event, null if there is such a reason
   */
  private static EventSchema identify(Object[] change, String movedFrom, Decoder decoder) {
    String event =
        RowKey.text(
            List.of(
                change[ChangeRow.at(ChangeRow.PARTITION)], change[ChangeRow.at(ChangeRow.OFFSET)]));
    change[ChangeRow.at(ChangeRow.KEY)] = event;
    change[ChangeRow.at(ChangeRow.GROUP)] = event;
    String fingerprint = (String) change[ChangeRow.at(ChangeRow.SCHEMA)];
    if (fingerprint == null) {
      return reject(change, RejectReason.SCHEMA_MISSING, "The event carries no schema");
    }
    EventSchema schema =
        decoder.schema(
            fingerprint,
            (Integer) change[ChangeRow.at(ChangeRow.EPOCH)],
            (Long) change[ChangeRow.at(ChangeRow.LSN)]);
    if (schema.misread() != null) {
      return reject(
          change,
          RejectReason.COLUMN_RETYPED,
          "Column '%s' had another type when the row was written".formatted(schema.misread()));
    }
    String conflict = decoder.silver().conflict(schema);
    if (conflict != null) {
      return reject(change, RejectReason.SCHEMA_CONFLICT, conflict);
    }
    if (!decoder.silver().keyed()) {
      return schema;
    }
    String keyJson = (String) change[ChangeRow.at(ChangeRow.KEY_JSON)];
    if (keyJson == null) {
      return reject(change, RejectReason.KEY_MISSING, "The event has no key, the table has one");
    }
    try {
      String key = keyText(keyJson, schema, decoder);
      change[ChangeRow.at(ChangeRow.KEY)] = key;
      change[ChangeRow.at(ChangeRow.GROUP)] = decoder.group(key);
      if (movedFrom != null) {
        change[ChangeRow.at(ChangeRow.MOVED_FROM)] = keyText(movedFrom, schema, decoder);
      }
      return schema;
    } catch (UnreadableValueException e) {
      return reject(change, RejectReason.KEY_UNREADABLE, e.getMessage());
    }
  }

  private static EventSchema reject(Object[] change, RejectReason reason, String detail) {
    change[ChangeRow.at(ChangeRow.REASON)] = reason.name();
    change[ChangeRow.at(ChangeRow.DETAIL)] = detail;
    return null;
  }

  private static SoughtKeys.Part sought(Iterator<Row> rows, Decoder decoder) {
    LongStream.Builder entries = LongStream.builder();
    int sourceColumns = decoder.silver().sourcePositions().size();
    Position oldest = NEWEST;
    while (rows.hasNext()) {
      Row row = rows.next();
      addSought(row, decoder, sourceColumns, entries);
      // Whether a row that was read is the newer one, its place in the log alone does not say.
      Position place =
          row.getBoolean(7) ? Position.START : new Position(row.getInt(3), row.getLong(4));
      oldest = place.compareTo(oldest) < 0 ? place : oldest;
    }
    return new SoughtKeys.Part(entries.build().toArray(), oldest);
  }

  private static void addSought(
      Row bronze, Decoder decoder, int sourceColumns, LongStream.Builder entries) {
    EventSchema schema = usable(bronze, decoder);
    if (schema == null) {
      return;
    }
    for (int column = 1; column <= 2; column++) {
      if (!bronze.isNullAt(column)) {
        try {
          Object[] key = RowKey.decode(bronze.getString(column), schema, decoder.silver());
          boolean lacks =
              schema.columns().size() < sourceColumns
                  || !WHOLE_OPS.contains(bronze.getString(5))
                  || bronze.isNullAt(6)
                  || UnavailableValue.isIn(bronze.getString(6), schema);
          entries.add(SoughtKeys.entry(KeyHash.of(Arrays.asList(key)), lacks));
        } catch (UnreadableValueException e) {
          // A change without a key is looked up nowhere; it is rejected when it is decoded.
        }
      }
    }
  }

  private static List<Row> move(Row bronze, Decoder decoder) {
    EventSchema schema = usable(bronze, decoder);
    if (schema == null) {
      return List.of();
    }
    try {
      if (!UnavailableValue.isIn(bronze.getString(5), schema)) {
        return List.of();
      }
      return List.of(
          RowFactory.create(
              keyText(bronze.getString(1), schema, decoder),
              keyText(bronze.getString(2), schema, decoder)));
    } catch (UnreadableValueException e) {
      // The change itself is rejected with this reason when it is decoded.
      return List.of();
    }
  }

  private static List<Row> taken(Row bronze, Decoder decoder, StructType alike) {
    EventSchema schema = usable(bronze, decoder);
    if (schema == null) {
      return List.of();
    }
    try {
      return List.of(
          RowFactory.create(
              RowImage.decode(
                  bronze.getString(5), schema, decoder.silver(), List.of(alike.fieldNames()))));
    } catch (UnreadableValueException e) {
      // The change itself is rejected with this reason when it is decoded.
      return List.of();
    }
  }

  /**
   * Returns the schema of a row of {@link #KEY_COLUMNS}, null if it has none or its values do not
   * fit the table.
   */
  private static EventSchema usable(Row bronze, Decoder decoder) {
    if (bronze.isNullAt(0)) {
      return null;
    }
    EventSchema schema = decoder.schema(bronze.getString(0), bronze.getInt(3), bronze.getLong(4));
    boolean fits = schema.misread() == null && decoder.silver().conflict(schema) == null;
    return fits ? schema : null;
  }

  private static String keyText(String json, EventSchema schema, Decoder decoder)
      throws UnreadableValueException {
    return RowKey.text(Arrays.asList(RowKey.decode(json, schema, decoder.silver())));
  }

  private static Column[] withKeyColumns(String... more) {
    List<String> names = new ArrayList<>(List.of(KEY_COLUMNS));
    names.addAll(List.of(more));
    return columns(names.toArray(String[]::new));
  }

  private static Column[] columns(String... names) {
    return Arrays.stream(names).map(functions::col).toArray(Column[]::new);
  }

  /** A function from one row to several. */
  private interface Expand {
    List<Row> apply(Row row);
  }

  private static Iterator<Row> map(Iterator<Row> rows, Expand expand) {
    return new Iterator<>() {
      private Iterator<Row> expanded = List.<Row>of().iterator();

      @Override
      public boolean hasNext() {
        while (!expanded.hasNext() && rows.hasNext()) {
          expanded = expand.apply(rows.next()).iterator();
        }
        return expanded.hasNext();
      }

      @Override
      public Row next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        return expanded.next();
      }
    };
  }
}
