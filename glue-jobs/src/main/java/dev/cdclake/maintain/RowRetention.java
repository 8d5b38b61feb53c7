/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.maintain;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.max;

import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.contract.Expectation;
import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Layer;
import dev.cdclake.contract.Maintenance.Retention;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.lake.Progress;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Optional;
import org.apache.iceberg.Table;
import org.apache.iceberg.expressions.Expressions;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Finds and deletes the rows of a table that are older than the pipeline file keeps them: whole
 * days of bronze that silver has folded, tombstones of silver, rejected rows, and what expectations
 * found.
 */
final class RowRetention {

  private final SparkSession spark;
  private final LakeTables tables;
  private final Pipeline pipeline;

  RowRetention(SparkSession spark, LakeTables tables, Pipeline pipeline) {
    this.spark = spark;
    this.tables = tables;
    this.pipeline = pipeline;
  }

  /**
   * Returns the condition for rows that are too old, as SQL; empty if the table keeps its rows for
   * ever.
   */
  Optional<String> tooOld(LakeTable name, Instant now) {
    Retention retention = pipeline.maintenance().retention();
    if (name.equals(pipeline.rejectedRows())) {
      return retention.rejected().map(age -> before("rejected_at", now.minus(age)));
    }
    if (name.equals(pipeline.expectationCounts())) {
      return retention.rejected().map(age -> before("checked_at", now.minus(age)));
    }
    if (source(name).isEmpty()) {
      return Optional.empty();
    }
    if (name.layer() == Layer.BRONZE) {
      return retention
          .bronze()
          .map(age -> before(ChangeColumns.PROCESSED_AT, firstDayKept(age, now)));
    }
    return retention
        .tombstones()
        .map(
            age ->
                // A version that is held back is inactive, but no tombstone.
                "not %s and not array_contains(%s, '%s') and %s"
                    .formatted(
                        ChangeColumns.IS_ACTIVE,
                        ChangeColumns.DQ_FLAGS,
                        Expectation.QUARANTINED,
                        before(ChangeColumns.COMMITTED_AT, now.minus(age))));
  }

  /** Counts the rows that {@link #delete} would delete. */
  long count(LakeTable name, String tooOld) {
    Dataset<Row> rows = spark.table(name.quoted()).where(tooOld);
    return mayGo(name, rows) ? rows.count() : 0;
  }

  /**
   * Deletes rows.
   *
   * @return how many there were
   */
  long delete(LakeTable name, Table table, String tooOld, Instant now) {
    long rows = count(name, tooOld);
    if (rows == 0) {
      return 0;
    }
    if (name.layer() == Layer.BRONZE && source(name).isPresent()) {
      Duration age = pipeline.maintenance().retention().bronze().orElseThrow();
      long day = ChronoUnit.MICROS.between(Instant.EPOCH, firstDayKept(age, now));
      // Whole files or nothing: Iceberg refuses a file of which only some rows match.
      table
          .newDelete()
          .deleteFromRowFilter(Expressions.lessThan(ChangeColumns.PROCESSED_AT, day))
          .commit();
    } else {
      spark.sql("delete from %s where %s".formatted(name.quoted(), tooOld));
    }
    return rows;
  }

  private static String before(String column, Instant instant) {
    return "`%s` < timestamp '%s'".formatted(column, instant);
  }

  private static Instant firstDayKept(Duration age, Instant now) {
    return now.minus(age).truncatedTo(ChronoUnit.DAYS);
  }

  /** A change that silver has not folded is never deleted, however old it is. */
  private boolean mayGo(LakeTable name, Dataset<Row> rows) {
    Optional<SourceTable> source = source(name);
    if (source.isEmpty() || name.layer() != Layer.BRONZE) {
      return true;
    }
    Progress progress =
        tables.find(pipeline.silver(source.get())).flatMap(Progress::find).orElse(Progress.NONE);
    Map<Integer, Long> folded = progress.offsets(pipeline.topic(source.get()));
    for (Row newest :
        rows.where(col(ChangeColumns.PARTITION).notEqual(ChangeColumns.NO_PARTITION))
            .groupBy(ChangeColumns.PARTITION)
            .agg(max(ChangeColumns.OFFSET))
            .collectAsList()) {
      if (newest.getLong(1) >= folded.getOrDefault(newest.getInt(0), 0L)) {
        return false;
      }
    }
    return areFolded(name, fills(rows), progress.snapshots().get(name.label()));
  }

  /** What fills a column has no place on the topic: silver has it if it read the table with it. */
  private boolean areFolded(LakeTable name, Dataset<Row> fills, Long read) {
    if (fills.isEmpty()) {
      return true;
    }
    if (read == null || tables.find(name).map(table -> table.snapshot(read)).isEmpty()) {
      return false;
    }
    Dataset<Row> then =
        spark.read().format("iceberg").option("versionAsOf", read).load(name.quoted());
    return fills.join(fills(then), ChangeColumns.OFFSET, "left_anti").isEmpty();
  }

  private static Dataset<Row> fills(Dataset<Row> rows) {
    return rows.where(col(ChangeColumns.PARTITION).equalTo(ChangeColumns.NO_PARTITION))
        .select(ChangeColumns.OFFSET);
  }

  private Optional<SourceTable> source(LakeTable name) {
    return pipeline.tables().stream()
        .filter(
            source -> name.equals(pipeline.bronze(source)) || name.equals(pipeline.silver(source)))
        .findFirst();
  }
}
