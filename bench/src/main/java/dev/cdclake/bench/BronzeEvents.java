/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import dev.cdclake.contract.Pipeline;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * What a contender's bronze table holds, in one form for all: a row per event with its place, and
 * the typed columns of the row after the change.
 */
final class BronzeEvents {

  private BronzeEvents() {}

  /** The contenders. */
  enum Kind {
    OURS("ours"),
    FROM_JSON("Spark, from_json and append"),
    SINK("Iceberg's Kafka Connect sink");

    private final String label;

    Kind(String label) {
      this.label = label;
    }

    /** Returns the name that the page shows. */
    String label() {
      return label;
    }
  }

  /** Returns the number of events, and the checksum of the rows that they leave in the source. */
  static String checksum(SparkSession spark, Kind kind, String table, SourceShape shape) {
    Dataset<Row> events = spark.sql(select(kind, table, shape));
    events.createOrReplaceTempView("events");
    Dataset<Row> present =
        spark
            .sql(
                "select *, row_number() over (partition by id order by place desc) as newest"
                    + " from events")
            .where("newest = 1 and not deleted");
    return "%d events leave %s".formatted(events.count(), Checksum.of(present, shape.types()));
  }

  /** Returns the same of the source itself. */
  static String expected(SparkSession spark, Pipeline pipeline, SourceShape shape, long events) {
    Dataset<Row> source =
        spark
            .read()
            .format("jdbc")
            .option(
                "url",
                "jdbc:postgresql://localhost:%d/%s?sslmode=disable"
                    .formatted(pipeline.source().port(), pipeline.source().database()))
            .option("driver", "org.postgresql.Driver")
            .option("user", pipeline.source().user())
            .option("password", "")
            .option("dbtable", shape.table())
            .option("fetchsize", "10000")
            .load();
    return "%d events leave %s".formatted(events, Checksum.of(source, shape.types()));
  }

  private static String select(Kind kind, String table, SourceShape shape) {
    return switch (kind) {
      case OURS ->
          """
          select _kafka_offset as place, _op = 'd' as deleted,
              from_json(key, 'id bigint').id as id, %s
          from (select *, from_json(after, '%s') as row from %s)\
          """
              .formatted(columns(shape.typed("row")), shape.jsonTypes(), table);
      case FROM_JSON -> "select *, _kafka_offset as place, _op = 'd' as deleted from " + table;
      case SINK ->
          """
          select *, _cdc.offset as place, _cdc.op = 'D' as deleted
          from %s\
          """
              .formatted(table);
    };
  }

  private static String columns(List<String> columns) {
    return String.join(", ", columns);
  }
}
