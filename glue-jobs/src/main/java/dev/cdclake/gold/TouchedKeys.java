/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.gold;

import dev.cdclake.lake.KeyHash;
import dev.cdclake.lake.SoughtKeys;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.apache.iceberg.Table;
import org.apache.iceberg.spark.source.SerializableTableWithSize;
import org.apache.iceberg.types.Types;
import org.apache.iceberg.util.SnapshotUtil;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/**
 * The keys of a model that changed rows of one silver table touch, as hashes: by the value that the
 * rows have now, and by the value that they had at the last refresh.
 *
 * <p>The {@link ChangedFiles} tell all keys, and the cost follows the number of changes. A key too
 * many does no harm: it is computed to what it was.
 *
 * @param table the silver table
 * @param column the column that holds the model's key
 */
record TouchedKeys(Table table, Types.NestedField column) implements Serializable {

  private static final long serialVersionUID = 1L;

  /** More changes than this since the last refresh: reading everything is cheaper. */
  private static final long MOST_CHANGES = 5_000_000;

  /**
   * Finds the touched keys.
   *
   * @param since the snapshot that the last refresh read
   * @param now the snapshot that this refresh reads
   * @return entries of {@link SoughtKeys}; empty if they cannot be found, or are too many
   */
  static Optional<List<long[]>> of(
      SparkSession spark, Table silver, Types.NestedField column, long since, long now) {
    Optional<ChangedFiles> changed = ChangedFiles.between(silver, since, now);
    // A column that is younger than the last refresh may have taken the place of another one.
    if (changed.isEmpty()
        || changed.get().size() > MOST_CHANGES
        || SnapshotUtil.schemaFor(silver, since).findField(column.fieldId()) == null) {
      return Optional.empty();
    }
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    List<ChangedFiles.Rows> rows = new ArrayList<>(changed.get().come());
    rows.addAll(changed.get().gone(context, silver));
    if (rows.isEmpty()) {
      return Optional.of(List.of());
    }
    TouchedKeys touched = new TouchedKeys(SerializableTableWithSize.copyOf(silver), column);
    return Optional.of(
        context
            .parallelize(rows, Math.min(context.defaultParallelism(), rows.size()))
            .map(touched::keys)
            .collect());
  }

  /** Reads the keys of rows of a data file. */
  private long[] keys(ChangedFiles.Rows changed) {
    LongStream.Builder keys = LongStream.builder();
    changed.read(
        table,
        (file, group, rows) -> {
          LongStream hashes =
              changed.areAll()
                  ? Arrays.stream(file.keyHashes(group, List.of(column)))
                  : Arrays.stream(file.values(group, column, rows)).mapToLong(KeyHash::ofSingle);
          hashes.map(SoughtKeys::entry).forEach(keys);
        });
    return keys.build().distinct().toArray();
  }
}
