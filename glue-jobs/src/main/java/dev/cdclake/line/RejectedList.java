/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.line;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.decode;
import static org.apache.spark.sql.functions.first;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.substring;

import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.failure.RejectReason;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.lake.RejectedRow.Place;
import dev.cdclake.lake.RejectedRows;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** Tells which rows were rejected, and why; nothing is changed. */
public final class RejectedList {

  private static final int EXCERPT_BYTES = 200;

  private final Dataset<Row> rows;
  private final Map<String, String> tables = new HashMap<>();

  /**
   * How many rows of one table were rejected for one reason.
   *
   * @param table its name in the lake; the topic's name where the pipeline has no such table
   * @param stage the stage that rejected them
   * @param waiting rows that were not replayed
   * @param example the detail of one of them
   */
  public record Count(
      String table,
      String stage,
      RejectReason reason,
      long waiting,
      long replayed,
      Instant first,
      Instant last,
      String example) {}

  /**
   * One rejected row.
   *
   * @param key as text, its end, where the values are; empty if there is none
   * @param value likewise
   * @param replayedAt null if it waits
   */
  public record Rejected(
      String table,
      String stage,
      RejectReason reason,
      String detail,
      Place place,
      String key,
      String value,
      Instant rejectedAt,
      Instant replayedAt) {}

  public RejectedList(SparkSession spark, Pipeline pipeline) {
    for (SourceTable source : pipeline.tables()) {
      tables.put(pipeline.topic(source), source.lakeName());
    }
    this.rows =
        new RejectedRows(new LakeTables(spark), pipeline)
            .read(spark)
            .dropDuplicates(
                new String[] {"stage", "topic", ChangeColumns.PARTITION, ChangeColumns.OFFSET});
  }

  /** Counts the rows of tables and for reasons; empty sets choose all. */
  public List<Count> counts(Set<String> chosenTables, Set<RejectReason> reasons) {
    return chosen(chosenTables, reasons)
        .groupBy("topic", "stage", "reason")
        .agg(
            count(lit(1)),
            count_if(col("replayed_at").isNotNull()),
            min("rejected_at"),
            max("rejected_at"),
            first("detail"))
        .orderBy("stage", "topic", "reason")
        .collectAsList()
        .stream()
        .map(
            row ->
                new Count(
                    table(row.getString(0)),
                    row.getString(1),
                    RejectReason.valueOf(row.getString(2)),
                    row.getLong(3) - row.getLong(4),
                    row.getLong(4),
                    row.getInstant(5),
                    row.getInstant(6),
                    row.getString(7)))
        .toList();
  }

  /** Returns rows, the newest first. */
  public List<Rejected> rows(Set<String> chosenTables, Set<RejectReason> reasons, int limit) {
    return chosen(chosenTables, reasons)
        .orderBy(col("rejected_at").desc(), col(ChangeColumns.PARTITION), col(ChangeColumns.OFFSET))
        .select(
            col("topic"),
            col("stage"),
            col("reason"),
            col("detail"),
            col(ChangeColumns.PARTITION),
            col(ChangeColumns.OFFSET),
            excerpt("key"),
            excerpt("value"),
            col("rejected_at"),
            col("replayed_at"))
        .takeAsList(limit)
        .stream()
        .map(
            row ->
                new Rejected(
                    table(row.getString(0)),
                    row.getString(1),
                    RejectReason.valueOf(row.getString(2)),
                    row.getString(3),
                    new Place(row.getInt(4), row.getLong(5)),
                    row.isNullAt(6) ? "" : row.getString(6),
                    row.isNullAt(7) ? "" : row.getString(7),
                    row.getInstant(8),
                    row.isNullAt(9) ? null : row.getInstant(9)))
        .toList();
  }

  private Dataset<Row> chosen(Set<String> chosenTables, Set<RejectReason> reasons) {
    Dataset<Row> chosen = rows;
    if (!chosenTables.isEmpty()) {
      Object[] topics =
          tables.entrySet().stream()
              .filter(entry -> chosenTables.contains(entry.getValue()))
              .map(Map.Entry::getKey)
              .toArray();
      chosen = chosen.where(col("topic").isin(topics));
    }
    if (!reasons.isEmpty()) {
      chosen = chosen.where(col("reason").isin(reasons.stream().map(Enum::name).toArray()));
    }
    return chosen;
  }

  /** Events begin with their schema; what tells them apart is at their end. */
  private static Column excerpt(String column) {
    return decode(substring(col(column), -EXCERPT_BYTES, EXCERPT_BYTES), "UTF-8");
  }

  private String table(String topic) {
    return tables.getOrDefault(topic, topic);
  }
}
