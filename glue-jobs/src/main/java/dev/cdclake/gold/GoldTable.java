/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.gold;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.SnapshotKeys;
import dev.cdclake.contract.Stage;
import dev.cdclake.lake.CatalystRows;
import dev.cdclake.lake.GuardedCommit;
import dev.cdclake.lake.KeyScan;
import dev.cdclake.lake.LakeColumns;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.lake.Progress;
import dev.cdclake.lake.RowFiles;
import dev.cdclake.lake.SoughtKeys;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.iceberg.DataOperations;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.RowDelta;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.spark.SparkSchemaUtil;
import org.apache.iceberg.spark.source.SerializableTableWithSize;
import org.apache.iceberg.types.Types;
import org.apache.iceberg.util.SnapshotUtil;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.analysis.NoSuchTableException;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** A gold model's table: replaced as a whole, or by the keys that were touched. */
final class GoldTable {

  /** Rows of touched keys that one task writes. */
  private static final int KEYS_PER_FILE = 100_000;

  private final SparkSession spark;
  private final LakeTable name;
  private final Table table;

  private GoldTable(SparkSession spark, LakeTable name, Table table) {
    this.spark = spark;
    this.name = name;
    this.table = table;
  }

  /** Opens the table, creating it with the model's columns and their descriptions. */
  static GoldTable open(
      SparkSession spark, LakeTables tables, LakeTable name, GoldModel model, StructType result) {
    Schema plain = SparkSchemaUtil.convert(result);
    List<Types.NestedField> fields = new ArrayList<>();
    for (Types.NestedField field : plain.columns()) {
      fields.add(
          Types.NestedField.optional(
              field.fieldId(),
              field.name(),
              field.type(),
              model.columns().get(field.name()).description()));
    }
    Table table =
        tables.open(
            name,
            new Schema(fields),
            PartitionSpec.unpartitioned(),
            Map.of("comment", model.description()));
    return new GoldTable(spark, name, table);
  }

  /** Whether the table has the columns that the model yields; a changed model yields others. */
  boolean hasColumns(StructType result) {
    StructType actual = SparkSchemaUtil.convert(table.schema());
    if (actual.size() != result.size()) {
      return false;
    }
    for (StructField field : result.fields()) {
      if (!List.of(actual.fieldNames()).contains(field.name())
          || !actual.apply(field.name()).dataType().sameType(field.dataType())) {
        return false;
      }
    }
    return true;
  }

  /** Replaces all rows and the columns, keeping the table's history. */
  void replace(Dataset<Row> result, Map<String, String> summary) {
    GuardedCommit.run(
        () -> LakeTables.writer(result, name, summary).createOrReplace(), name.label(), Stage.GOLD);
  }

  /** Replaces all rows. */
  void rebuild(Dataset<Row> result, Map<String, String> summary) {
    GuardedCommit.run(() -> overwrite(result, summary), name.label(), Stage.GOLD);
  }

  private void overwrite(Dataset<Row> result, Map<String, String> summary) {
    try {
      LakeTables.writer(result, name, summary).overwrite(lit(true));
    } catch (NoSuchTableException e) {
      throw new IllegalStateException("Table '" + name.label() + "' vanished.", e);
    }
  }

  /** Whether rows can be replaced one by one: somebody may have given the table partitions. */
  boolean isRefreshable() {
    return table.spec().isUnpartitioned();
  }

  /** Returns a column as the table has it. */
  Types.NestedField column(String column) {
    return table.schema().findField(column);
  }

  /**
   * Replaces the rows of touched keys, in one commit of new rows and of the places of the old ones;
   * a touched key without a result loses its row.
   *
   * @param result the rows of all touched keys
   * @param before the progress that the table must still have
   */
  void refresh(
      Dataset<Row> result,
      Broadcast<SoughtKeys> touched,
      String key,
      Progress before,
      Progress reached,
      Map<String, String> summary) {
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    Table target = SerializableTableWithSize.copyOf(table);
    Snapshot replaced = table.currentSnapshot();
    List<KeyScan.Files> files = KeyScan.files(table.newScan(), context.defaultParallelism());
    JavaRDD<RowFiles.Written> deleted =
        context
            .parallelize(files, Math.max(1, files.size()))
            .mapPartitions(
                shares -> delete(target, target.schema().findField(key), touched, shares));
    JavaRDD<RowFiles.Written> written =
        inOrder(result)
            .queryExecution()
            .toRdd()
            .toJavaRDD()
            .coalesce(1 + touched.value().size() / KEYS_PER_FILE)
            .mapPartitions(rows -> write(target, rows));
    RowFiles.Written all =
        written.union(deleted).collect().stream()
            .reduce(RowFiles.Written.none(), RowFiles.Written::plus);
    commit(all, replaced, before, reached, summary);
  }

