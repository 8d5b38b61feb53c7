/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import static org.apache.iceberg.types.Types.NestedField.optional;
import static org.apache.iceberg.types.Types.NestedField.required;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Stage;
import java.io.Serializable;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.spark.SparkSchemaUtil;
import org.apache.iceberg.types.Types;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.analysis.NoSuchTableException;
import org.apache.spark.sql.functions;

/**
 * The schemas that events carried, each stored once under its fingerprint.
 *
 * <p>A schema is committed before the first bronze row that names it, so a reader of bronze always
 * finds it.
 */
public final class EventSchemas {

  private static final Schema SCHEMA =
      new Schema(
          required(1, "fingerprint", Types.StringType.get(), "First 16 hex digits of SHA-256"),
          required(2, "topic", Types.StringType.get()),
          required(3, "event_schema", Types.StringType.get(), "Connect schema of the value, JSON"),
          optional(4, "first_lsn", Types.LongType.get(), "LSN of the first event that had it"),
          required(5, "first_seen_at", Types.TimestampType.withZone()));

  private final SparkSession spark;
  private final Pipeline pipeline;
  private final Table table;
  private final Map<String, String> known = new HashMap<>();

  /** A schema as an event carried it, and the LSN of that event. */
  public record Seen(String fingerprint, String topic, String schema, long lsn)
      implements Serializable {}

  /**
   * A stored schema.
   *
   * @param firstLsn LSN of the first event that was seen with it
   */
  public record Stored(String fingerprint, String schema, long firstLsn, Instant firstSeenAt) {}

  public EventSchemas(SparkSession spark, LakeTables tables, Pipeline pipeline) {
    this.spark = spark;
    this.pipeline = pipeline;
    this.table =
        tables.open(pipeline.eventSchemas(), SCHEMA, PartitionSpec.unpartitioned(), Map.of());
  }

  /** Returns the schema with a fingerprint, as the event carried it. */
  public synchronized String schema(String fingerprint) {
    if (!known.containsKey(fingerprint)) {
      load();
    }
    String schema = known.get(fingerprint);
    if (schema == null) {
      throw new IllegalStateException(
          "Cannot decode events of schema '"
              + fingerprint
              + "': table '"
              + table.name()
              + "' does not hold it.");
    }
    return schema;
  }

  /** Returns the schemas that the events of a topic carried, in no order. */
  public List<Stored> ofTopic(String topic) {
    return spark
        .table(pipeline.eventSchemas().quoted())
        .where(functions.col("topic").equalTo(topic))
        .select("fingerprint", "event_schema", "first_lsn", "first_seen_at")
        .collectAsList()
        .stream()
        .map(
            row ->
                new Stored(
                    row.getString(0),
                    row.getString(1),
                    row.isNullAt(2) ? 0 : row.getLong(2),
                    row.getInstant(3)))
        .toList();
  }

  /** Stores the schemas that are not yet stored. */
  public synchronized void append(List<Seen> seen) {
    Map<String, Seen> missing = new HashMap<>();
    for (Seen schema : seen) {
      if (!known.containsKey(schema.fingerprint())) {
        missing.merge(
            schema.fingerprint(), schema, (one, two) -> one.lsn() <= two.lsn() ? one : two);
      }
    }
    if (missing.isEmpty()) {
      return;
    }
    load();
    missing.keySet().removeAll(known.keySet());
    if (missing.isEmpty()) {
      return;
    }
    List<Row> rows =
        missing.values().stream()
            .map(
                schema ->
                    RowFactory.create(
                        schema.fingerprint(),
                        schema.topic(),
                        schema.schema(),
                        schema.lsn(),
                        Instant.now()))
            .toList();
    Dataset<Row> frame = spark.createDataFrame(rows, SparkSchemaUtil.convert(SCHEMA));
    GuardedCommit.run(() -> append(frame.coalesce(1)), table.name(), Stage.BRONZE);
    missing.forEach((fingerprint, schema) -> known.put(fingerprint, schema.schema()));
  }

  private void append(Dataset<Row> frame) {
    try {
      Progress.NONE
          .recordIn(frame.writeTo(pipeline.eventSchemas().quoted()), Stage.BRONZE)
          .append();
    } catch (NoSuchTableException e) {
      throw new IllegalStateException("Table '" + table.name() + "' vanished.", e);
    }
  }

  private void load() {
    for (Row row :
        spark
            .table(pipeline.eventSchemas().quoted())
            .select(functions.col("fingerprint"), functions.col("event_schema"))
            .collectAsList()) {
      known.put(row.getString(0), row.getString(1));
    }
  }
}
