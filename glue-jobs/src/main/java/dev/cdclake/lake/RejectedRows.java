/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import static org.apache.iceberg.types.Types.NestedField.optional;
import static org.apache.iceberg.types.Types.NestedField.required;

import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.FailureCode;
import dev.cdclake.failure.PipelineException;
import dev.cdclake.failure.RejectReason;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.apache.iceberg.AppendFiles;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.types.Types;
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
          required(9, "rejected_at", Types.TimestampType.withZone()));

  private final Table table;

  /** By source: the offsets that tasks filter by; they must still hold when their rows arrive. */
  private final Map<String, Map<Integer, Long>> filteredBy = new HashMap<>();

  public RejectedRows(LakeTables tables, Pipeline pipeline) {
    this.table =
        tables.open(pipeline.rejectedRows(), SCHEMA, PartitionSpec.unpartitioned(), Map.of());
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

  /** Makes a row for {@link RowFiles}. */
  public static InternalRow row(
      Stage stage,
      RejectReason reason,
      String detail,
      UTF8String topic,
      int partition,
      long offset,
      byte[] key,
      byte[] value) {
    return new GenericInternalRow(
        new Object[] {
          UTF8String.fromString(stage.label()),
          UTF8String.fromString(reason.name()),
          UTF8String.fromString(detail),
          topic,
          partition,
          offset,
          key,
          value,
          ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now())
        });
  }

  private static String source(Stage stage, String topic) {
    return stage.label() + "/" + topic;
  }
}
