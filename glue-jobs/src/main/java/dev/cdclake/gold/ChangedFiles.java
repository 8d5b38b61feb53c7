/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.gold;

import dev.cdclake.contract.SnapshotKeys;
import dev.cdclake.lake.DeletedRows;
import dev.cdclake.lake.ParquetColumns;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
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
import org.apache.iceberg.util.SnapshotUtil;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * The files in which the changes of a silver table between two of its snapshots are. Whatever
 * changes silver writes the new versions of rows into new files, and the places of the old versions
 * into delete files.
 *
 * @param added data files that came; all of their rows did
 * @param removed data files that went
 * @param deletes files of the places of rows that went
 * @param isExact whether silver's own batches alone made the changes, which name every row that
 *     went once, by its place
 */
record ChangedFiles(
    List<DataFile> added, List<DataFile> removed, List<DeleteFile> deletes, boolean isExact) {

  /** Rows of a data file: all of them, or those at some places. */
  static final class Rows implements Serializable {

    private static final long serialVersionUID = 1L;

    private final String file;

    /** Ascending; null for all rows. */
    private final long[] places;

    private Rows(String file, long[] places) {
      this.file = file;
      this.places = places;
    }

    boolean areAll() {
      return places == null;
    }

    /** Opens the file and reads its row groups, one after the other. */
    void read(Table silver, GroupReader reader) {
      try (ParquetColumns columns = ParquetColumns.open(silver.io().newInputFile(file))) {
        long first = 0;
        for (int group = 0; group < columns.rowGroups().size(); group++) {
          int size = columns.rowGroups().get(group);
          int[] rows =
              areAll()
                  ? IntStream.range(0, size).toArray()
                  : DeletedRows.within(places, first, size);
          reader.read(columns, group, rows);
          first += size;
        }
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot read file '" + file + "'.", e);
      }
    }
  }

  /** Reads a row group. */
  @FunctionalInterface
  interface GroupReader {

    /** Reads; {@code rows} are the numbers within the group of the rows that it is about. */
    void read(ParquetColumns file, int group, int[] rows) throws IOException;
  }

  /**
   * Finds the files.
   *
   * @param since the older snapshot
   * @param now the younger one
   * @return empty if the one does not come from the other, a file does not tell places, or rows
   *     went without a trace
   */
  static Optional<ChangedFiles> between(Table silver, long since, long now) {
    if (!SnapshotUtil.isAncestorOf(silver, now, since)) {
      return Optional.empty();
    }
    List<DataFile> added = new ArrayList<>();
    List<DataFile> removed = new ArrayList<>();
    List<DeleteFile> deletes = new ArrayList<>();
    boolean isExact = true;
    for (Snapshot snapshot : SnapshotUtil.ancestorsBetween(silver, now, since)) {
      if (snapshot.summary().containsKey(SnapshotKeys.FORGOTTEN)) {
        return Optional.empty();
      }
      if (movesRows(snapshot)) {
        continue;
      }
      SnapshotChanges changes = SnapshotChanges.builderFor(silver).snapshot(snapshot).build();
      changes.addedDataFiles().forEach(added::add);
      changes.removedDataFiles().forEach(removed::add);
      changes.addedDeleteFiles().forEach(deletes::add);
      isExact &=
          snapshot.summary().containsKey(SnapshotKeys.PROGRESS)
              && removed.isEmpty()
              && !changes.removedDeleteFiles().iterator().hasNext();
    }
    return deletes.stream().allMatch(ChangedFiles::hasPlaces)
        ? Optional.of(new ChangedFiles(added, removed, deletes, isExact))
        : Optional.empty();
  }

  /** A compaction moves rows to other files, and deletes there what had been deleted before. */
  private static boolean movesRows(Snapshot snapshot) {
    return DataOperations.REPLACE.equals(snapshot.operation())
        || snapshot.summary().containsKey(SnapshotKeys.MOVED);
  }

  private static boolean hasPlaces(DeleteFile file) {
    return file.content() == FileContent.POSITION_DELETES && file.format() == FileFormat.PARQUET;
  }

  /** Returns how many rows came and went. */
  long size() {
    return Stream.of(added, removed, deletes)
        .flatMap(List::stream)
        .mapToLong(ContentFile::recordCount)
        .sum();
  }

  /** Returns the rows that came. */
  List<Rows> come() {
    return added.stream().map(file -> new Rows(file.location(), null)).toList();
  }

  /** Returns the rows that went. */
  List<Rows> gone(JavaSparkContext context, Table silver) {
    List<Rows> gone = new ArrayList<>();
    removed.forEach(file -> gone.add(new Rows(file.location(), null)));
    places(context, silver).forEach((file, places) -> gone.add(new Rows(file, places)));
    return gone;
  }

  /** Returns the places that delete files name, by their data files, ascending. */
  private Map<String, long[]> places(JavaSparkContext context, Table silver) {
    List<String> files = deletes.stream().map(DeleteFile::location).toList();
    Map<String, long[]> places = new HashMap<>();
    read(context, SerializableTableWithSize.copyOf(silver), files)
        .forEach(rows -> places.merge(rows.file, rows.places, ChangedFiles::joined));
    places.replaceAll((file, rows) -> Arrays.stream(rows).sorted().distinct().toArray());
    return places;
  }

  /** Reads delete files; few are read sooner than tasks would begin. */
  private static List<Rows> read(JavaSparkContext context, Table table, List<String> deletes) {
    return deletes.size() <= context.defaultParallelism()
        ? deletes.stream().flatMap(file -> read(table, file).stream()).toList()
        : context
            .parallelize(deletes, context.defaultParallelism())
            .flatMap(file -> read(table, file).iterator())
            .collect();
  }

  private static List<Rows> read(Table table, String deletes) {
    return DeletedRows.read(table.io().newInputFile(deletes)).entrySet().stream()
        .map(file -> new Rows(file.getKey(), file.getValue()))
        .toList();
  }

  private static long[] joined(long[] one, long[] other) {
    return LongStream.concat(Arrays.stream(one), Arrays.stream(other)).toArray();
  }
}
