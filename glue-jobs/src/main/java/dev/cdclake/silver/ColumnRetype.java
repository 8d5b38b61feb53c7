/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.FailureCode;
import dev.cdclake.failure.PipelineException;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.lake.Position;
import java.util.List;
import org.apache.iceberg.Table;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataType;

/**
 * Gives a column the type that the newest events have, where Iceberg cannot turn the old type into
 * it: the old column is set aside under another name, with its id and its values, and a new one
 * takes its place.
 */
public final class ColumnRetype {

  private ColumnRetype() {}

  /**
   * Retypes a column.
   *
   * @param column its name in the lake
   * @return the name that the old column has now
   * @throws PipelineException if there is nothing to do, or the column belongs to the key
   */
  public static String run(
      SparkSession spark, Pipeline pipeline, SourceTable source, String column) {
    LakeTables lake = new LakeTables(spark);
    Table table =
        lake.find(pipeline.silver(source))
            .orElseThrow(() -> refused(pipeline, source, column, "there is no such table"));
    SilverTable silver = SilverTable.of(spark, pipeline.silver(source), table);
    SilverSchema columns = silver.schema();
    if (!columns.sourcePositions().containsKey(column)) {
      throw refused(pipeline, source, column, "it is not one of its columns");
    }
    if (columns.key().contains(column)) {
      throw refused(pipeline, source, column, "it belongs to the key");
    }
    List<SchemaVersion> history = SchemaVersion.history(spark, pipeline, source);
    DataType actual = columns.columns().apply(column).dataType();
    DataType wanted = null;
    Position since = null;
    for (SchemaVersion version : history) {
      DataType type = version.under(columns.renames()).typeOf(column);
      since = type == null || !type.equals(wanted) ? version.first() : since;
      wanted = type;
    }
    if (wanted == null || SilverSchema.holds(actual, wanted)) {
      throw refused(
          pipeline,
          source,
          column,
          wanted == null
              ? "the newest changes do not have it"
              : "as %s it takes the newest changes (%s) already"
                  .formatted(actual.simpleString(), wanted.simpleString()));
    }
    return silver.evolution().retype(column, wanted, since);
  }

  private static PipelineException refused(
      Pipeline pipeline, SourceTable source, String column, String found) {
    return new PipelineException(
        Stage.SILVER,
        FailureCode.CONFIG_INVALID,
        "Cannot retype column '%s' of table '%s': %s. './cdclake schema %s' shows its columns."
            .formatted(column, pipeline.silver(source).label(), found, source.lakeName()));
  }
}
