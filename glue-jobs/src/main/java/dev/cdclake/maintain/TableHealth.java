/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.maintain;

import java.util.Map;
import org.apache.iceberg.HasTableOperations;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotSummary;
import org.apache.iceberg.Table;

/**
 * What a table consists of, told from its metadata alone.
 *
 * @param dataFiles files with rows
 * @param rows in these files, those that are gone among them
 * @param deleteFiles files with places of rows that are gone
 * @param deletes places in these files; some may be of files that the table has no more
 * @param snapshots states of the table that can be read
 * @param metadataBytes size of the file that every commit writes anew
 */
public record TableHealth(
    long dataFiles, long rows, long deleteFiles, long deletes, long snapshots, long metadataBytes) {

  /** Whether at least so many rows, and so large a part of all, are gone that queries feel it. */
  boolean areGone(long many) {
    return deletes >= many && deletes > Compaction.MOST_GONE * rows;
  }

  static TableHealth of(Table table) {
    Snapshot current = table.currentSnapshot();
    Map<String, String> summary = current == null ? Map.of() : current.summary();
    long snapshots = 0;
    for (Snapshot ignored : table.snapshots()) {
      snapshots++;
    }
    String metadata = ((HasTableOperations) table).operations().current().metadataFileLocation();
    return new TableHealth(
        number(summary, SnapshotSummary.TOTAL_DATA_FILES_PROP),
        number(summary, SnapshotSummary.TOTAL_RECORDS_PROP),
        number(summary, SnapshotSummary.TOTAL_DELETE_FILES_PROP),
        number(summary, SnapshotSummary.TOTAL_POS_DELETES_PROP),
        snapshots,
        table.io().newInputFile(metadata).getLength());
  }

  private static long number(Map<String, String> summary, String key) {
    return Long.parseLong(summary.getOrDefault(key, "0"));
  }
}
