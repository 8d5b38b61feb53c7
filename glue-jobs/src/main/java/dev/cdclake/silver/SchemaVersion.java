/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lag;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.row_number;
import static org.apache.spark.sql.functions.struct;

import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.lake.EventSchemas;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.lake.Position;
import dev.cdclake.lake.Renames;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.expressions.WindowSpec;

/**
 * A stretch of a table's history in which its events carried the same columns.
 *
 * @param schema the columns
 * @param first where it begins
 * @param begunAt when the source committed its first event; when bronze read it, if bronze no
 *     longer has the event
 * @param partition Kafka partition of its first event, -1 if bronze no longer has it
 * @param offset Kafka offset of its first event, -1 if bronze no longer has it
 * @param events how many of its events bronze has
 */
record SchemaVersion(
    EventSchema schema, Position first, Instant begunAt, int partition, long offset, long events) {

  private static final String LAST = "last";

  /** Returns its columns, named as they are after all renames behind it. */
  EventSchema under(Renames renames) {
    return schema.under(renames, first.epoch(), first.lsn());
  }

  /** A stretch of events with one schema, byte for byte. */
  private record Stretch(String fingerprint, Position last, SchemaVersion version) {}

  /** Reads the history of a table of a pipeline, which bronze has. */
  static List<SchemaVersion> history(SparkSession spark, Pipeline pipeline, SourceTable source) {
    return history(
        spark.table(pipeline.bronze(source).quoted()),
        new EventSchemas(new LakeTables(spark), pipeline),
        pipeline.topic(source),
        pipeline.source().epoch());
  }

  /**
   * Reads a table's history.
   *
   * @param bronze its bronze table
   * @param epoch of events that bronze no longer has
   * @return in the order of the source's log; neighbours differ in their columns
   */
  static List<SchemaVersion> history(
      Dataset<Row> bronze, EventSchemas schemas, String topic, int epoch) {
    Dataset<Row> events =
        bronze.where(
            col(ChangeColumns.SCHEMA)
                .isNotNull()
                .and(col(ChangeColumns.OP).notEqual(ChangeColumns.OP_FILL)));
    List<Stretch> stretches = bySchema(events, schemas);
    if (overlap(stretches)) {
      stretches = inOrder(events, schemas);
    }
    Set<String> known = new HashSet<>();
    stretches.forEach(stretch -> known.add(stretch.fingerprint()));
    List<SchemaVersion> versions = new ArrayList<>();
    for (EventSchemas.Stored stored : schemas.ofTopic(topic)) {
      if (!known.contains(stored.fingerprint())) {
        versions.add(
            new SchemaVersion(
                EventSchema.of(stored.fingerprint(), stored.schema()),
                new Position(epoch, stored.firstLsn()),
                stored.firstSeenAt(),
                -1,
                -1,
                0));
      }
    }
    stretches.forEach(stretch -> versions.add(stretch.version()));
    // Nothing is known of a type that its values were not read as.
    versions.removeIf(version -> version.schema().misread() != null);
    versions.sort(Comparator.comparing(SchemaVersion::first));
    return merged(versions);
  }

  /** One stretch per schema: right unless a table went back to columns that it had before. */
  private static List<Stretch> bySchema(Dataset<Row> events, EventSchemas schemas) {
    List<Stretch> stretches = new ArrayList<>();
    for (Row row :
        events
            .groupBy(ChangeColumns.SCHEMA)
            .agg(
                min(beginning()).as("first"),
                max(struct(ChangeColumns.EPOCH, ChangeColumns.LSN)).as(LAST),
                count(lit(1)).as("events"))
            .collectAsList()) {
      Row last = row.getStruct(2);
      stretches.add(
          stretch(
              row.getString(0),
              row.getStruct(1),
              new Position(last.getInt(0), last.getLong(1)),
              row.getLong(3),
              schemas));
    }
    stretches.sort(Comparator.comparing(stretch -> stretch.version().first()));
    return stretches;
  }

  private static boolean overlap(List<Stretch> stretches) {
    for (int i = 1; i < stretches.size(); i++) {
      Position before = stretches.get(i - 1).last();
      if (stretches.get(i).version().first().compareTo(before) < 0) {
        return true;
      }
    }
    return false;
  }

  /** Sorts all events; a stretch begins wherever the schema is another than that before it. */
  private static List<Stretch> inOrder(Dataset<Row> events, EventSchemas schemas) {
    WindowSpec order = Window.orderBy(ChangeColumns.EPOCH, ChangeColumns.LSN, ChangeColumns.OFFSET);
    long total = events.count();
    List<Row> starts =
        events
            .select(
                col(ChangeColumns.SCHEMA),
                beginning().as("first"),
                lag(ChangeColumns.SCHEMA, 1).over(order).as("previous"),
                row_number().over(order).as("number"))
            .where(col("previous").isNull().or(col("previous").notEqual(col(ChangeColumns.SCHEMA))))
            .orderBy("number")
            .collectAsList();
    List<Stretch> stretches = new ArrayList<>();
    for (int i = 0; i < starts.size(); i++) {
      Row start = starts.get(i);
      long next = i + 1 < starts.size() ? starts.get(i + 1).getInt(3) : total + 1;
      stretches.add(
          stretch(
              start.getString(0),
              start.getStruct(1),
              Position.START,
              next - start.getInt(3),
              schemas));
    }
    return stretches;
  }

  private static Column beginning() {
    return struct(
        ChangeColumns.EPOCH,
        ChangeColumns.LSN,
        ChangeColumns.PARTITION,
        ChangeColumns.OFFSET,
        ChangeColumns.COMMITTED_AT,
        ChangeColumns.PROCESSED_AT);
  }

  private static Stretch stretch(
      String fingerprint, Row first, Position last, long events, EventSchemas schemas) {
    return new Stretch(
        fingerprint,
        last,
        new SchemaVersion(
            EventSchema.of(fingerprint, schemas.schema(fingerprint)),
            new Position(first.getInt(0), first.getLong(1)),
            first.isNullAt(4) ? first.getInstant(5) : first.getInstant(4),
            first.getInt(2),
            first.getLong(3),
            events));
  }

  /** Joins neighbours with the same columns: what differs between them (a DEFAULT) is not ours. */
  private static List<SchemaVersion> merged(List<SchemaVersion> versions) {
    List<SchemaVersion> merged = new ArrayList<>();
    for (SchemaVersion version : versions) {
      SchemaVersion last = merged.isEmpty() ? null : merged.get(merged.size() - 1);
      if (last != null && last.schema.hasColumnsOf(version.schema)) {
        merged.set(
            merged.size() - 1,
            new SchemaVersion(
                last.schema,
                last.first,
                last.begunAt,
                last.partition,
                last.offset,
                last.events + version.events));
      } else {
        merged.add(version);
      }
    }
    return merged;
  }
}
