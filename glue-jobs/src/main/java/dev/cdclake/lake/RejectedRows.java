/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import static org.apache.iceberg.types.Types.NestedField.optional;
import static org.apache.iceberg.types.Types.NestedField.required;
import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.current_timestamp;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;

import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.FailureCode;
import dev.cdclake.failure.PipelineException;
import dev.cdclake.failure.RejectReason;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.iceberg.AppendFiles;
import org.apache.iceberg.MetadataColumns;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.RowDelta;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.UpdateSchema;
import org.apache.iceberg.spark.source.SerializableTableWithSize;
import org.apache.iceberg.types.Types;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * The table of events and rows that could not be used, with the reason, the place in Kafka and the
 * bytes.
 *
 * <p>It is committed before the table whose rows it lacks, and remembers per stage and topic up to
 * where it is complete: a batch that is repeated after a crash adds no row twice.
 */
public final class RejectedRows {

  private static final Schema SCHEMA =
      new Schema(
          required(1, "stage", Types.StringType.get()),
          required(2, "reason", Types.StringType.get()),
          optional(3, "detail", Types.StringType.get()),
          required(4, "topic", Types.StringType.get()),
          required(5, ChangeColumns.PARTITION, Types.IntegerType.get()),
          required(6, ChangeColumns.OFFSET, Types.LongType.get()),
          optional(7, "key", Types.BinaryType.get()),
          optional(8, "value", Types.BinaryType.get()),
          required(9, "rejected_at", Types.TimestampType.withZone()),
          optional(10, ChangeColumns.EPOCH, Types.IntegerType.get(), "Timeline of the source"),
          optional(11, "old_key_header", Types.BinaryType.get(), "Of an updated key"),
          optional(12, "new_key_header", Types.BinaryType.get(), "Of an updated key"),
          optional(13, "replay", Types.LongType.get(), "The replay that took the row"),
          optional(14, "replayed_at", Types.TimestampType.withZone()));

  private final LakeTable name;
  private final Table table;

  /** By source: the offsets that tasks filter by; they must still hold when their rows arrive. */
  private final Map<String, Map<Integer, Long>> filteredBy = new HashMap<>();

  public RejectedRows(LakeTables tables, Pipeline pipeline) {
    this.name = pipeline.rejectedRows();
    this.table = tables.open(name, SCHEMA, PartitionSpec.unpartitioned(), Map.of());
    addMissingColumns();
  }

  /** A table of an earlier version knows nothing of replays. */
  private void addMissingColumns() {
    UpdateSchema update = table.updateSchema();
    boolean missing = false;
    for (Types.NestedField column : SCHEMA.columns()) {
      if (table.schema().findField(column.name()) == null) {
        update.addColumn(column.name(), column.type(), column.doc());
        missing = true;
      }
    }
    if (missing) {
      update.commit();
    }
  }

  /** Returns the table for use in tasks. */
  public Table table() {
    return table;
  }

  /**
   * Returns, by topic and partition, the next offsets up to which a stage's rejects are kept; what
   * a batch then rejects below them must not be kept again.
   */
  public synchronized Map<String, Map<Integer, Long>> complete(
      Stage stage, Collection<String> topics) {
    table.refresh();
    Progress progress = Progress.of(table, stage);
    Map<String, Map<Integer, Long>> complete = new TreeMap<>();
    for (String topic : topics) {
      Map<Integer, Long> offsets = progress.offsets(source(stage, topic));
      filteredBy.put(source(stage, topic), offsets);
      complete.put(topic, offsets);
    }
    return complete;
  }

  /**
   * Commits rejected rows.
   *
   * @param next by topic, then by partition: the offsets up to which the rows are complete
   */
  public synchronized void append(
      Stage stage, RowFiles.Written written, Map<String, Map<Integer, Long>> next) {
    if (written.rows().isEmpty()) {
      return;
    }
    table.refresh();
    Progress before = Progress.of(table, stage);
    Progress after = before;
    for (Map.Entry<String, Map<Integer, Long>> topic : new TreeMap<>(next).entrySet()) {
      String source = source(stage, topic.getKey());
      if (!before.offsets(source).equals(filteredBy.get(source))) {
        throw new PipelineException(
            stage,
            FailureCode.CONCURRENT_WRITER,
            "Cannot commit to table '%s': another job rejected rows of topic '%s' meanwhile (expected"
                    .formatted(table.name(), topic.getKey())
                + " one job of a stage per pipeline). Stop the other one, then run again.");
      }
      after = after.withOffsets(source, topic.getValue());
    }
    AppendFiles append = table.newAppend();
    written.rows().forEach(append::appendFile);
    GuardedCommit.commit(after.commitWith(append, stage, before), table.name(), stage);
  }

