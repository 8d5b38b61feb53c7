/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.maintain;

import dev.cdclake.lake.DeletedRows;
import dev.cdclake.lake.PlannedFiles;
import dev.cdclake.lake.RowFiles;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.Table;

/**
 * Sorts deletes by data file within this process. For what comes together between two looks of a
 * running line, a Spark job takes several times as long, and cores that the stages wait for.
 */
final class SortedDeletes {

  private SortedDeletes() {}

  /**
   * Whether these are few enough, and in files that can be read here.
   *
   * @param most deletes that are few enough
   */
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
    Set<String> present =
        PlannedFiles.of(table.newScan()).stream()
            .map(task -> task.file().location())
            .collect(Collectors.toSet());
    RowFiles sorted = RowFiles.ofDeletesByDataFile(table);
    RowFiles.abortOnFailure(
        () -> files.forEach(file -> copy(table, file, present, sorted)), () -> List.of(sorted));
    return Set.copyOf(sorted.close().deletes());
  }

  private static void copy(Table table, DeleteFile file, Set<String> present, RowFiles sorted) {
    Map<String, long[]> places = DeletedRows.read(table.io().newInputFile(file.location()));
    places.keySet().retainAll(present);
    places.forEach((data, rows) -> LongStream.of(rows).forEach(row -> sorted.delete(data, row)));
  }
}
