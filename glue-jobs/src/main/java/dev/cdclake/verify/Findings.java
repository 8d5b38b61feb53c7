/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.verify;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.greatest;
import static org.apache.spark.sql.functions.least;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.negate;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import dev.cdclake.contract.SourceTable;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.storage.StorageLevel;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;

/**
 * What the comparison of the two sides finds, row by row: equal, missing, extra, different, ended
 * on both sides, or changed since the moment that is compared.
 */
final class Findings {

  private static final int EXAMPLES = 5;
  private static final Set<String> DIFFERENCES = Set.of("missing", "extra", "different");

  private Findings() {}

  /**
   * Compares rows with the same key; a row that changed since is left out on both sides. Where a
   * newer version of a row is held back, it is this one that has to equal the source.
   */
  static Dataset<Row> byKey(Dataset<Row> source, Dataset<Row> silver) {
    Dataset<Row> rowsOfKey =
        silver
            .groupBy("key")
            .agg(
                max(struct("held", "active", "digest")).as("row"),
                max("later").as("later"),
                count_if(not(col("held"))).as("copies"))
            .select(
                col("key"),
                col("row.digest").as("silver"),
                col("row.held").as("held"),
                col("row.active").or(col("row.held")).as("active"),
                col("later"),
                col("copies"));
    Dataset<Row> joined =
        source.toDF("key", "source").join(rowsOfKey, asScala(List.of("key")), "full_outer");
    Column later = coalesce(col("later"), lit(false));
    Column inSource = col("source").isNotNull();
    Column inSilver = coalesce(col("active"), lit(false));
    return joined.select(
        col("key"),
        when(col("copies").gt(1), "extra")
            .when(later, "later")
            .when(inSource.and(not(inSilver)), "missing")
            .when(not(inSource).and(inSilver), "extra")
            .when(not(inSource), "ended")
            .when(col("source").notEqual(col("silver")), "different")
            .when(col("held"), "quarantined")
            .otherwise("equal")
            .as("finding"),
        inSource.cast("long").as("in_source"),
        inSilver.cast("long").as("in_silver"),
        lit(1L).as("rows"));
  }

  /** Turns rows that are missing, and that the source meanwhile lacks too, into changed ones. */
  static Dataset<Row> gone(Dataset<Row> findings, Dataset<Row> still) {
    return findings
        .join(
            still.select(col("key"), lit(true).as("still")), asScala(List.of("key")), "left_outer")
        .select(
            col("key"),
            when(col("finding").equalTo("missing").and(col("still").isNull()), "later")
                .otherwise(col("finding"))
                .as("finding"),
            col("in_source"),
            col("in_silver"),
            col("rows"));
  }

  /**
   * Compares how often each row occurs, for tables whose rows have no key.
   *
   * <p>A change after the moment takes away a row that the moment had: a delete leaves it with its
   * values, an update leaves another row. So many rows may be missing, and count as changed since.
   */
  static TableVerdict asMultiset(
      SourceTable table, Dataset<Row> source, Dataset<Row> silver, List<String> notCompared) {
    Dataset<Row> inSource = source.groupBy("digest").agg(count(lit(1)).as("source"));
    Column there = col("active").or(col("held")).and(not(col("later")));
    Column ended = not(col("active")).and(not(col("held"))).and(col("later"));
    Dataset<Row> inSilver =
        silver
            .groupBy("digest")
            .agg(
                count_if(there).as("silver"),
                count_if(there.and(col("held"))).as("held"),
                count_if(ended).as("ended"));
    Column lacking = col("source").minus(col("silver"));
    Dataset<Row> findings =
        inSource
            .join(inSilver, asScala(List.of("digest")), "full_outer")
            .na()
            .fill(0)
            .select(
                concat(lit("row with digest "), col("digest")).as("key"),
                col("source"),
                col("silver"),
                col("held"),
                greatest(lacking.minus(col("ended")), lit(0L)).as("missing"),
                greatest(negate(lacking), lit(0L)).as("extra"),
                greatest(least(lacking, col("ended")), lit(0L)).as("later"))
            .select(
                col("key"),
                when(col("missing").gt(0), "missing")
                    .when(col("extra").gt(0), "extra")
                    .when(col("later").gt(0), "later")
                    .when(col("held").gt(0), "quarantined")
                    .otherwise("equal")
                    .as("finding"),
                col("source").as("in_source"),
                col("silver").as("in_silver"),
                when(col("missing").plus(col("extra")).plus(col("later")).equalTo(0), col("source"))
                    .otherwise(greatest(col("missing"), col("extra"), col("later")))
                    .as("rows"));
    TableVerdict verdict = verdict(table, findings, notCompared);
    long taken = silver.where(col("took")).count() - verdict.changedSince();
    return verdict.explained(Math.max(0, Math.min(verdict.missing(), taken)));
  }

  static TableVerdict verdict(SourceTable table, Dataset<Row> findings, List<String> notCompared) {
    Dataset<Row> kept = findings.persist(StorageLevel.MEMORY_AND_DISK());
    try {
      Map<String, Long> rows = new HashMap<>();
      for (Row row : kept.groupBy("finding").agg(sum("rows")).collectAsList()) {
        rows.put(row.getString(0), row.getLong(1));
      }
      Row sides =
          kept.agg(coalesce(sum("in_source"), lit(0L)), coalesce(sum("in_silver"), lit(0L))).head();
      boolean equal = !rows.keySet().stream().anyMatch(DIFFERENCES::contains);
      List<String> examples =
          equal
              ? List.of()
              : kept
                  .where(col("finding").isin(DIFFERENCES.toArray()))
                  .orderBy("key")
                  .limit(EXAMPLES)
                  .collectAsList()
                  .stream()
                  .map(row -> row.getString(1) + ": " + row.getString(0).replace("\u001f", ", "))
                  .toList();
      return new TableVerdict(
          table.lakeName(),
          sides.getLong(0),
          sides.getLong(1),
          rows.getOrDefault("missing", 0L),
          rows.getOrDefault("extra", 0L),
          rows.getOrDefault("different", 0L),
          rows.getOrDefault("later", 0L),
          rows.getOrDefault("quarantined", 0L),
          examples,
          notCompared);
    } finally {
      kept.unpersist();
    }
  }

  private static Seq<String> asScala(List<String> columns) {
    return CollectionConverters.asScala(columns).toSeq();
  }
}