  /**
   * Returns the rejected rows that were not replayed, each once; those rejected first come first.
   */
  public List<RejectedRow> pending(SparkSession spark, Stage stage, String topic) {
    return read(spark)
        .where(col("stage").equalTo(stage.label()).and(col("topic").equalTo(topic)))
        .where(col("replay").isNull())
        .groupBy("reason", ChangeColumns.PARTITION, ChangeColumns.OFFSET, ChangeColumns.EPOCH)
        .agg(min("rejected_at").as("first"))
        .orderBy("first", ChangeColumns.PARTITION, ChangeColumns.OFFSET)
        .collectAsList()
        .stream()
        .map(
            row ->
                new RejectedRow(
                    RejectReason.valueOf(row.getString(0)),
                    new RejectedRow.Place(row.getInt(1), row.getLong(2)),
                    row.isNullAt(3) ? null : row.getInt(3)))
        .toList();
  }

  /**
   * Counts the events of a topic that were rejected in any stage and not replayed since; one that
   * broke an expectation is not counted, for silver has its row, held back.
   *
   * @param from by partition, inclusive; 0 where absent
   * @param to by partition, exclusive
   */
  public long countBetween(
      SparkSession spark, String topic, Map<Integer, Long> from, Map<Integer, Long> to) {
    table.refresh();
    if (table.currentSnapshot() == null) {
      return 0;
    }
    Column between = lit(false);
    for (Map.Entry<Integer, Long> end : to.entrySet()) {
      between =
          between.or(
              col(ChangeColumns.PARTITION)
                  .equalTo(end.getKey())
                  .and(col(ChangeColumns.OFFSET).geq(from.getOrDefault(end.getKey(), 0L)))
                  .and(col(ChangeColumns.OFFSET).lt(end.getValue())));
    }
    return read(spark)
        .where(col("topic").equalTo(topic).and(col("replayed_at").isNull()))
        .where(col("reason").notEqual(RejectReason.EXPECTATION_BROKEN.name()))
        .where(between)
        .select(ChangeColumns.PARTITION, ChangeColumns.OFFSET)
        .distinct()
        .count();
  }

  /** Returns the rows of some coordinates, with all columns. */
  public Dataset<Row> rows(
      SparkSession spark, Stage stage, String topic, Collection<RejectedRow> rows) {
    return at(read(spark), stage, topic, RejectedRow.coordinates(spark, rows));
  }

  private static Dataset<Row> at(
      Dataset<Row> rejected, Stage stage, String topic, Dataset<Row> places) {
    Column samePlace =
        rejected
            .col(ChangeColumns.PARTITION)
            .equalTo(places.col(ChangeColumns.PARTITION))
            .and(rejected.col(ChangeColumns.OFFSET).equalTo(places.col(ChangeColumns.OFFSET)));
    return rejected
        .where(col("stage").equalTo(stage.label()).and(col("topic").equalTo(topic)))
        .join(broadcast(places), samePlace, "left_semi");
  }

  /**
   * Returns replays of a stage and topic that took rows and did not say that they were done: their
   * process died in between.
   */
  public List<Long> unfinishedReplays(SparkSession spark, Stage stage, String topic) {
    return read(spark)
        .where(col("stage").equalTo(stage.label()).and(col("topic").equalTo(topic)))
        .where(col("replay").isNotNull().and(col("replayed_at").isNull()))
        .select("replay")
        .distinct()
        .as(Encoders.LONG())
        .collectAsList();
  }

  /** Notes, before it commits, that a replay takes rows. */
  public void take(
      SparkSession spark, Stage stage, String topic, Collection<RejectedRow> rows, long replay) {
    Dataset<Row> taken = at(placed(spark), stage, topic, RejectedRow.coordinates(spark, rows));
    change(taken.withColumn("replay", lit(replay)), stage);
  }

