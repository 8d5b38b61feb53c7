/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.gold;

import dev.cdclake.lake.DeletedRows;
import dev.cdclake.lake.KeyHash;
import dev.cdclake.lake.ParquetColumns;
import dev.cdclake.lake.SoughtKeys;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;
import org.apache.iceberg.ContentFile;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DataOperations;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileContent;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotChanges;
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
 * <p>Whatever changes silver writes the new versions of rows into new files, and the places of the
 * old versions into delete files. So these files tell all keys, and the cost follows the number of
 * changes. A key too many does no harm: it is computed to what it was.
 *
 * @param table the silver table
 * @param column the column that holds the model's key
 */
record TouchedKeys(Table table, Types.NestedField column) implements Serializable {

  private static final long serialVersionUID = 1L;

  /** More changes than this since the last refresh: reading everything is cheaper. */
  private static final long MOST_CHANGES = 5_000_000;

  /** Rows of a data file: all of them, or those at some places. */
  private static final class Rows implements Serializable {

    private static final long serialVersionUID = 1L;

    private final String file;

    /** Ascending; null for all rows. */
    private final long[] places;

    Rows(String file, long[] places) {
      this.file = file;
      this.places = places;
    }
  }

  /**
   * Finds the touched keys.
   *
   * @param since the snapshot that the last refresh read
   * @param now the snapshot that this refresh reads
   * @return entries of {@link SoughtKeys}; empty if they cannot be found, or are too many
   */
  static Optional<List<long[]>> of(
      SparkSession spark, Table silver, Types.NestedField column, long since, long now) {
    // A column that is younger than the last refresh may have taken the place of another one.
    if (!SnapshotUtil.isAncestorOf(silver, now, since)
        || SnapshotUtil.schemaFor(silver, since).findField(column.fieldId()) == null) {
      return Optional.empty();
    }
    List<DataFile> files = new ArrayList<>();
    List<DeleteFile> deletes = new ArrayList<>();
    for (Snapshot snapshot : SnapshotUtil.ancestorsBetween(silver, now, since)) {
      // A compaction moves rows to other files and changes none.
      if (!DataOperations.REPLACE.equals(snapshot.operation())) {
        SnapshotChanges changes = SnapshotChanges.builderFor(silver).snapshot(snapshot).build();
        changes.addedDataFiles().forEach(files::add);
        changes.removedDataFiles().forEach(files::add);
        changes.addedDeleteFiles().forEach(deletes::add);
      }
    }
    if (!deletes.stream().allMatch(TouchedKeys::hasPlaces)
        || rows(files) + rows(deletes) > MOST_CHANGES) {
      return Optional.empty();
    }
    return Optional.of(
        new TouchedKeys(SerializableTableWithSize.copyOf(silver), column)
            .read(JavaSparkContext.fromSparkContext(spark.sparkContext()), files, deletes));
  }

  private static boolean hasPlaces(DeleteFile file) {
    return file.content() == FileContent.POSITION_DELETES && file.format() == FileFormat.PARQUET;
  }

  private static long rows(List<? extends ContentFile<?>> files) {
    return files.stream().mapToLong(ContentFile::recordCount).sum();
  }

  private List<long[]> read(
      JavaSparkContext context, List<DataFile> files, List<DeleteFile> deletes) {
    List<Rows> rows = new ArrayList<>();
    files.forEach(file -> rows.add(new Rows(file.location(), null)));
    deleted(context, deletes).forEach((file, places) -> rows.add(new Rows(file, places)));
    if (rows.isEmpty()) {
      return List.of();
    }
    return context.parallelize(rows, tasks(context, rows)).map(this::keys).collect();
  }

  private static int tasks(JavaSparkContext context, List<?> work) {
    return Math.min(context.defaultParallelism(), work.size());
  }

  /** Returns the places that delete files name, by their data files, ascending. */
  private Map<String, long[]> deleted(JavaSparkContext context, List<DeleteFile> deletes) {
    Map<String, long[]> places = new HashMap<>();
    if (!deletes.isEmpty()) {
      List<String> files = deletes.stream().map(DeleteFile::location).toList();
      context
          .parallelize(files, tasks(context, files))
          .flatMap(file -> places(file).iterator())
          .collect()
          .forEach(rows -> places.merge(rows.file, rows.places, TouchedKeys::joined));
      places.values().forEach(Arrays::sort);
    }
    return places;
  }

  private static long[] joined(long[] one, long[] other) {
    return LongStream.concat(Arrays.stream(one), Arrays.stream(other)).distinct().toArray();
  }

  /** Reads a delete file. */
  private List<Rows> places(String deletes) {
    return DeletedRows.read(table.io().newInputFile(deletes)).entrySet().stream()
        .map(file -> new Rows(file.getKey(), file.getValue()))
        .toList();
  }

  /** Reads the keys of rows of a data file. */
  private long[] keys(Rows rows) {
    LongStream.Builder keys = LongStream.builder();
    try (ParquetColumns file = ParquetColumns.open(table.io().newInputFile(rows.file))) {
      long first = 0;
      for (int group = 0; group < file.rowGroups().size(); group++) {
        int size = file.rowGroups().get(group);
        int[] some = rows.places == null ? null : DeletedRows.within(rows.places, first, size);
        hashes(file, group, some).map(hash -> SoughtKeys.entry(hash, false)).forEach(keys);
        first += size;
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read file '" + rows.file + "'.", e);
    }
    return keys.build().distinct().toArray();
  }

  private LongStream hashes(ParquetColumns file, int group, int[] rows) throws IOException {
    return rows == null
        ? Arrays.stream(file.keyHashes(group, List.of(column)))
        : Arrays.stream(file.values(group, column, rows)).mapToLong(KeyHash::ofSingle);
  }
}
