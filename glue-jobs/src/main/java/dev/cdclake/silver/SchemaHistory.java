/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.lake.Renames;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.iceberg.Table;
import org.apache.iceberg.spark.SparkSchemaUtil;
import org.apache.iceberg.types.Types.NestedField;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataType;

/**
 * How a table's columns came to be what they are, told from the lake alone.
 *
 * @param versions oldest first
 * @param columns of the silver table that come from the source, in its order; empty if there is no
 *     such table yet
 */
public record SchemaHistory(List<Version> versions, List<LakeColumn> columns) {

  private static final int NAMES_SHOWN = 8;

  /**
   * A stretch of the table's history in which its events had the same columns.
   *
   * @param lsn where it begins, as PostgreSQL prints it
   * @param begunAt when its first event was committed
   * @param event Kafka partition and offset of its first event, "-" if bronze no longer has it
   * @param events how many of its events bronze has
   * @param changes what became different with it
   */
  public record Version(
      int epoch, String lsn, Instant begunAt, String event, long events, List<String> changes) {}

  /**
   * A column of the silver table.
   *
   * @param field its Iceberg field id, which a rename leaves as it is
   * @param current whether the newest events have it
   */
  public record LakeColumn(int field, String name, String type, boolean current) {}

  public SchemaHistory {
    versions = List.copyOf(versions);
    columns = List.copyOf(columns);
  }

  /** Reads the history of one table. */
  public static SchemaHistory of(SparkSession spark, Pipeline pipeline, SourceTable source) {
    LakeTables lake = new LakeTables(spark);
    if (lake.find(pipeline.bronze(source)).isEmpty()) {
      return new SchemaHistory(List.of(), List.of());
    }
    List<SchemaVersion> history = SchemaVersion.history(spark, pipeline, source);
    Optional<Table> silver = lake.find(pipeline.silver(source));
    List<Version> versions = new ArrayList<>();
    for (int i = 0; i < history.size(); i++) {
      SchemaVersion version = history.get(i);
      versions.add(
          new Version(
              version.first().epoch(),
              version.first().lsnText(),
              version.begunAt(),
              version.partition() < 0 ? "-" : version.partition() + ":" + version.offset(),
              version.events(),
              i == 0
                  ? List.of(first(version.schema()))
                  : changes(history.get(i - 1), version, silver, source.renames())));
    }
    return new SchemaHistory(versions, silver.map(t -> columns(t, history)).orElse(List.of()));
  }

  private static String first(EventSchema schema) {
    List<String> names = List.copyOf(schema.columns().keySet());
    return "%,d columns: %s%s"
        .formatted(
            names.size(),
            String.join(", ", names.subList(0, Math.min(NAMES_SHOWN, names.size()))),
            names.size() > NAMES_SHOWN ? " …" : "");
  }

  private static List<String> changes(
      SchemaVersion before,
      SchemaVersion after,
      Optional<Table> silver,
      Map<String, String> declared) {
    Map<String, ColumnType> old = before.schema().columns();
    Map<String, String> renamed =
        Renames.between(old.keySet(), after.schema().columns().keySet(), declared);
    Map<String, String> origins = new HashMap<>();
    renamed.forEach((earlier, later) -> origins.put(later, origins.getOrDefault(earlier, earlier)));
    List<String> changes = new ArrayList<>();
    renamed.forEach((earlier, later) -> changes.add("%s renamed to %s".formatted(earlier, later)));
    after
        .schema()
        .columns()
        .forEach(
            (name, type) -> {
              String origin = origins.getOrDefault(name, renamed.containsKey(name) ? null : name);
              if (origin == null || !old.containsKey(origin)) {
                changes.add("%s added: %s".formatted(name, type.sparkType().simpleString()));
              } else if (!old.get(origin).sparkType().equals(type.sparkType())) {
                changes.add(
                    "%s changed from %s to %s: %s"
                        .formatted(
                            name,
                            old.get(origin).sparkType().simpleString(),
                            type.sparkType().simpleString(),
                            outcome(name, after, silver)));
              }
            });
    for (String name : old.keySet()) {
      boolean stays =
          renamed.containsKey(name)
              || (after.schema().columns().containsKey(name) && !origins.containsKey(name));
      if (!stays) {
        changes.add("%s dropped".formatted(name));
      }
    }
    return changes;
  }

  /** Says what silver does with a column's other type. */
  private static String outcome(String column, SchemaVersion version, Optional<Table> silver) {
    DataType wanted = version.schema().columns().get(column).sparkType();
    if (silver.isEmpty()) {
      return "not folded yet";
    }
    SilverSchema table = SilverSchema.of(silver.get());
    String name = version.under(table.renames()).lakeName(column);
    if (!table.has(name)) {
      return "not folded yet";
    }
    DataType actual = table.columns().apply(name).dataType();
    if (actual.equals(wanted)) {
      return "the column follows";
    }
    return SilverSchema.holds(actual, wanted)
        ? "the column stays " + actual.simpleString() + " and takes it"
        : "conflicts with " + actual.simpleString() + ", such rows are rejected";
  }

  private static List<LakeColumn> columns(Table silver, List<SchemaVersion> history) {
    SilverSchema table = SilverSchema.of(silver);
    EventSchema newest = history.isEmpty() ? null : history.get(history.size() - 1).schema();
    List<LakeColumn> columns = new ArrayList<>();
    for (NestedField field : silver.schema().columns()) {
      if (table.sourcePositions().containsKey(field.name())) {
        columns.add(
            new LakeColumn(
                field.fieldId(),
                field.name(),
                SparkSchemaUtil.convert(field.type()).simpleString(),
                newest != null && newest.lakeNames().containsValue(field.name())));
      }
    }
    return columns;
  }
}
