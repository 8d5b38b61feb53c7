/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.maintain;

import dev.cdclake.lake.DeletedRows;
import dev.cdclake.lake.RowFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.Table;
import org.apache.iceberg.io.CloseableIterable;

/**
 * Sorts deletes by data file within this process. For what comes together between two looks of a
 * running line, a Spark job takes several times as long, and cores that the stages wait for.
 */
final class SortedDeletes {

  private SortedDeletes() {}

  /** Whether these are few enough, and in files that can be read here. */
  static boolean canSort(Table table, Set<DeleteFile> files, long most) {
    return table.spec().isUnpartitioned()
        && files.stream().allMatch(file -> file.format() == FileFormat.PARQUET)
        && files.stream().mapToLong(DeleteFile::recordCount).sum() <= most;
  }

  /**
   * Writes what files of deletes say into one file for each data file; deletes of data files that
   * the table has no more are left out.
   *
   * @return the new files, which nobody knows yet
   */
  static Set<DeleteFile> write(Table table, Set<DeleteFile> files) {
    Map<String, List<long[]>> places = new HashMap<>();
    for (DeleteFile file : files) {
      DeletedRows.read(table.io().newInputFile(file.location()))
          .forEach(
              (data, rows) -> places.computeIfAbsent(data, none -> new ArrayList<>()).add(rows));
    }
    places.keySet().retainAll(dataFiles(table));
    RowFiles sorted = RowFiles.ofDeletesByDataFile(table);
    RowFiles.abortOnFailure(
        () -> places.forEach((data, lists) -> delete(data, lists, sorted)), () -> List.of(sorted));
    return new HashSet<>(sorted.close().deletes());
  }

  private static void delete(String data, List<long[]> lists, RowFiles sorted) {
    for (long[] list : lists) {
      for (long place : list) {
        sorted.delete(data, place);
      }
    }
  }

  private static Set<String> dataFiles(Table table) {
    Set<String> locations = new HashSet<>();
    try (CloseableIterable<FileScanTask> tasks = table.newScan().planFiles()) {
      tasks.forEach(task -> locations.add(task.file().location()));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot plan a scan of '" + table.name() + "'.", e);
    }
    return locations;
  }
}
