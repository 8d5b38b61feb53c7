/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.gold;

import dev.cdclake.lake.KeyHash;
import dev.cdclake.lake.ParquetColumns;
import dev.cdclake.lake.SoughtKeys;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
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
  private long[] keys(ChangedFiles.Rows rows) {
    LongStream.Builder keys = LongStream.builder();
    try (ParquetColumns file = ParquetColumns.open(table.io().newInputFile(rows.file()))) {
      long first = 0;
      for (int group = 0; group < file.rowGroups().size(); group++) {
        int size = file.rowGroups().get(group);
        LongStream hashes =
            rows.areAll()
                ? Arrays.stream(file.keyHashes(group, List.of(column)))
                : Arrays.stream(file.values(group, column, rows.within(first, size)))
                    .mapToLong(KeyHash::ofSingle);
        hashes.map(hash -> SoughtKeys.entry(hash, false)).forEach(keys);
        first += size;
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read file '" + rows.file() + "'.", e);
    }
    return keys.build().distinct().toArray();
  }
}
