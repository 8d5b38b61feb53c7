/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import static org.apache.spark.sql.functions.array_contains;
import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.SnapshotKeys;
import dev.cdclake.contract.Stage;
import dev.cdclake.lake.CatalystRows;
import dev.cdclake.lake.ExpectationResults;
import dev.cdclake.lake.GuardedCommit;
import dev.cdclake.lake.KeyFilters;
import dev.cdclake.lake.KeyScan;
import dev.cdclake.lake.LakeColumns;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.lake.Position;
import dev.cdclake.lake.Progress;
import dev.cdclake.lake.RowFiles;
import dev.cdclake.lake.SilverKey;
import dev.cdclake.lake.SoughtKeys;
import dev.cdclake.silver.KeyLookup.Needed;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.apache.iceberg.MetadataColumns;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.RowDelta;
import org.apache.iceberg.Schema;
import org.apache.iceberg.SnapshotSummary;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableProperties;
import org.apache.iceberg.spark.SparkSchemaUtil;
import org.apache.iceberg.spark.source.SerializableTableWithSize;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.unsafe.types.UTF8String;

/** A silver table: one current row per key, replaced merge-on-read by position deletes. */
final class SilverTable {

  private static final long MOST_KEYS_SENT = 500_000;

  /** Rows of a table whose keys are read sooner than tasks could begin to. */
  private static final long FEW_ROWS = 1_000_000;

  /** Table property that says that {@link #mayHaveRowsAside}. */
  private static final String ROWS_ASIDE = "cdclake.rows-aside";

  /**
   * Single rows of large files are read: ours of pages, the less of each the better; a query for
   * one key a row group, whole, of those that its {@link KeyFilters filter} does not exclude.
   */
  private static final Map<String, String> SMALL_PARTS =
      Map.of(
          TableProperties.PARQUET_PAGE_SIZE_BYTES, String.valueOf(8 << 10),
          TableProperties.PARQUET_ROW_GROUP_SIZE_BYTES, String.valueOf(32 << 20));

  private final SparkSession spark;
  private final LakeTable name;
  private final Table table;

  private SilverTable(SparkSession spark, LakeTable name, Table table) {
    this.spark = spark;
    this.name = name;
    this.table = table;
  }

  /**
   * Opens the table, creating it for its first events.
   *
   * @param key what identifies a row
   */
  static SilverTable create(
      SparkSession spark, LakeTables tables, LakeTable name, EventSchema event, SilverKey key) {
    Schema schema = SparkSchemaUtil.convert(SilverSchema.initial(event));
    Map<String, String> properties = new HashMap<>(SMALL_PARTS);
    properties.put(SilverKey.PROPERTY, key.toProperty());
    properties.putAll(KeyFilters.properties(key, schema));
    Table table = tables.open(name, schema, PartitionSpec.unpartitioned(), properties);
    return new SilverTable(spark, name, table);
  }

  static SilverTable of(SparkSession spark, LakeTable name, Table table) {
    return new SilverTable(spark, name, table);
  }

  /** Returns the table for use in tasks. */
  Table table() {
    return table;
  }

  Progress progress() {
    table.refresh();
    return Progress.of(table, Stage.SILVER);
  }

  SilverSchema schema() {
    return SilverSchema.of(table);
  }

  /** Returns what changes the columns of the table. */
  SchemaEvolution evolution() {
    return new SchemaEvolution(name, table);
  }

  /** Returns all rows in the shape of {@link ChangeRow}. */
  JavaRDD<InternalRow> rows(Broadcast<Decoder> decoder) {
    return currentRows(placedRows(decoder.value().silver()), decoder);
  }

  /**
   * Returns the rows with the given keys, in the shape of {@link ChangeRow}; there may be others
   * among them.
   *
   * @param needed of every row; of those that {@link SoughtKeys} names all values are read
   */
  JavaRDD<InternalRow> rowsOf(SoughtKeys keys, Needed needed, Broadcast<Decoder> decoder) {
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    Broadcast<SoughtKeys> sought = context.broadcast(keys);
    // More tasks than cores: where one has less to do than another, its core takes a third.
    List<KeyScan.Files> files = KeyScan.files(table.newScan(), 2 * context.defaultParallelism());
    KeyLookup lookup =
        new KeyLookup(
            SerializableTableWithSize.copyOf(table), sought::value, decoder::value, needed);
    return context.parallelize(files, Math.max(1, files.size())).mapPartitions(lookup);
  }

  /**
   * Returns the same, at once; a small table is searched by threads of this process, and any table
   * where tasks would run in this process, too.
   *
   * @param room is taken for the rows that threads read
   * @return empty if there was none
   */
  Optional<List<InternalRow>> rowsOf(SoughtKeys keys, Needed needed, Decoder decoder, Room room) {
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    if (totalRows() > FEW_ROWS && !context.isLocal()) {
      return Optional.of(rowsOf(keys, needed, context.broadcast(decoder)).collect());
    }
    KeyLookup lookup = new KeyLookup(table, () -> keys, () -> decoder, needed);
    List<List<InternalRow>> found =
        Threads.each(
            KeyScan.files(table.newScan(), 2 * context.defaultParallelism()),
            share -> lookup.read(share, room));
    return room.isOver()
        ? Optional.empty()
        : Optional.of(found.stream().flatMap(List::stream).toList());
  }

  private long totalRows() {
    return Long.parseLong(
        table
            .currentSnapshot()
            .summary()
            .getOrDefault(SnapshotSummary.TOTAL_RECORDS_PROP, String.valueOf(Long.MAX_VALUE)));
  }

