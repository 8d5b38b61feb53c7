/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import dev.cdclake.fixture.Changes;
import dev.cdclake.lake.CatalystRows;
import dev.cdclake.lake.SilverKey;
import dev.cdclake.silver.KeyFold.Outcomes;
import dev.cdclake.silver.KeyFold.Rules;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.unsafe.types.UTF8String;
import org.apache.spark.util.LongAccumulator;

/** A silver table without Spark and without files: bronze rows go in batch by batch. */
final class FoldedTable {

  private static final int[] ORDER = {
    ChangeRow.GROUP,
    ChangeRow.KIND,
    ChangeRow.EPOCH,
    ChangeRow.LSN,
    ChangeRow.STREAMED,
    ChangeRow.OFFSET
  };

  private static final StructType BRONZE =
      new StructType()
          .add("epoch", DataTypes.IntegerType)
          .add("lsn", DataTypes.LongType)
          .add("snapshot", DataTypes.BooleanType)
          .add("partition", DataTypes.IntegerType)
          .add("offset", DataTypes.LongType)
          .add("op", DataTypes.StringType)
          .add("txid", DataTypes.LongType)
          .add("committed_at", DataTypes.TimestampType)
          .add("schema", DataTypes.StringType)
          .add("key", DataTypes.StringType)
          .add("moved_from", DataTypes.StringType)
          .add("before", DataTypes.StringType)
          .add("after", DataTypes.StringType);

  private final Decoder decoder;
  private final String fingerprint = UUID.randomUUID().toString();
  private final SilverSchema silver;
  private final List<Truncation> truncations = new ArrayList<>();
  private final Map<Long, Row> stored = new TreeMap<>();
  private final List<String> rejected = new ArrayList<>();
  private long written;

  /**
   * Makes an empty table.
   *
   * @param table its columns, all of which rows without a key are looked up by
   * @param key none for a table without one
   */
  FoldedTable(Changes table, String... key) {
    SilverKey silverKey = new SilverKey(List.of(key));
    EventSchema event = EventSchema.of(fingerprint, table.schema());
    silver =
        new SilverSchema(SilverSchema.initial(event), silverKey.columns(), silverKey.isKeyed());
    Decoder keyed = new Decoder(silver, Map.of(fingerprint, table.schema()));
    decoder = silver.keyed() ? keyed : keyed.withAlike(event.inLake());
  }

  /** A bronze row of the transaction whose number is the thousands of its LSN. */
  Row change(
      String op, long lsn, long offset, String key, String before, String after, String old) {
    return RowFactory.create(
        1,
        lsn,
        "r".equals(op),
        0,
        offset,
        op,
        lsn / 1000,
        null,
        fingerprint,
        key,
        old,
        before,
        after);
  }

  /** The source was truncated; late changes have to meet it, too. */
  void truncate(long lsn) {
    truncations.add(new Truncation(1, lsn, lsn / 1000, null, "t"));
    truncations.sort(Comparator.comparing(Truncation::position));
  }

  /** Folds one batch of bronze rows. */
  void carry(List<Row> bronze) {
    CatalystRows bronzeRows = new CatalystRows(BRONZE);
    List<InternalRow> rows = new ArrayList<>();
    stored.forEach((place, row) -> rows.add(current(place, row)));
    bronze.forEach(row -> rows.addAll(BronzeChanges.changes(bronzeRows.row(row), decoder)));
    rows.sort(this::compare);
    Iterator<Row> folded =
        new KeyFold.Groups(
            rows.iterator(), decoder, new Rules(truncations, false, false), outcomes());
    List<Row> all = new ArrayList<>();
    folded.forEachRemaining(all::add);
    all.forEach(this::store);
  }

  /** Returns columns of the active rows, sorted. */
  List<String> active(String... columns) {
    return stored.values().stream()
        .filter(row -> Boolean.TRUE.equals(value(row, "is_active")))
        .map(row -> spell(row, columns))
        .sorted()
        .toList();
  }

  /** Returns how many rows there are, inactive ones included. */
  int size() {
    return stored.size();
  }

  /** Returns the reasons for which changes were rejected, in the order of the batches. */
  List<String> rejected() {
    return rejected;
  }

  private String spell(Row row, String... columns) {
    List<Object> values = new ArrayList<>();
    for (String column : columns) {
      values.add(value(row, column));
    }
    return values.toString();
  }

  private Object value(Row row, String column) {
    return row.get(silver.columns().fieldIndex(column));
  }

  private void store(Row row) {
    Object reason = row.get(at(FoldedRow.REASON));
    if (reason != null) {
      rejected.add(reason.toString());
      return;
    }
    if (row.get(at(FoldedRow.REPLACES_FILE)) != null
        && stored.remove(row.getLong(at(FoldedRow.REPLACES_POSITION))) == null) {
      throw new AssertionError("A row was replaced twice: " + row);
    }
    if (row.getBoolean(at(FoldedRow.STORED))) {
      stored.put(written++, row);
    }
  }

  private int at(int extra) {
    return silver.columns().size() + extra;
  }

  private InternalRow current(long place, Row row) {
    Object[] values = new Object[silver.columns().size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = row.get(i);
    }
    List<String> identity = silver.keyed() ? silver.key() : decoder.alike();
    Object[] identifying = identity.stream().map(column -> value(row, column)).toArray();
    String key = RowKey.text(silver.key().stream().map(column -> value(row, column)).toList());
    Object[] current = new Object[ChangeRow.WIDTH];
    current[ChangeRow.KEY] = UTF8String.fromString(key);
    current[ChangeRow.GROUP] =
        UTF8String.fromString(silver.keyed() ? key : RowImage.text(identifying));
    current[ChangeRow.KIND] = 0;
    current[ChangeRow.EPOCH] = value(row, "_epoch");
    current[ChangeRow.LSN] = value(row, "_lsn");
    current[ChangeRow.FILE] = UTF8String.fromString("file");
    current[ChangeRow.POSITION] = place;
    current[ChangeRow.WHOLE] = true;
    current[ChangeRow.CURRENT] = new CatalystRows(silver.columns()).row(RowFactory.create(values));
    return new GenericInternalRow(current);
  }

  @SuppressWarnings("unchecked") // columns of the order are of comparable types
  private int compare(InternalRow one, InternalRow other) {
    for (int column : ORDER) {
      DataType type = ChangeRow.of(silver).fields()[column].dataType();
      Comparable<Object> left = (Comparable<Object>) one.get(column, type);
      Object right = other.get(column, type);
      int compared =
          left == null || right == null
              ? Boolean.compare(left != null, right != null)
              : left.compareTo(right);
      if (compared != 0) {
        return compared;
      }
    }
    return 0;
  }

  private static Outcomes outcomes() {
    return new Outcomes(
        new LongAccumulator(), new LongAccumulator(), new LongAccumulator(), new LongAccumulator());
  }
}