  private void commit(
      RowFiles.Written all,
      Snapshot replaced,
      Progress before,
      Progress reached,
      Map<String, String> summary) {
    RowDelta delta = table.newRowDelta().validateFromSnapshot(replaced.snapshotId());
    all.rows().forEach(delta::addRows);
    all.deletes().forEach(delta::addDeletes);
    summary.forEach(delta::set);
    delta.validateDataFilesExist(all.referenced()).validateDeletedFiles();
    GuardedCommit.commit(reached.commitWith(delta, Stage.GOLD, before), name.label(), Stage.GOLD);
  }

  /**
   * Whether its rows are those of our last refresh: nobody else wrote since. Nothing is added to
   * other rows.
   */
  boolean isAsRefreshed() {
    for (Snapshot snapshot : SnapshotUtil.currentAncestors(table)) {
      if (!DataOperations.REPLACE.equals(snapshot.operation())) {
        return snapshot.summary().containsKey(SnapshotKeys.PROGRESS);
      }
    }
    return false;
  }

  /**
   * A row that was found.
   *
   * @param values of the model's columns, as Spark's own
   */
  record Found(String file, long place, List<Object> values) implements Serializable {

    private static final long serialVersionUID = 1L;
  }

  /** Finds the rows of some keys; perhaps of others, too, whose hashes are alike. */
  List<Found> find(SoughtKeys keys, SummedModel model) {
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    Table target = SerializableTableWithSize.copyOf(table);
    List<Types.NestedField> columns =
        model.columns().stream().map(column -> column(column.name())).toList();
    Types.NestedField key = columns.get(model.key());
    List<KeyScan.Files> files = KeyScan.files(table.newScan(), context.defaultParallelism());
    Broadcast<SoughtKeys> sought = context.broadcast(keys);
    try {
      return context
          .parallelize(files, Math.max(1, files.size()))
          .mapPartitions(shares -> find(target, key, columns, sought, shares).iterator())
          .collect();
    } finally {
      sought.destroy();
    }
  }

  private static List<Found> find(
      Table target,
      Types.NestedField key,
      List<Types.NestedField> columns,
      Broadcast<SoughtKeys> keys,
      Iterator<KeyScan.Files> shares) {
    CatalystRows own = new CatalystRows(SparkSchemaUtil.convert(new Schema(columns)));
    List<Found> found = new ArrayList<>();
    try (KeyScan scan = new KeyScan(target, List.of(key), keys.value(), shares)) {
      while (scan.advance()) {
        Object[][] lines = scan.lines(columns);
        for (int i = 0; i < lines.length; i++) {
          Object[] kept = ((GenericInternalRow) own.row(RowFactory.create(lines[i]))).values();
          found.add(new Found(scan.path(), scan.position(scan.rows()[i]), Arrays.asList(kept)));
        }
      }
    }
    return found;
  }

  /**
   * Puts new rows in the place of others, in one commit.
   *
   * @param before the progress that the table must still have
   */
  void replace(
      SummedRefresh.Result result,
      SummedModel model,
      Progress before,
      Progress reached,
      Map<String, String> summary) {
    Snapshot replaced = table.currentSnapshot();
    List<String> names = model.columns().stream().map(SummedModel.Column::name).toList();
    int[] order =
        table.schema().columns().stream().mapToInt(field -> names.indexOf(field.name())).toArray();
    RowFiles files = RowFiles.of(table);
    RowFiles.abortOnFailure(
        () -> {
          for (List<Object> row : result.rows()) {
            Object[] values = IntStream.of(order).mapToObj(row::get).toArray();
            files.write(new GenericInternalRow(values));
          }
          result.gone().forEach(row -> files.delete(row.file(), row.place()));
        },
        () -> List.of(files));
    commit(files.close(), replaced, before, reached, summary);
  }

  /** Returns the rows with their columns as the table has them. */
  private org.apache.spark.sql.classic.Dataset<Row> inOrder(Dataset<Row> result) {
    Column[] columns =
        table.schema().columns().stream()
            .map(column -> col(LakeColumns.quoted(column.name())))
            .toArray(Column[]::new);
    return (org.apache.spark.sql.classic.Dataset<Row>) result.select(columns);
  }

  private static Iterator<RowFiles.Written> write(Table target, Iterator<InternalRow> rows) {
    RowFiles files = RowFiles.of(target);
    RowFiles.abortOnFailure(() -> rows.forEachRemaining(files::write), () -> List.of(files));
    return List.of(files.close()).iterator();
  }

  private static Iterator<RowFiles.Written> delete(
      Table target,
      Types.NestedField key,
      Broadcast<SoughtKeys> touched,
      Iterator<KeyScan.Files> shares) {
    RowFiles files = RowFiles.of(target);
    try (KeyScan scan = new KeyScan(target, List.of(key), touched.value(), shares)) {
      while (scan.advance()) {
        for (int row : scan.rows()) {
          files.delete(scan.path(), scan.position(row));
        }
      }
    }
    return List.of(files.close()).iterator();
  }

  long snapshot() {
    table.refresh();
    return table.currentSnapshot().snapshotId();
  }

  /** Returns the rows. */
  Dataset<Row> rows() {
    return spark.table(name.quoted());
  }
}
