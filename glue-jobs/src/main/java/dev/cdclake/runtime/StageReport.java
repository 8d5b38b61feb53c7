/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.runtime;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cdclake.contract.Stage;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * What became of one batch of one table; {@code read} equals the sum of the four outcomes for
 * bronze and silver.
 *
 * @param stage the stage that worked
 * @param table the table's noun
 * @param read events read
 * @param written events that are in the table, as rows of their own or folded into a row
 * @param superseded events that were older than what the table had, and tombstones
 * @param deleted events that ended a row
 * @param rejected events that are in the rejected rows
 * @param behind events known to wait for the next batch
 * @param snapshot the snapshot that was committed
 * @param committedAt when it was visible
 * @param tookMillis from start to commit
 * @param latencyP50 from the source's commit until visible, median, milliseconds; -1 if unknown
 * @param latencyP99 the same for 99 of 100 events
 */
public record StageReport(
    Stage stage,
    String table,
    long read,
    long written,
    long superseded,
    long deleted,
    long rejected,
    long behind,
    long snapshot,
    Instant committedAt,
    long tookMillis,
    long latencyP50,
    long latencyP99) {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** Returns the report as one line of JSON, the form that the local line and scripts read. */
  public String toJson() {
    ObjectNode json =
        JSON.createObjectNode()
            .put("stage", stage.label())
            .put("table", table)
            .put("read", read)
            .put("written", written)
            .put("superseded", superseded)
            .put("deleted", deleted)
            .put("rejected", rejected)
            .put("behind", behind)
            .put("snapshot", snapshot)
            .put("committed_at", committedAt.truncatedTo(ChronoUnit.MILLIS).toString())
            .put("took_ms", tookMillis);
    if (latencyP50 >= 0) {
      json.putObject("latency_ms").put("p50", latencyP50).put("p99", latencyP99);
    }
    return json.toString();
  }

  /** Returns the report as a sentence for a person. */
  public String toText() {
    return "%-6s %-14s read %,d, written %,d, deleted %,d, superseded %,d, rejected %,d in %,d ms"
        .formatted(stage.label(), table, read, written, deleted, superseded, rejected, tookMillis);
  }
}