  /**
   * Returns the rows, active or held back, that look like one of the given, in the shape of {@link
   * ChangeRow}; there may be more rows that look alike than are looked for.
   *
   * @param taken values in the columns that tell which rows are alike
   * @param changes how many are looked for at most
   */
  JavaRDD<InternalRow> rowsLike(Dataset<Row> taken, long changes, Broadcast<Decoder> decoder) {
    Dataset<Row> placed =
        placedRows(decoder.value().silver())
            .where(
                col(ChangeColumns.IS_ACTIVE)
                    .or(array_contains(col(ChangeColumns.DQ_FLAGS), Expectations.QUARANTINED)));
    Column alike =
        decoder.value().alike().stream()
            .map(
                column ->
                    placed
                        .col(LakeColumns.quoted(column))
                        .eqNullSafe(taken.col(LakeColumns.quoted(column))))
            .reduce(Column::and)
            .orElse(lit(true));
    return currentRows(placed.join(few(taken, changes), alike, "left_semi"), decoder);
  }

  private static Dataset<Row> few(Dataset<Row> looked, long changes) {
    return changes <= MOST_KEYS_SENT ? broadcast(looked) : looked;
  }

  /**
   * Commits new rows, the places of those they replace, the progress, and what the expectations
   * found, in one snapshot.
   *
   * @param complete the moment of the source that the table then shows, if it is known
   */
  long commit(
      RowFiles.Written files,
      Progress before,
      Progress after,
      Optional<Position> complete,
      ExpectationResults expectations) {
    RowDelta delta = table.newRowDelta();
    files.rows().forEach(delta::addRows);
    files.deletes().forEach(delta::addDeletes);
    if (!expectations.results().isEmpty()) {
      delta.set(SnapshotKeys.EXPECTATIONS, expectations.toJson());
    }
    delta.validateDataFilesExist(files.referenced()).validateDeletedFiles();
    if (table.currentSnapshot() != null) {
      delta.validateFromSnapshot(table.currentSnapshot().snapshotId());
    }
    complete.ifPresent(moment -> delta.set(SnapshotKeys.COMPLETE_LSN, moment.lsnText()));
    GuardedCommit.commit(after.commitWith(delta, Stage.SILVER, before), name.label(), Stage.SILVER);
    return table.currentSnapshot().snapshotId();
  }

  /**
   * Notes that a key may have another row beside its newest one: covered, or held back. Said before
   * such a row is there, and for good.
   */
  void expectRowsAside() {
    if (!mayHaveRowsAside()) {
      table.updateProperties().set(ROWS_ASIDE, "true").commit();
    }
  }

  /** Whether a key may have another row beside its newest one. */
  boolean mayHaveRowsAside() {
    return Boolean.parseBoolean(table.properties().get(ROWS_ASIDE));
  }

  /** Deletes files that no commit has named. */
  void discard(RowFiles.Written files) {
    files.rows().forEach(file -> table.io().deleteFile(file.location()));
    files.deletes().forEach(file -> table.io().deleteFile(file.location()));
  }

  private Dataset<Row> placedRows(SilverSchema silver) {
    List<Column> columns = new ArrayList<>();
    for (StructField field : silver.columns().fields()) {
      columns.add(LakeColumns.select(field));
    }
    columns.add(col(MetadataColumns.FILE_PATH.name()));
    columns.add(col(MetadataColumns.ROW_POSITION.name()));
    return spark.table(name.quoted()).select(columns.toArray(Column[]::new));
  }

  private static JavaRDD<InternalRow> currentRows(Dataset<Row> placed, Broadcast<Decoder> decoder) {
    return CatalystRows.of(placed)
        .mapPartitions(
            rows -> CatalystRows.stream(rows).map(currentRow(decoder.value())).iterator());
  }

  private static Function<InternalRow, InternalRow> currentRow(Decoder decoder) {
    SilverSchema silver = decoder.silver();
    int width = silver.columns().size();
    int[] key = positions(silver, silver.key());
    int[] alike = positions(silver, decoder.alike());
    int epoch = silver.columns().fieldIndex(ChangeColumns.EPOCH);
    int lsn = silver.columns().fieldIndex(ChangeColumns.LSN);
    CatalystRows current = new CatalystRows(silver.columns());
    return row -> {
      InternalRow stored = first(row, silver.columns());
      Row values = current.row(stored);
      String text = RowKey.text(values(values, key));
      String group = alike.length == 0 ? decoder.group(text) : RowImage.text(values(values, alike));
      Object[] change = new Object[ChangeRow.WIDTH];
      change[ChangeRow.GROUP] = UTF8String.fromString(group);
      change[ChangeRow.KEY] = UTF8String.fromString(text);
      change[ChangeRow.KIND] = 0;
      change[ChangeRow.EPOCH] = row.getInt(epoch);
      change[ChangeRow.LSN] = row.getLong(lsn);
      change[ChangeRow.FILE] = row.getUTF8String(width);
      change[ChangeRow.POSITION] = row.getLong(width + 1);
      change[ChangeRow.WHOLE] = true;
      change[ChangeRow.CURRENT] = stored;
      return new GenericInternalRow(change);
    };
  }

  private static InternalRow first(InternalRow row, StructType columns) {
    Object[] values = new Object[columns.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = row.get(i, columns.fields()[i].dataType());
    }
    return new GenericInternalRow(values);
  }

  private static int[] positions(SilverSchema silver, List<String> columns) {
    return columns.stream().mapToInt(silver.columns()::fieldIndex).toArray();
  }

  private static Object[] values(Row row, int[] positions) {
    return Arrays.stream(positions).mapToObj(row::get).toArray();
  }
}
