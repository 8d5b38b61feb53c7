/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.gold;

import static org.apache.spark.sql.functions.col;

import dev.cdclake.lake.SilverKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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

  private TouchedKeys() {}

  /**
   * Finds the touched keys.
   *
   * @param quoted the silver table's name for SQL
   * @param column the column that holds the model's key
   * @param since the snapshot that the last refresh read
   * @return one column named {@code key}, without NULL; empty if they can no longer be found
   */
  static Optional<Dataset<Row>> of(
      SparkSession spark, Table silver, String quoted, String column, long since) {
    if (!SnapshotUtil.isAncestorOf(silver, since)) {
      return Optional.empty();
    }
    List<String> files = new ArrayList<>();
    for (Snapshot snapshot : SnapshotUtil.ancestorsBetween(silver, current(silver), since)) {
      if (!DataOperations.REPLACE.equals(snapshot.operation())) {
        for (DataFile file :
            SnapshotChanges.builderFor(silver).snapshot(snapshot).build().addedDataFiles()) {
          files.add(file.location());
        }
      }
    }
    SilverKey key = SilverKey.of(silver);
    Dataset<Row> changed =
        spark
            .read()
            .format("iceberg")
            .option("versionAsOf", current(silver))
            .load(quoted)
            .where(col(MetadataColumns.FILE_PATH.name()).isin(files.toArray()))
            .select(columns(key, column));
    Dataset<Row> touched = changed.select(col(column).as("key"));
    if (!key.columns().equals(List.of(column))) {
      Dataset<Row> before =
          spark
              .read()
              .format("iceberg")
              .option("versionAsOf", since)
              .load(quoted)
              .select(columns(key, column));
      Column same =
          key.columns().stream()
              .map(name -> before.col(name).equalTo(changed.col(name)))
              .reduce(Column::and)
              .orElseThrow();
      touched = touched.union(before.join(changed, same, "left_semi").select(before.col(column)));
    }
    return Optional.of(touched.where("key is not null"));
  }

  private static long current(Table silver) {
    return silver.currentSnapshot().snapshotId();
  }

  private static Column[] columns(SilverKey key, String column) {
    List<String> names = new ArrayList<>(key.columns());
    if (!names.contains(column)) {
      names.add(column);
    }
    return names.stream().map(name -> col("`" + name + "`")).toArray(Column[]::new);
  }
}
