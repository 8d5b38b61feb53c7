/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.TableScan;
import org.apache.iceberg.io.CloseableIterable;

/** The files that a scan of a table would read. */
public final class PlannedFiles {

  private PlannedFiles() {}

  /** Returns a task for each data file, whole, with the deletes that concern it; in no order. */
  public static List<FileScanTask> of(TableScan scan) {
    List<FileScanTask> files = new ArrayList<>();
    try (CloseableIterable<FileScanTask> planned =
        scan.planWith(CallerThread.forReading(scan.table())).planFiles()) {
      planned.forEach(files::add);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot plan the files of '" + scan.table().name() + "'.", e);
    }
    return files;
  }
}
