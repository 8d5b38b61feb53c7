/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import dev.cdclake.fixture.Changes;
import dev.cdclake.lake.SilverKey;
import dev.cdclake.silver.BronzeChanges.Decoder;
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
import org.apache.spark.util.LongAccumulator;

/** A silver table without Spark and without files: bronze rows go in batch by batch. */
final class FoldedTable {

  private static final List<String> ORDER =
      List.of(
          ChangeRow.GROUP,
          ChangeRow.KIND,
          ChangeRow.EPOCH,
          ChangeRow.LSN,
          ChangeRow.STREAMED,
          ChangeRow.OFFSET);

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
        after,
        old,
        before);
  }

  /** The source was truncated; late changes have to meet it, too. */
  void truncate(long lsn) {
    truncations.add(new Truncation(1, lsn, lsn / 1000, null, "t"));
    truncations.sort(Comparator.comparing(Truncation::position));
  }

  /** Folds one batch of bronze rows. */
  void carry(List<Row> bronze) {
    List<Row> rows = new ArrayList<>();
    stored.forEach((place, row) -> rows.add(current(place, row)));
    bronze.forEach(row -> rows.addAll(BronzeChanges.changes(row, decoder)));
    rows.sort(FoldedTable::compare);
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
    Object reason = row.get(FoldedRow.at(silver, FoldedRow.REASON));
    if (reason != null) {
      rejected.add(reason.toString());
      return;
    }
    if (row.get(FoldedRow.at(silver, FoldedRow.REPLACES_FILE)) != null
        && stored.remove(row.getLong(FoldedRow.at(silver, FoldedRow.REPLACES_POSITION))) == null) {
      throw new AssertionError("A row was replaced twice: " + row);
    }
    if (row.getBoolean(FoldedRow.at(silver, FoldedRow.STORED))) {
      stored.put(written++, row);
    }
  }

  private Row current(long place, Row row) {
    Object[] values = new Object[silver.columns().size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = row.get(i);
    }
    List<String> identity = silver.keyed() ? silver.key() : decoder.alike();
    Object[] identifying = identity.stream().map(column -> value(row, column)).toArray();
    Object[] current = new Object[ChangeRow.at(ChangeRow.CURRENT) + 1];
    current[ChangeRow.at(ChangeRow.KEY)] =
        RowKey.text(silver.key().stream().map(column -> value(row, column)).toList());
    current[ChangeRow.at(ChangeRow.GROUP)] =
        silver.keyed() ? current[ChangeRow.at(ChangeRow.KEY)] : RowImage.text(identifying);
    current[ChangeRow.at(ChangeRow.KIND)] = 0;
    current[ChangeRow.at(ChangeRow.EPOCH)] = value(row, "_epoch");
    current[ChangeRow.at(ChangeRow.LSN)] = value(row, "_lsn");
    current[ChangeRow.at(ChangeRow.FILE)] = "file";
    current[ChangeRow.at(ChangeRow.POSITION)] = place;
    current[ChangeRow.at(ChangeRow.WHOLE)] = true;
    current[ChangeRow.at(ChangeRow.CURRENT)] = RowFactory.create(values);
    return RowFactory.create(current);
  }

  @SuppressWarnings("unchecked") // columns of the order are of comparable types
  private static int compare(Row one, Row other) {
    for (String column : ORDER) {
      Comparable<Object> left = (Comparable<Object>) one.get(ChangeRow.at(column));
      Object right = other.get(ChangeRow.at(column));
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
