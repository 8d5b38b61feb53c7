/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.line;

import dev.cdclake.bronze.BronzeJob;
import dev.cdclake.bronze.BronzeJob.Waiting;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.failure.FailureCode;
import dev.cdclake.failure.PipelineException;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.runtime.SourceQuery;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.SparkSession;

/**
 * What waits before the lake: events in Kafka, and log that the source keeps for the connector.
 *
 * @param waiting by bronze table: events that were captured and not yet read; empty if Kafka does
 *     not answer
 * @param gaps why topics cannot be read on, in sentences
 * @param slotLagBytes log that the replication slot holds back; -1 if the source does not answer or
 *     has no such slot
 */
public record CaptureLag(Map<String, Long> waiting, List<String> gaps, long slotLagBytes) {

  private static final String SLOT_LAG =
      "select pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn)::bigint"
          + " from pg_replication_slots where slot_name = ?";

  /** Asks Kafka and the source. */
  public static CaptureLag of(SparkSession spark, Pipeline pipeline, String password) {
    Waiting waiting = waiting(spark, pipeline);
    Map<String, Long> byTable = new TreeMap<>();
    waiting.events().forEach((table, events) -> byTable.put("bronze." + table, events));
    return new CaptureLag(
        byTable,
        waiting.gaps().stream().map(PipelineException::getMessage).toList(),
        slotLag(pipeline, password));
  }

  /** Returns a sentence for a person. */
  public String toText() {
    String kafka =
        waiting.isEmpty()
            ? "Kafka does not answer, so nothing is known of events that wait."
            : "%,d events wait in Kafka."
                .formatted(waiting.values().stream().mapToLong(Long::longValue).sum());
    String source =
        slotLagBytes < 0
            ? "The source does not answer or has no slot of ours."
            : "The source holds %,d bytes of log for the connector.".formatted(slotLagBytes);
    return kafka + " " + source;
  }

  private static Waiting waiting(SparkSession spark, Pipeline pipeline) {
    try {
      return BronzeJob.waiting(new LakeTables(spark), pipeline);
    } catch (PipelineException e) {
      if (e.code() != FailureCode.UNREACHABLE) {
        throw e;
      }
      // The status says so in words; what is in the lake is worth showing all the same.
      return new Waiting(Map.of(), List.of());
    }
  }

  private static long slotLag(Pipeline pipeline, String password) {
    try (Connection connection = SourceQuery.open(pipeline.source(), password);
        PreparedStatement statement = connection.prepareStatement(SLOT_LAG)) {
      statement.setString(1, pipeline.source().slot());
      try (ResultSet row = statement.executeQuery()) {
        return row.next() ? row.getLong(1) : -1;
      }
    } catch (SQLException e) {
      // As above: the status is of use without the source.
      return -1;
    }
  }
}
