/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import static org.apache.iceberg.types.Types.NestedField.optional;
import static org.apache.iceberg.types.Types.NestedField.required;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Stage;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.iceberg.AppendFiles;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.expressions.Expression;
import org.apache.iceberg.expressions.Expressions;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.types.Types;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.unsafe.types.UTF8String;

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

  public EventSchemas(LakeTables tables, Pipeline pipeline) {
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
  public synchronized List<Stored> ofTopic(String topic) {
    return read(Expressions.equal("topic", topic)).stream()
        .map(
            row ->
                new Stored(
                    (String) row.getField("fingerprint"),
                    (String) row.getField("event_schema"),
                    Objects.requireNonNullElse((Long) row.getField("first_lsn"), 0L),
                    ((OffsetDateTime) row.getField("first_seen_at")).toInstant()))
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
    commit(missing.values());
    missing.forEach((fingerprint, schema) -> known.put(fingerprint, schema.schema()));
  }

  private void commit(Collection<Seen> missing) {
    long now = ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    RowFiles files = RowFiles.of(table);
    for (Seen schema : missing) {
      files.write(
          new GenericInternalRow(
              new Object[] {
                UTF8String.fromString(schema.fingerprint()),
                UTF8String.fromString(schema.topic()),
                UTF8String.fromString(schema.schema()),
                schema.lsn(),
                now
              }));
    }
    AppendFiles append = table.newAppend();
    files.close().rows().forEach(append::appendFile);
    GuardedCommit.commit(
        Progress.NONE.commitWith(append, Stage.BRONZE, Progress.NONE), table.name(), Stage.BRONZE);
  }

  private void load() {
    for (Record row : read(Expressions.alwaysTrue())) {
      known.put((String) row.getField("fingerprint"), (String) row.getField("event_schema"));
    }
  }

  /** Reads them here: they are so few that Spark would plan for longer than it reads. */
  private List<Record> read(Expression filter) {
    table.refresh();
    List<Record> rows = new ArrayList<>();
    try (CloseableIterable<Record> stored = IcebergGenerics.read(table).where(filter).build()) {
      stored.forEach(rows::add);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read table '" + table.name() + "'.", e);
    }
    return rows;
  }
}
