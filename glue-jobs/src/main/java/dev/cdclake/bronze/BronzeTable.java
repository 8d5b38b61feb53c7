/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bronze;

import static org.apache.iceberg.types.Types.NestedField.optional;
import static org.apache.iceberg.types.Types.NestedField.required;

import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Stage;
import dev.cdclake.lake.ChangeContents;
import dev.cdclake.lake.GuardedCommit;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.lake.Progress;
import dev.cdclake.lake.RowFiles;
import dev.cdclake.lake.WriterPause;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.iceberg.AppendFiles;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.types.Types;

/** A bronze table: every change of one source table, in one shape for all, by day of arrival. */
final class BronzeTable {

  static final Schema SCHEMA =
      new Schema(
          required(1, ChangeColumns.PARTITION, Types.IntegerType.get(), "Kafka partition"),
          required(2, ChangeColumns.OFFSET, Types.LongType.get(), "Kafka offset"),
          required(3, ChangeColumns.EPOCH, Types.IntegerType.get(), "Timeline of the source"),
          required(4, ChangeColumns.LSN, Types.LongType.get(), "Position in the source's log"),
          optional(5, ChangeColumns.TXID, Types.LongType.get(), "Transaction in the source"),
          required(
              6,
              ChangeColumns.OP,
              Types.StringType.get(),
              "r, c, u, d, t (truncate), f (fill) or g (barrier)"),
          required(7, ChangeColumns.SNAPSHOT, Types.BooleanType.get(), "Read by a snapshot"),
          optional(8, ChangeColumns.COMMITTED_AT, Types.TimestampType.withZone()),
          optional(9, ChangeColumns.SCHEMA, Types.StringType.get(), "See _event_schemas"),
          optional(10, ChangeColumns.MOVED_FROM, Types.StringType.get(), "Key before its update"),
          optional(11, ChangeColumns.MOVED_TO, Types.StringType.get(), "Key after its update"),
          optional(12, ChangeColumns.KEY, Types.StringType.get(), "Key of the row, JSON"),
          optional(13, ChangeColumns.BEFORE, Types.StringType.get(), "Row before, JSON"),
          optional(14, ChangeColumns.AFTER, Types.StringType.get(), "Row after, JSON"),
          required(15, ChangeColumns.PROCESSED_AT, Types.TimestampType.withZone()));

  private static final PartitionSpec BY_DAY =
      PartitionSpec.builderFor(SCHEMA).day(ChangeColumns.PROCESSED_AT).build();

  /**
   * The payload is read whole or not at all: bounds of it would only swell the manifests, and
   * Parquet's own cost a comparison of every value. No two payloads are equal, so a dictionary of
   * them is given up soon; what it serves (operations, schemas, transactions) is small. Zstandard's
   * first level: the rows are read once or twice, and gone after a month.
   */
  private static final Map<String, String> PROPERTIES = properties();

  private static Map<String, String> properties() {
    Map<String, String> properties = new TreeMap<>();
    for (String payload : List.of(ChangeColumns.KEY, ChangeColumns.BEFORE, ChangeColumns.AFTER)) {
      properties.put("write.metadata.metrics.column." + payload, "none");
      properties.put("write.parquet.stats-enabled.column." + payload, "false");
    }
    properties.put("write.parquet.dict-size-bytes", String.valueOf(64 << 10));
    properties.put("write.parquet.compression-level", "1");
    return properties;
  }

  private final Table table;

  private BronzeTable(Table table) {
    this.table = table;
  }

  static BronzeTable open(LakeTables tables, LakeTable name) {
    return new BronzeTable(tables.open(name, SCHEMA, BY_DAY, PROPERTIES));
  }

  /** Returns the table for use in tasks. */
  Table table() {
    return table;
  }

  /** Returns what a batch goes on from, once nobody asks for a pause. */
  Progress progressOfWriter() {
    table.refresh();
    return Progress.of(WriterPause.over(table), Stage.BRONZE);
  }

  Progress progress() {
    table.refresh();
    return Progress.of(table, Stage.BRONZE);
  }

  /** Appends the files of all tasks, together with the progress that they stand for. */
  long commit(
      List<RowFiles.Written> files, ChangeContents contents, Progress before, Progress after) {
    AppendFiles append = table.newAppend();
    files.forEach(written -> written.rows().forEach(append::appendFile));
    append.set(ChangeContents.KEY, contents.toJson());
    GuardedCommit.commit(
        after.commitWith(append, Stage.BRONZE, before), table.name(), Stage.BRONZE);
    return table.currentSnapshot().snapshotId();
  }
}
