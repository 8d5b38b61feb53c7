/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import dev.cdclake.lake.CallerThread;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.function.BiPredicate;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.parquet.Parquet;
import org.apache.iceberg.spark.data.SparkParquetReaders;
import org.apache.spark.sql.catalyst.InternalRow;

/**
 * Rows of bronze that are so few that they are read where they are needed: Spark would plan for
 * longer than it reads.
 *
 * @param bronze the table
 * @param after the snapshot behind which they were appended, null for all rows of the table
 * @param through the snapshot up to which they were appended
 * @param wanted by partition and offset
 */
record FewBronzeRows(Table bronze, Long after, long through, BiPredicate<Integer, Long> wanted) {

  /** What files may take of which it shows while they are read that they hold too much. */
  private static final long MOST_BYTES = 32 << 20;

  /**
   * Reads the rows, several files at a time.
   *
   * @param room is taken for the rows
   * @return rows with the columns {@link BronzeChanges#NAMES}; empty if they are too large, or rows
   *     of their files were deleted
   */
  Optional<List<InternalRow>> read(Room room) {
    List<DataFile> files = new ArrayList<>();
    long bytes = 0;
    try (CloseableIterable<FileScanTask> planned = plan()) {
      for (FileScanTask task : planned) {
        bytes += task.file().fileSizeInBytes();
        if (bytes > MOST_BYTES || !task.deletes().isEmpty()) {
          return Optional.empty();
        }
        files.add(task.file());
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot plan the files of '" + bronze.name() + "'.", e);
    }
    List<List<InternalRow>> rows = Threads.each(files, file -> read(file, room));
    return room.isOver()
        ? Optional.empty()
        : Optional.of(rows.stream().flatMap(List::stream).toList());
  }

  private CloseableIterable<FileScanTask> plan() {
    ExecutorService reading = CallerThread.forReading(bronze);
    return after == null
        ? bronze.newScan().useSnapshot(through).planWith(reading).planFiles()
        : bronze
            .newIncrementalAppendScan()
            .fromSnapshotExclusive(after)
            .toSnapshot(through)
            .planWith(reading)
            .planFiles();
  }

  /** Reads the rows of a file, as long as there is room for them. */
  private List<InternalRow> read(DataFile file, Room room) {
    Schema columns =
        new Schema(BronzeChanges.NAMES.stream().map(bronze.schema()::findField).toList());
    List<InternalRow> rows = new ArrayList<>();
    try (CloseableIterable<InternalRow> all =
        Parquet.read(bronze.io().newInputFile(file))
            .project(columns)
            .createReaderFunc(schema -> SparkParquetReaders.buildReader(columns, schema))
            .build()) {
      for (InternalRow row : all) {
        if (wanted.test(row.getInt(BronzeChanges.PARTITION), row.getLong(BronzeChanges.OFFSET))) {
          if (!room.take(Room.BYTES_OF_A_ROW + BronzeChanges.payloadBytes(row))) {
            return List.of();
          }
          // It would keep the page that it lies in.
          rows.add(row.copy());
        }
      }
      return rows;
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read rows of '" + bronze.name() + "'.", e);
    }
  }
}
