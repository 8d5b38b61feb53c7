/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.gold;

import dev.cdclake.lake.KeyHash;
import dev.cdclake.lake.KeyScan;
import dev.cdclake.lake.ParquetColumns;
import dev.cdclake.lake.SoughtKeys;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.spark.source.SerializableTableWithSize;
import org.apache.iceberg.types.Types;
import org.apache.iceberg.util.SnapshotUtil;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/**
 * Computes the new rows of a {@link SummedModel} from its old ones and from the rows of silver that
 * came and went since: the cost follows the number of changes, not the size of silver.
 *
 * <p>Where that cannot tell a value (the greatest one went), the rows of its key are counted anew.
 *
 * @param silver the model's only input
 * @param key the column of it that holds the model's key
 * @param columns those of it that the model uses
 */
record SummedRefresh(
    Table silver, SummedModel model, Types.NestedField key, List<Types.NestedField> columns)
    implements Serializable {

  private static final long serialVersionUID = 1L;

  /** Tasks per core: files have very different numbers of changed rows. */
  private static final int SHARES = 4;

  /** More changes than this since the last refresh: tasks do better than one table of tallies. */
  private static final long MOST_CHANGES = 100_000;

  /**
   * What becomes of the model's table.
   *
   * @param keys how many keys were touched
   * @param rows new rows, with the model's columns, as Spark's own values
   * @param gone places of older rows
   */
  record Result(int keys, List<List<Object>> rows, Collection<GoldTable.Found> gone) {}

  /** Prepares to read a snapshot of silver. */
  static SummedRefresh of(Table silver, long snapshot, SummedModel model, String key) {
    Schema schema = SnapshotUtil.schemaFor(silver, snapshot);
    List<Types.NestedField> columns =
        Stream.of(model.input().fieldNames()).map(schema::findField).toList();
    return new SummedRefresh(
        SerializableTableWithSize.copyOf(silver), model, schema.findField(key), columns);
  }

  /**
   * Computes the rows.
   *
   * @param since the snapshot of silver that the last refresh read
   * @param now the snapshot that this refresh reads
   * @return empty if they have to be computed in another way
   */
  Optional<Result> result(JavaSparkContext context, GoldTable gold, long since, long now) {
    Optional<ChangedFiles> changed = ChangedFiles.between(silver, since, now);
    boolean isSameSchema =
        changed.isPresent()
            && silver.snapshot(since).schemaId().equals(silver.snapshot(now).schemaId());
    if (!isSameSchema || !changed.get().isExact() || changed.get().rows() > MOST_CHANGES) {
      return Optional.empty();
    }
    Map<Object, Tally> tallies = changes(context, changed.get());
    Map<Object, GoldTable.Found> old = new HashMap<>();
    for (GoldTable.Found row : gold.find(sought(tallies.keySet()), model)) {
      Object of = row.values().get(model.key());
      if (tallies.containsKey(of) && old.put(of, row) != null) {
        return Optional.empty();
      }
    }
    Map<Object, List<Object>> rows = new HashMap<>();
    Set<Object> untold = new HashSet<>();
    tallies.forEach(
        (of, tally) ->
            tally
                .over(old.containsKey(of) ? old.get(of).values() : null)
                .ifPresentOrElse(row -> rows.put(of, row), () -> untold.add(of)));
    if (!untold.isEmpty()) {
      Map<Object, Tally> anew = countedAnew(context, now, sought(untold));
      for (Object of : untold) {
        Tally tally = anew.getOrDefault(of, new Tally(model));
        Optional<List<Object>> row = tally.over(null);
        if (row.isEmpty()) {
          return Optional.empty();
        }
        rows.put(of, row.get());
      }
    }
    return Optional.of(difference(rows, old));
  }

  /** Leaves out the rows that stay as they are, and those without a row of silver. */
  private Result difference(Map<Object, List<Object>> rows, Map<Object, GoldTable.Found> old) {
    List<List<Object>> written = new ArrayList<>();
    List<GoldTable.Found> gone = new ArrayList<>();
    rows.forEach(
        (of, row) -> {
          GoldTable.Found before = old.get(of);
          if (before == null || !before.values().equals(row)) {
            if (before != null) {
              gone.add(before);
            }
            if ((Long) row.get(model.rows()) > 0) {
              written.add(row);
            }
          }
        });
    return new Result(rows.size(), written, gone);
  }

  private SoughtKeys sought(Set<Object> keys) {
    long[] entries =
        keys.stream()
            .mapToLong(of -> SoughtKeys.entry(KeyHash.ofSingle(model.plain(of)), false))
            .toArray();
    return SoughtKeys.of(List.of(new SoughtKeys.Part(entries)));
  }

  /** A part of a changed data file. */
  private record Part(ChangedFiles.Rows rows, boolean isGone) implements Serializable {

    private static final long serialVersionUID = 1L;
  }

  private Map<Object, Tally> changes(JavaSparkContext context, ChangedFiles changed) {
    List<Part> parts = new ArrayList<>();
    changed.come().forEach(rows -> parts.add(new Part(rows, false)));
    changed.gone(context, silver).forEach(rows -> parts.add(new Part(rows, true)));
    return parts.isEmpty()
        ? Map.of()
        : joined(
            context
                .parallelize(parts, Math.min(SHARES * context.defaultParallelism(), parts.size()))
                .mapPartitions(all -> List.of(read(all)).iterator())
                .collect());
  }

  private Map<Object, Tally> read(Iterator<Part> parts) {
    Tallies tallies = new Tallies();
    parts.forEachRemaining(part -> read(part, tallies));
    return tallies.byKey;
  }

  private void read(Part part, Tallies tallies) {
    try (ParquetColumns file = ParquetColumns.open(silver.io().newInputFile(part.rows.file()))) {
      long first = 0;
      for (int group = 0; group < file.rowGroups().size(); group++) {
        int size = file.rowGroups().get(group);
        int[] rows = part.rows.within(first, size);
        Object[][] values = new Object[columns.size()][];
        for (int column = 0; column < values.length; column++) {
          values[column] = file.values(group, columns.get(column), rows);
        }
        tallies.take(values, rows.length, part.isGone);
        first += size;
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read file '" + part.rows.file() + "'.", e);
    }
  }

  private Map<Object, Tally> countedAnew(JavaSparkContext context, long now, SoughtKeys keys) {
    List<KeyScan.Files> files =
        KeyScan.files(silver.newScan().useSnapshot(now), context.defaultParallelism());
    Broadcast<SoughtKeys> sought = context.broadcast(keys);
    try {
      return joined(
          context
              .parallelize(files, Math.max(1, files.size()))
              .mapPartitions(shares -> List.of(count(shares, sought.value())).iterator())
              .collect());
    } finally {
      sought.destroy();
    }
  }

  private Map<Object, Tally> count(Iterator<KeyScan.Files> shares, SoughtKeys keys) {
    Tallies tallies = new Tallies();
    try (KeyScan scan = new KeyScan(silver, List.of(key), keys, shares)) {
      while (scan.advance()) {
        Object[][] values =
            columns.stream()
                .map(column -> scan.values(column, scan.rows()))
                .toArray(Object[][]::new);
        tallies.take(values, scan.rows().length, false);
      }
    }
    return tallies.byKey;
  }

  private static Map<Object, Tally> joined(List<Map<Object, Tally>> parts) {
    Map<Object, Tally> joined = new HashMap<>();
    for (Map<Object, Tally> part : parts) {
      part.forEach(
          (of, tally) ->
              joined.merge(
                  of,
                  tally,
                  (one, other) -> {
                    one.merge(other);
                    return one;
                  }));
    }
    return joined;
  }

  /** Tallies by key. */
  private final class Tallies {

    private final SummedModel.Reader reader = model.new Reader();
    private final Map<Object, Tally> byKey = new HashMap<>();

    /**
     * Takes in rows.
     *
     * @param values by column
     */
    void take(Object[][] values, int rows, boolean areGone) {
      Object[] row = new Object[values.length];
      for (int i = 0; i < rows; i++) {
        for (int column = 0; column < values.length; column++) {
          row[column] = values[column][i];
        }
        reader
            .read(row)
            .ifPresent(
                read ->
                    byKey
                        .computeIfAbsent(read[model.key()], unknown -> new Tally(model))
                        .take(read, areGone));
      }
    }
  }
}
