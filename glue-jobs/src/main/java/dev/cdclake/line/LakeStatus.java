/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.line;

import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.gold.GoldJob;
import dev.cdclake.lake.LakeTables;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotSummary;
import org.apache.iceberg.Table;
import org.apache.spark.sql.SparkSession;

/** What is in the lake, told from the tables' metadata alone: no data file is opened. */
public final class LakeStatus {

  private LakeStatus() {}

  /**
   * The state of one table.
   *
   * @param table its name, as a person reads it
   * @param rows rows it has; silver's rows of deleted source rows included
   * @param files data files
   * @param snapshot the current snapshot, 0 if there is none
   * @param committedAt when it was committed; {@link Instant#EPOCH} if there is none
   */
  public record TableStatus(
      String table, long rows, long files, long snapshot, Instant committedAt) {

    /** Returns how old the newest commit is. */
    public Duration age(Instant now) {
      return Duration.between(committedAt, now);
    }
  }

  /** Returns the tables that exist, in flow order, the rejected rows last. */
  public static List<TableStatus> of(SparkSession spark, Pipeline pipeline) {
    LakeTables tables = new LakeTables(spark);
    List<LakeTable> names = new ArrayList<>();
    for (SourceTable source : pipeline.tables()) {
      names.add(pipeline.bronze(source));
    }
    for (SourceTable source : pipeline.tables()) {
      names.add(pipeline.silver(source));
    }
    GoldJob.models(pipeline).forEach(model -> names.add(pipeline.gold(model)));
    names.add(pipeline.rejectedRows());
    List<TableStatus> statuses = new ArrayList<>();
    for (LakeTable name : names) {
      tables.find(name).ifPresent(table -> statuses.add(status(name, table)));
    }
    return statuses;
  }

  private static TableStatus status(LakeTable name, Table table) {
    Snapshot snapshot = table.currentSnapshot();
    if (snapshot == null) {
      return new TableStatus(name.label(), 0, 0, 0, Instant.EPOCH);
    }
    Map<String, String> summary = snapshot.summary();
    long rows = number(summary, SnapshotSummary.TOTAL_RECORDS_PROP);
    long deleted = number(summary, SnapshotSummary.TOTAL_POS_DELETES_PROP);
    return new TableStatus(
        name.label(),
        rows - deleted,
        number(summary, SnapshotSummary.TOTAL_DATA_FILES_PROP),
        snapshot.snapshotId(),
        Instant.ofEpochMilli(snapshot.timestampMillis()));
  }

  private static long number(Map<String, String> summary, String key) {
    return Long.parseLong(summary.getOrDefault(key, "0"));
  }
}