  /**
   * Notes that a replay has committed. What bronze has now is put among the rejected rows of
   * silver, whose replay comes next.
   */
  public void finish(SparkSession spark, Stage stage, long replay) {
    Dataset<Row> taken = placed(spark).where(col("replay").equalTo(replay));
    Dataset<Row> finished = taken.withColumn("replayed_at", current_timestamp());
    if (stage == Stage.BRONZE) {
      finished =
          finished.union(
              taken
                  .withColumn("stage", lit(Stage.SILVER.label()))
                  .withColumn("replay", lit(null).cast("long"))
                  .withColumn(MetadataColumns.FILE_PATH.name(), lit(null).cast("string")));
    }
    change(finished, stage);
  }

  /** Gives back the rows that a replay took and did not commit. */
  public void giveBack(SparkSession spark, Stage stage, long replay) {
    change(
        placed(spark)
            .where(col("replay").equalTo(replay))
            .withColumn("replay", lit(null).cast("long")),
        stage);
  }

  /**
   * Returns all rows of the table; one that a batch which died had kept already may be there twice.
   */
  public Dataset<Row> read(SparkSession spark) {
    return spark.table(name.quoted());
  }

  /** Returns all rows with their places in files. */
  private Dataset<Row> placed(SparkSession spark) {
    List<Column> columns = new ArrayList<>();
    table.schema().columns().forEach(column -> columns.add(col(column.name())));
    columns.add(col(MetadataColumns.FILE_PATH.name()));
    columns.add(col(MetadataColumns.ROW_POSITION.name()));
    return read(spark).select(columns.toArray(Column[]::new));
  }

  /** Replaces rows; how far the stages got stays as it is. */
  private synchronized void change(Dataset<Row> placed, Stage stage) {
    table.refresh();
    Progress progress = Progress.of(table, stage);
    Rewriter rewriter = new Rewriter(SerializableTableWithSize.copyOf(table));
    RowFiles.Written written =
        ((org.apache.spark.sql.classic.Dataset<Row>) placed)
            .queryExecution().toRdd().toJavaRDD().mapPartitions(rewriter).collect().stream()
                .reduce(RowFiles.Written.none(), RowFiles.Written::plus);
    if (written.rows().isEmpty()) {
      return;
    }
    RowDelta delta = table.newRowDelta();
    written.rows().forEach(delta::addRows);
    written.deletes().forEach(delta::addDeletes);
    delta
        .validateFromSnapshot(table.currentSnapshot().snapshotId())
        .validateDataFilesExist(written.referenced())
        .validateDeletedFiles();
    GuardedCommit.commit(progress.commitWith(delta, stage, progress), table.name(), stage);
  }

  /** Writes rows, and gives up the places of those that come with one. */
  private record Rewriter(Table table)
      implements FlatMapFunction<Iterator<InternalRow>, RowFiles.Written> {

    private static final long serialVersionUID = 1L;

    @Override
    public Iterator<RowFiles.Written> call(Iterator<InternalRow> rows) {
      RowFiles files = RowFiles.of(table);
      int width = table.schema().columns().size();
      RowFiles.abortOnFailure(
          () -> {
            while (rows.hasNext()) {
              InternalRow row = rows.next();
              if (!row.isNullAt(width)) {
                files.delete(row.getString(width), row.getLong(width + 1));
              }
              files.write(row);
            }
          },
          () -> List.of(files));
      return List.of(files.close()).iterator();
    }
  }

  /**
   * Makes a row for {@link RowFiles}.
   *
   * @param event the bytes that came, or what became of them until they were rejected
   */
  public static InternalRow row(
      Stage stage,
      RejectReason reason,
      String detail,
      UTF8String topic,
      int partition,
      long offset,
      Event event) {
    return new GenericInternalRow(
        new Object[] {
          UTF8String.fromString(stage.label()),
          UTF8String.fromString(reason.name()),
          UTF8String.fromString(detail),
          topic,
          partition,
          offset,
          event.key,
          event.value,
          ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now()),
          event.epoch,
          event.oldKeyHeader,
          event.newKeyHeader,
          null,
          null
        });
  }

  /**
   * What is kept of a rejected event.
   *
   * @param epoch null if it is in bronze
   * @param oldKeyHeader Debezium's header of an updated key, null if absent
   * @param newKeyHeader likewise
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Event(
      byte[] key, byte[] value, Integer epoch, byte[] oldKeyHeader, byte[] newKeyHeader) {}

  private static String source(Stage stage, String topic) {
    return stage.label() + "/" + topic;
  }
}
