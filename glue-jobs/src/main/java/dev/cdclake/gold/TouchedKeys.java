/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.gold;

import static org.apache.spark.sql.functions.col;

import dev.cdclake.lake.SilverKey;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DataOperations;
import org.apache.iceberg.MetadataColumns;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotChanges;
import org.apache.iceberg.Table;
import org.apache.iceberg.util.SnapshotUtil;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * The keys of a model that changed rows of one silver table touch: by the value that the changed
 * rows have now, and by the value that they had at the last refresh.
 *
 * <p>Silver writes the new version of every changed row, deleted ones included, into a new file. So
 * the files added since tell which rows changed, and the cost follows their number.
 */
final class TouchedKeys {

  /** More compactions than this since the last refresh: reading everything is cheaper. */
  private static final int MOST_READS = 20;

  private TouchedKeys() {}

  /**
   * Finds the touched keys.
   *
   * @param quoted the silver table's name for SQL
   * @param column the column that holds the model's key
   * @param since the snapshot that the last refresh read
   * @param now the snapshot that this refresh reads
   * @return one column named {@code key}; empty if they can no longer be found
   */
  static Optional<Dataset<Row>> of(
      SparkSession spark, Table silver, String quoted, String column, long since, long now) {
    if (!SnapshotUtil.isAncestorOf(silver, now, since)) {
      return Optional.empty();
    }
    Map<Long, List<String>> added = added(silver, since, now);
    if (added.size() > MOST_READS) {
      return Optional.empty();
    }
    SilverKey key = SilverKey.of(silver);
    if (!hadColumns(silver, added.keySet(), names(key, column))
        || !hadColumns(silver, Set.of(since), names(key, column))) {
      return Optional.empty();
    }
    Dataset<Row> changed =
        added.entrySet().stream()
            .map(part -> rowsOf(part.getValue(), spark, part.getKey(), quoted))
            .map(rows -> rows.select(columns(key, column)))
            .reduce(Dataset::union)
            .orElseThrow();
    Dataset<Row> touched = changed.select(col(column).as("key"));
    if (!key.columns().equals(List.of(column))) {
      Dataset<Row> before = rows(spark, since, quoted).select(columns(key, column));
      Column same =
          key.columns().stream()
              .map(name -> before.col(name).equalTo(changed.col(name)))
              .reduce(Column::and)
              .orElseThrow();
      touched = touched.union(before.join(changed, same, "left_semi").select(before.col(column)));
    }
    return Optional.of(touched);
  }

  /**
   * Returns the files added since, by the snapshot to read them at: the newest that still has them.
   * A compaction moves rows to other files, so the files added before it are read as of the
   * snapshot before it. Never empty.
   */
  private static Map<Long, List<String>> added(Table silver, long since, long now) {
    Deque<Snapshot> oldestFirst = new ArrayDeque<>();
    SnapshotUtil.ancestorsBetween(silver, now, since).forEach(oldestFirst::addFirst);
    Map<Long, List<String>> added = new LinkedHashMap<>();
    List<String> files = new ArrayList<>();
    for (Snapshot snapshot : oldestFirst) {
      if (!DataOperations.REPLACE.equals(snapshot.operation())) {
        for (DataFile file :
            SnapshotChanges.builderFor(silver).snapshot(snapshot).build().addedDataFiles()) {
          files.add(file.location());
        }
      } else if (!files.isEmpty()) {
        added.put(snapshot.parentId(), files);
        files = new ArrayList<>();
      }
    }
    if (!files.isEmpty() || added.isEmpty()) {
      added.put(now, files);
    }
    return added;
  }

  /** Whether the columns had their names then: a rename of a source column may have come since. */
  private static boolean hadColumns(Table silver, Set<Long> snapshots, List<String> columns) {
    return snapshots.stream()
        .map(snapshot -> silver.schemas().get(silver.snapshot(snapshot).schemaId()))
        .allMatch(schema -> columns.stream().allMatch(name -> schema.findField(name) != null));
  }

  private static Dataset<Row> rowsOf(
      List<String> files, SparkSession spark, long snapshot, String quoted) {
    return rows(spark, snapshot, quoted)
        .where(col(MetadataColumns.FILE_PATH.name()).isin(files.toArray()));
  }

  private static Dataset<Row> rows(SparkSession spark, long snapshot, String quoted) {
    return spark.read().format("iceberg").option("versionAsOf", snapshot).load(quoted);
  }

  private static Column[] columns(SilverKey key, String column) {
    return names(key, column).stream().map(name -> col("`" + name + "`")).toArray(Column[]::new);
  }

  private static List<String> names(SilverKey key, String column) {
    List<String> names = new ArrayList<>(key.columns());
    if (!names.contains(column)) {
      names.add(column);
    }
    return names;
  }
}
