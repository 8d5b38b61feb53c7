/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import static org.apache.iceberg.types.Types.NestedField.optional;
import static org.apache.iceberg.types.Types.NestedField.required;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Stage;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.iceberg.Schema;
import org.apache.iceberg.types.Types;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * The silver snapshots that together show the source at one moment: every transaction whole, in all
 * tables, or in none.
 *
 * @param epoch timeline of the source
 * @param lsn the moment, see {@link Watermark#lsn}; 0 if the server cannot mark its log (before
 *     PostgreSQL 14): then the snapshots are those of one round
 * @param snapshots by table in the lake; a table that has no row yet is absent
 */
public record ConsistentSnapshots(int epoch, long lsn, Map<String, Long> snapshots) {

  private static final Schema SCHEMA =
      new Schema(
          required(1, "table_name", Types.StringType.get()),
          required(2, "snapshot_id", Types.LongType.get(), "For VERSION AS OF"),
          required(3, "epoch", Types.IntegerType.get(), "Timeline of the source"),
          optional(4, "lsn", Types.LongType.get(), "All tables are complete up to here"),
          optional(5, "lsn_text", Types.StringType.get(), "The same as PostgreSQL writes it"),
          required(6, "written_at", Types.TimestampType.withZone()));

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS);

  public ConsistentSnapshots {
    snapshots = new TreeMap<>(snapshots);
  }

  /** Returns the newest set, empty before the first. */
  public static Optional<ConsistentSnapshots> read(LakeTables tables, Pipeline pipeline) {
    return StatementTable.read(tables, pipeline.consistentSnapshots())
        .map(ConsistentSnapshots::fromJson);
  }

  /** Makes this the newest set. */
  public void publish(LakeTables tables, Pipeline pipeline) {
    StatementTable table =
        StatementTable.open(tables, pipeline.consistentSnapshots(), SCHEMA, Stage.SILVER);
    long now = ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    List<InternalRow> rows = new ArrayList<>();
    snapshots.forEach(
        (name, snapshot) ->
            rows.add(
                new GenericInternalRow(
                    new Object[] {
                      UTF8String.fromString(name),
                      snapshot,
                      epoch,
                      lsn == 0 ? null : (Object) lsn,
                      lsn == 0 ? null : UTF8String.fromString(position().lsnText()),
                      now
                    })));
    table.replace(rows, toJson());
  }

  /** Returns the moment. */
  public Position position() {
    return new Position(epoch, lsn);
  }

  private String toJson() {
    try {
      return JSON.writeValueAsString(Map.of("epoch", epoch, "lsn", lsn, "snapshots", snapshots));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("Cannot write a set of snapshots as JSON.", e);
    }
  }

  private static ConsistentSnapshots fromJson(String json) {
    try {
      return JSON.readValue(json, ConsistentSnapshots.class);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("Cannot read the set of snapshots '" + json + "'.", e);
    }
  }
}
