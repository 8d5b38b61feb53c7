/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import static org.apache.iceberg.types.Types.NestedField.optional;
import static org.apache.iceberg.types.Types.NestedField.required;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Stage;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.apache.iceberg.Schema;
import org.apache.iceberg.types.Types;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.unsafe.types.UTF8String;

/** The table that holds the newest {@link Watermark}: bronze writes it, silver follows it. */
public final class Watermarks {

  private static final Schema SCHEMA =
      new Schema(
          required(1, "epoch", Types.IntegerType.get(), "Timeline of the source"),
          optional(2, "lsn", Types.LongType.get(), "Bronze is complete up to here; NULL: unknown"),
          optional(3, "lsn_text", Types.StringType.get(), "The same as PostgreSQL writes it"),
          required(4, "written_at", Types.TimestampType.withZone()));

  private final StatementTable table;

  public Watermarks(LakeTables tables, Pipeline pipeline) {
    this.table = StatementTable.open(tables, pipeline.watermark(), SCHEMA, Stage.BRONZE);
  }

  /** Returns the newest watermark, {@link Watermark#NONE} before the first. */
  public static Watermark read(LakeTables tables, Pipeline pipeline) {
    return StatementTable.read(tables, pipeline.watermark())
        .map(Watermark::fromJson)
        .orElse(Watermark.NONE);
  }

  /** Replaces the watermark; the tables must hold what it says. */
  public void write(Watermark watermark) {
    boolean known = watermark.isKnown();
    table.replace(
        List.of(
            new GenericInternalRow(
                new Object[] {
                  watermark.epoch(),
                  known ? (Object) watermark.lsn() : null,
                  known ? UTF8String.fromString(watermark.position().lsnText()) : null,
                  ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now())
                })),
        watermark.toJson());
  }
}
