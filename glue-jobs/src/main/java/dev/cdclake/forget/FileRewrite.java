/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.forget;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.udf;

import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.SnapshotKeys;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.FailureCode;
import dev.cdclake.failure.PipelineException;
import dev.cdclake.lake.LakeColumns;
import dev.cdclake.lake.PlannedFiles;
import dev.cdclake.lake.Progress;
import dev.cdclake.lake.RowFiles;
import dev.cdclake.lake.WriterPause;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.MetadataColumns;
import org.apache.iceberg.RewriteFiles;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.StructLike;
import org.apache.iceberg.Table;
import org.apache.iceberg.exceptions.CommitFailedException;
import org.apache.iceberg.exceptions.ValidationException;
import org.apache.iceberg.spark.source.SerializableTableWithSize;
import org.apache.iceberg.util.StructLikeMap;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.types.DataTypes;

/**
 * Replaces data files by files without the rows to forget. A mark that a row is deleted would not
 * do: the row would stay in the file.
 *
 * <p>The table's writer may go on; where both touch the same file, it is done again.
 */
final class FileRewrite {

  private static final int TRIES = 10;
  private static final long MICROS_PER_DAY = 86_400_000_000L;

  private final SparkSession spark;

  FileRewrite(SparkSession spark) {
    this.spark = spark;
  }

  /** Replaces the files that hold traces and that the current snapshot has. */
  void replace(LakeTable name, Table table, Set<String> holding, Traces traces, Stage stage) {
    retried(
        name,
        table,
        stage,
        () -> {
          table.refresh();
          replaceNow(name, table, holding, traces);
          recordProgressNow(table, stage);
        });
  }

  private static void retried(LakeTable name, Table table, Stage stage, Runnable commit) {
    for (int tries = 1; ; tries++) {
      WriterPause.ask(table);
      try {
        commit.run();
        return;
      } catch (ValidationException | CommitFailedException e) {
        if (tries == TRIES) {
          throw new PipelineException(
              stage,
              FailureCode.CONCURRENT_WRITER,
              "Cannot rewrite files of table '%s': its writer changed them %d times meanwhile (expected a quieter moment). Run again."
                  .formatted(name.label(), TRIES),
              e);
        }
      } finally {
        WriterPause.end(table);
      }
    }
  }

  private void replaceNow(LakeTable name, Table table, Set<String> holding, Traces traces) {
    Snapshot snapshot = table.currentSnapshot();
    Map<StructLike, List<DataFile>> byPartition =
        StructLikeMap.create(table.spec().partitionType());
    for (DataFile file : current(table, snapshot)) {
      if (holding.contains(file.location())) {
        byPartition.computeIfAbsent(file.partition(), day -> new ArrayList<>()).add(file);
      }
    }
    if (byPartition.isEmpty()) {
      return;
    }
    Set<DataFile> replaced = new HashSet<>();
    Set<DataFile> written = new HashSet<>();
    byPartition.forEach(
        (partition, files) -> {
          replaced.addAll(files);
          written.addAll(write(name, table, files, partition, traces));
        });
    RewriteFiles update =
        table
            .newRewrite()
            .validateFromSnapshot(snapshot.snapshotId())
            .dataSequenceNumber(snapshot.sequenceNumber())
            .set(SnapshotKeys.FORGOTTEN, "true");
    replaced.forEach(update::deleteFile);
    written.forEach(update::addFile);
    update.commit();
  }

  private static List<DataFile> current(Table table, Snapshot snapshot) {
    return PlannedFiles.of(table.newScan().useSnapshot(snapshot.snapshotId())).stream()
        .map(FileScanTask::file)
        .toList();
  }

  private List<DataFile> write(
      LakeTable name, Table table, List<DataFile> files, StructLike partition, Traces traces) {
    // The newest state, in the columns that files are written with: a column may have been added
    // since the newest snapshot. Deletes that came meanwhile make the commit fail.
    Dataset<Row> rows =
        spark
            .table(name.quoted())
            .where(
                col(MetadataColumns.FILE_PATH.name())
                    .isin(files.stream().map(DataFile::location).toArray()))
            .where(not(traced(traces)))
            .select(
                table.schema().columns().stream()
                    .map(field -> col(LakeColumns.quoted(field.name())))
                    .toArray(Column[]::new));
    Table target = SerializableTableWithSize.copyOf(table);
    String dayColumn = dayColumn(table);
    long micros = dayColumn == null ? 0 : partition.get(0, Integer.class) * MICROS_PER_DAY;
    FlatMapFunction<Iterator<InternalRow>, RowFiles.Written> write =
        kept -> {
          RowFiles out =
              dayColumn == null ? RowFiles.of(target) : RowFiles.ofDay(target, dayColumn, micros);
          kept.forEachRemaining(out::write);
          return List.of(out.close()).iterator();
        };
    return ((org.apache.spark.sql.classic.Dataset<Row>) rows)
        .queryExecution().toRdd().toJavaRDD().mapPartitions(write).collect().stream()
            .flatMap(one -> one.rows().stream())
            .toList();
  }

  private static Column traced(Traces traces) {
    UDF1<Row, Boolean> areIn =
        row -> {
          List<Object> values = new ArrayList<>();
          for (int i = 0; i < row.size(); i++) {
            values.add(row.get(i));
          }
          return traces.areIn(values);
        };
    UserDefinedFunction traced = udf(areIn, DataTypes.BooleanType);
    return traced.apply(
        struct(
            traces.columns().stream()
                .map(name -> col(LakeColumns.quoted(name)))
                .toArray(Column[]::new)));
  }

  /** Returns the column by whose day a table is partitioned, null if it is not partitioned. */
  private static String dayColumn(Table table) {
    return table.spec().isUnpartitioned()
        ? null
        : table.schema().findColumnName(table.spec().fields().get(0).sourceId());
  }

  /**
   * Makes the newest snapshot say what the table has consumed, so that older ones may go: that of a
   * compaction does not. A table of which no snapshot says it stays as it is.
   */
  void recordProgress(LakeTable name, Table table, Stage stage) {
    retried(name, table, stage, () -> recordProgressNow(table, stage));
  }

  private static void recordProgressNow(Table table, Stage stage) {
    table.refresh();
    Snapshot current = table.currentSnapshot();
    Optional<Progress> progress = Progress.find(table);
    if (progress.isPresent() && !current.summary().containsKey(SnapshotKeys.PROGRESS)) {
      progress.get().commitWith(table.newAppend(), stage, progress.get()).commit();
    }
  }
}
