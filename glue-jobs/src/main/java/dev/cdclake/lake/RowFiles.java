/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.PartitionKey;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.StructLike;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableProperties;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.RegistryBasedFileWriterFactory;
import org.apache.iceberg.deletes.DeleteGranularity;
import org.apache.iceberg.deletes.PositionDelete;
import org.apache.iceberg.deletes.PositionDeleteWriter;
import org.apache.iceberg.encryption.EncryptedOutputFile;
import org.apache.iceberg.io.DataWriter;
import org.apache.iceberg.io.FanoutPositionOnlyDeleteWriter;
import org.apache.iceberg.io.OutputFileFactory;
import org.apache.iceberg.io.RollingDataWriter;
import org.apache.iceberg.spark.SparkSchemaUtil;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.types.StructType;

/**
 * Writes the rows of one table within a Spark task, or a thread of silver, and which older rows
 * they replace.
 *
 * <p>Files are opened with the first row, so a task without rows leaves none. Nothing is visible
 * until the driver commits the {@link Written} files; what a failed task leaves behind is an orphan
 * that maintenance removes.
 */
public final class RowFiles {

  private static final long TARGET_FILE_BYTES = 256L << 20;

  private final Table table;
  private final StructLike partition;
  private final RowWriterFactory writers;
  private final OutputFileFactory dataFiles;
  private final DeleteGranularity deletesBy;
  private RollingDataWriter<InternalRow> rows;
  private FanoutPositionOnlyDeleteWriter<InternalRow> deletes;

  /** The files that one task wrote for one table. */
  public record Written(List<DataFile> rows, List<DeleteFile> deletes, List<String> referenced)
      implements Serializable {

    /** Returns the files of both. */
    public Written plus(Written other) {
      return new Written(
          concat(rows, other.rows),
          concat(deletes, other.deletes),
          concat(referenced, other.referenced));
    }

    /** No files. */
    public static Written none() {
      return new Written(List.of(), List.of(), List.of());
    }

    private static <T> List<T> concat(List<T> left, List<T> right) {
      List<T> all = new ArrayList<>(left);
      all.addAll(right);
      return all;
    }
  }

  private RowFiles(
      Table table, StructLike partition, Map<String, String> filters, DeleteGranularity deletesBy) {
    this.table = table;
    this.partition = partition;
    this.deletesBy = deletesBy;
    this.writers = new RowWriterFactory(table, SparkSchemaUtil.convert(table.schema()), filters);
    TaskContext task = TaskContext.get();
    this.dataFiles =
        OutputFileFactory.builderFor(
                table,
                task == null ? 0 : task.partitionId(),
                task == null ? 0 : task.taskAttemptId())
            .format(FileFormat.PARQUET)
            .build();
  }

  /** Opens files of an unpartitioned table. */
  public static RowFiles of(Table table) {
    return new RowFiles(table, null, Map.of(), DeleteGranularity.PARTITION);
  }

  /**
   * Opens files of an unpartitioned table.
   *
   * @param rows how many will be written, about
   */
  public static RowFiles of(Table table, int rows) {
    return new RowFiles(table, null, KeyFilters.sized(table, rows), DeleteGranularity.PARTITION);
  }

  /** Opens files of an unpartitioned table, one of deletes for each data file. */
  public static RowFiles ofDeletesByDataFile(Table table) {
    return new RowFiles(table, null, Map.of(), DeleteGranularity.FILE);
  }

  /**
   * Opens files of a table that is partitioned by the day of one column, all rows having the same
   * value there.
   *
   * @param micros the value, microseconds since 1970 in UTC
   */
  public static RowFiles ofDay(Table table, String column, long micros) {
    PartitionKey key = new PartitionKey(table.spec(), table.schema());
    GenericRecord row = GenericRecord.create(table.schema());
    row.setField(column, micros);
    key.partition(row);
    return new RowFiles(table, key, Map.of(), DeleteGranularity.PARTITION);
  }

  /** Writes a row; it may be reused by the caller afterwards, and may have further columns. */
  public void write(InternalRow row) {
    if (rows == null) {
      rows =
          new RollingDataWriter<>(
              writers, dataFiles, table.io(), TARGET_FILE_BYTES, table.spec(), partition);
    }
    rows.write(row);
  }

  /** Deletes an older row of an unpartitioned table by its place. */
  public void delete(String file, long position) {
    if (deletes == null) {
      deletes =
          new FanoutPositionOnlyDeleteWriter<>(
              writers, dataFiles, table.io(), TARGET_FILE_BYTES, deletesBy);
    }
    PositionDelete<InternalRow> delete = PositionDelete.create();
    deletes.write(delete.set(file, position), table.spec(), partition);
  }

  /** Runs what writes rows; when it fails, closes the files, which nobody will commit. */
  public static void abortOnFailure(Runnable writing, Supplier<List<RowFiles>> files) {
    try {
      writing.run();
    } catch (RuntimeException | Error e) {
      files.get().forEach(open -> open.abort(e));
      throw e;
    }
  }

  private void abort(Throwable failure) {
    try {
      close();
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  /** Closes the files and returns them. */
  public Written close() {
    try {
      List<DataFile> written = List.of();
      if (rows != null) {
        rows.close();
        written = rows.result().dataFiles();
      }
      if (deletes == null) {
        return new Written(written, List.of(), List.of());
      }
      deletes.close();
      List<String> referenced =
          deletes.result().referencedDataFiles().stream().map(CharSequence::toString).toList();
      return new Written(written, deletes.result().deleteFiles(), referenced);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write files of table '" + table.name() + "'.", e);
    }
  }

  /** Iceberg's Parquet writers for Spark's own rows, which need no conversion. */
  private static final class RowWriterFactory
      extends RegistryBasedFileWriterFactory<InternalRow, StructType> {

    private static final long serialVersionUID = 1L;

    RowWriterFactory(Table table, StructType schema, Map<String, String> filters) {
      super(
          table,
          FileFormat.PARQUET,
          InternalRow.class,
          table.schema(),
          null,
          FileFormat.PARQUET,
          null,
          null,
          null,
          settings(table, filters),
          schema,
          null);
    }

    private static Map<String, String> settings(Table table, Map<String, String> filters) {
      Map<String, String> settings = new HashMap<>(filters);
      settings.put(
          TableProperties.PARQUET_COMPRESSION,
          table.properties().getOrDefault(TableProperties.PARQUET_COMPRESSION, "zstd"));
      return settings;
    }

    @Override
    public DataWriter<InternalRow> newDataWriter(
        EncryptedOutputFile file, PartitionSpec spec, StructLike partition) {
      return HadoopDefaults.hidden(() -> super.newDataWriter(file, spec, partition));
    }

    @Override
    public PositionDeleteWriter<InternalRow> newPositionDeleteWriter(
        EncryptedOutputFile file, PartitionSpec spec, StructLike partition) {
      return HadoopDefaults.hidden(() -> super.newPositionDeleteWriter(file, spec, partition));
    }
  }
}
