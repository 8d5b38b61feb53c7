/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.gold;

import dev.cdclake.lake.CatalystRows;
import dev.cdclake.lake.KeyHash;
import dev.cdclake.lake.KeyScan;
import dev.cdclake.lake.SoughtKeys;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.spark.source.SerializableTableWithSize;
import org.apache.iceberg.types.Types;
import org.apache.iceberg.util.SnapshotUtil;
import org.apache.spark.SparkThrowable;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.types.StructType;

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

  /**
   * Computes the rows.
   *
   * @param key the column of silver that holds the model's key
   * @param since the snapshot of silver that the last refresh read
   * @param now the snapshot that this refresh reads
   * @return empty if they have to be computed in another way
   */
  static Optional<Result> of(
      JavaSparkContext context,
      Table silver,
      String key,
      SummedModel model,
      GoldTable gold,
      long since,
      long now) {
    Optional<ChangedFiles> changed = ChangedFiles.between(silver, since, now);
    boolean isSameSchema =
        changed.isPresent()
            && silver.snapshot(since).schemaId().equals(silver.snapshot(now).schemaId());
    if (!isSameSchema || !changed.get().isExact() || changed.get().size() > MOST_CHANGES) {
      return Optional.empty();
    }
    Schema schema = SnapshotUtil.schemaFor(silver, now);
    SummedRefresh refresh =
        new SummedRefresh(
            SerializableTableWithSize.copyOf(silver),
            model,
            schema.findField(key),
            Stream.of(model.input().fieldNames()).map(schema::findField).toList());
    Supplier<List<KeyScan.Files>> files =
        () -> KeyScan.files(silver.newScan().useSnapshot(now), context.defaultParallelism());
    return refresh
        .changes(context, changed.get())
        .flatMap(tallies -> refresh.result(context, gold, tallies, files));
  }

  private Optional<Result> result(
      JavaSparkContext context,
      GoldTable gold,
      Map<Object, Tally> tallies,
      Supplier<List<KeyScan.Files>> files) {
    if (tallies.isEmpty()) {
      return Optional.of(new Result(0, List.of(), List.of()));
    }
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
      Optional<Map<Object, Tally>> anew = countedAnew(context, files.get(), sought(untold));
      for (Object of : untold) {
        Optional<List<Object>> row =
            anew.flatMap(tallied -> tallied.getOrDefault(of, new Tally(model)).over(null));
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
            if ((Long) row.get(model.countOfRows()) > 0) {
              written.add(row);
            }
          }
        });
    return new Result(rows.size(), written, gone);
  }

  private SoughtKeys sought(Set<Object> keys) {
    StructType shape = new StructType().add("key", model.columns().get(model.key()).type());
    CatalystRows plain = new CatalystRows(shape);
    long[] entries =
        keys.stream()
            .map(of -> plain.row(new GenericInternalRow(new Object[] {of})).get(0))
            .mapToLong(of -> SoughtKeys.entry(KeyHash.ofSingle(of)))
            .toArray();
    return SoughtKeys.of(List.of(new SoughtKeys.Part(entries)));
  }

  /** A part of a changed data file. */
  private record Part(ChangedFiles.Rows rows, boolean isGone) implements Serializable {

    private static final long serialVersionUID = 1L;
  }

  /** Returns what the changes do, by key; empty if the select cannot be applied to one of them. */
  private Optional<Map<Object, Tally>> changes(JavaSparkContext context, ChangedFiles changed) {
    List<Part> parts = new ArrayList<>();
    changed.come().forEach(rows -> parts.add(new Part(rows, false)));
    changed.gone(context, silver).forEach(rows -> parts.add(new Part(rows, true)));
    return parts.isEmpty()
        ? Optional.of(Map.of())
        : joined(
            context
                .parallelize(parts, Math.min(SHARES * context.defaultParallelism(), parts.size()))
                .mapPartitions(all -> List.of(read(all)).iterator())
                .collect());
  }

  private Tallied read(Iterator<Part> parts) {
    Tallies tallies = new Tallies();
    parts.forEachRemaining(
        part ->
            part.rows.read(
                silver,
                (file, group, rows) ->
                    tallies.take(file.lines(group, columns, rows), part.isGone)));
    return tallies.made();
  }

  private Optional<Map<Object, Tally>> countedAnew(
      JavaSparkContext context, List<KeyScan.Files> files, SoughtKeys keys) {
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

  private Tallied count(Iterator<KeyScan.Files> shares, SoughtKeys keys) {
    Tallies tallies = new Tallies();
    try (KeyScan scan = new KeyScan(silver, List.of(key), keys, shares)) {
      while (scan.advance()) {
        tallies.take(scan.lines(columns), false);
      }
    }
    return tallies.made();
  }

  /**
   * What a task made.
   *
   * @param haveFailed whether the select failed on a row: one that silver has no more, perhaps
   */
  private record Tallied(Map<Object, Tally> byKey, boolean haveFailed) implements Serializable {

    private static final long serialVersionUID = 1L;
  }

  private static Optional<Map<Object, Tally>> joined(List<Tallied> parts) {
    Map<Object, Tally> joined = new HashMap<>();
    for (Tallied part : parts) {
      if (part.haveFailed) {
        return Optional.empty();
      }
      part.byKey.forEach(
          (of, tally) ->
              joined.merge(
                  of,
                  tally,
                  (one, other) -> {
                    one.merge(other);
                    return one;
                  }));
    }
    return Optional.of(joined);
  }

  /** Tallies by key. */
  private final class Tallies {

    private final SummedModel.Reader reader = model.new Reader();
    private final Map<Object, Tally> byKey = new HashMap<>();
    private boolean haveFailed;

    Tallied made() {
      return new Tallied(byKey, haveFailed);
    }

    /** Takes in rows, a line of values each. */
    void take(Object[][] lines, boolean areGone) {
      for (Object[] line : lines) {
        read(line)
            .ifPresent(
                read ->
                    byKey
                        .computeIfAbsent(read[model.key()], unknown -> new Tally(model))
                        .take(read, areGone));
      }
    }

    private Optional<Object[]> read(Object[] row) {
      try {
        return reader.read(row);
      } catch (RuntimeException e) {
        // For example a cast of a text that is no number. Whether it matters, the select tells.
        if (!(e instanceof SparkThrowable)) {
          throw e;
        }
        haveFailed = true;
        return Optional.empty();
      }
    }
  }
}
