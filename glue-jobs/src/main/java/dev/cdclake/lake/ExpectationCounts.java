/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import static org.apache.iceberg.types.Types.NestedField.optional;
import static org.apache.iceberg.types.Types.NestedField.required;

import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.Stage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.apache.iceberg.AppendFiles;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.GenericFileWriterFactory;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.exceptions.ValidationException;
import org.apache.iceberg.io.DataWriter;
import org.apache.iceberg.io.OutputFileFactory;
import org.apache.iceberg.types.Types;
import org.apache.iceberg.util.SnapshotUtil;

/**
 * The table of what expectations and checks found: one row per table, expectation and batch.
 *
 * <p>A batch's results are committed with its rows, in silver's snapshot summary; from there they
 * are collected into this table, which remembers up to which snapshot of each silver table it has
 * them. So each batch is counted once, wherever a job dies, and a batch pays for no commit of its
 * own.
 */
public final class ExpectationCounts {

  private static final Schema SCHEMA =
      new Schema(
          required(1, "table", Types.StringType.get(), "Silver table"),
          required(2, "expectation", Types.StringType.get(), "Name of the expectation or check"),
          required(3, "severity", Types.StringType.get(), "flag, quarantine, stop or check"),
          required(4, "checked_at", Types.TimestampType.withZone()),
          required(5, "checked", Types.LongType.get(), "Rows that were checked"),
          required(6, "broken", Types.LongType.get(), "Of these, rows that broke it"),
          optional(7, "snapshot", Types.LongType.get(), "Silver's snapshot that was checked"));

  private final LakeTables tables;
  private final Pipeline pipeline;

  public ExpectationCounts(LakeTables tables, Pipeline pipeline) {
    this.tables = tables;
    this.pipeline = pipeline;
  }

  /**
   * What was found.
   *
   * @param table the silver table's noun
   * @param snapshot of the silver table, null if it has none
   */
  public record Count(
      String table, ExpectationResults.Result result, Instant checkedAt, Long snapshot) {}

  /** Adds the results of all batches that the table does not have yet. */
  public synchronized void collect() {
    List<SourceTable> checked =
        pipeline.tables().stream().filter(table -> !table.expectations().isEmpty()).toList();
    if (checked.isEmpty()) {
      return;
    }
    Table table = open();
    Progress before = Progress.of(table, Stage.SILVER);
    Progress after = before;
    List<Count> counts = new ArrayList<>();
    for (SourceTable source : checked) {
      LakeTable name = pipeline.silver(source);
      Optional<Table> silver = tables.find(name).filter(found -> found.currentSnapshot() != null);
      if (silver.isPresent()) {
        counts.addAll(
            uncounted(silver.get(), source.lakeName(), before.snapshots().get(name.label())));
        after = after.withSnapshot(name.label(), silver.get().currentSnapshot().snapshotId());
      }
    }
    if (!counts.isEmpty()) {
      commit(table, counts, before, after);
    }
  }

  /** Adds the results of checks. */
  public synchronized void append(List<Count> counts) {
    Table table = open();
    Progress progress = Progress.of(table, Stage.SILVER);
    commit(table, counts, progress, progress);
  }

  private Table open() {
    return tables.open(
        pipeline.expectationCounts(), SCHEMA, PartitionSpec.unpartitioned(), Map.of());
  }

  private static List<Count> uncounted(Table silver, String noun, Long last) {
    List<Count> counts = new ArrayList<>();
    for (Snapshot snapshot : SnapshotUtil.currentAncestors(silver)) {
      if (last != null && snapshot.snapshotId() == last) {
        break;
      }
      Instant checkedAt = Instant.ofEpochMilli(snapshot.timestampMillis());
      ExpectationResults.of(snapshot)
          .ifPresent(
              results ->
                  results
                      .results()
                      .forEach(
                          result ->
                              counts.add(
                                  new Count(noun, result, checkedAt, snapshot.snapshotId()))));
    }
    return counts;
  }

  private static void commit(Table table, List<Count> counts, Progress before, Progress after) {
    DataFile file = write(table, counts);
    AppendFiles append = table.newAppend().appendFile(file);
    try {
      after.commitWith(append, Stage.SILVER, before).commit();
    } catch (ValidationException e) {
      // Another process collected the same results; what it left over is collected next time.
      table.io().deleteFile(file.location());
    }
  }

  private static DataFile write(Table table, List<Count> counts) {
    GenericFileWriterFactory writers =
        new GenericFileWriterFactory.Builder(table)
            .dataFileFormat(FileFormat.PARQUET)
            .dataSchema(table.schema())
            .build();
    OutputFileFactory files =
        OutputFileFactory.builderFor(table, 0, 0)
            .operationId(UUID.randomUUID().toString())
            .format(FileFormat.PARQUET)
            .build();
    DataWriter<Record> writer = writers.newDataWriter(files.newOutputFile(), table.spec(), null);
    try (writer) {
      for (Count count : counts) {
        writer.write(row(table, count));
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write files of table '" + table.name() + "'.", e);
    }
    return writer.toDataFile();
  }

  private static Record row(Table table, Count count) {
    GenericRecord row = GenericRecord.create(table.schema());
    row.setField("table", count.table());
    row.setField("expectation", count.result().expectation());
    row.setField("severity", count.result().severity());
    row.setField("checked_at", count.checkedAt().atOffset(ZoneOffset.UTC));
    row.setField("checked", count.result().checked());
    row.setField("broken", count.result().broken());
    row.setField("snapshot", count.snapshot());
    return row;
  }
}
