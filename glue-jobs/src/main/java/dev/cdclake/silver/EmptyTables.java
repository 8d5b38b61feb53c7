/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cdclake.contract.Mask;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.Stage;
import dev.cdclake.contract.TextForm;
import dev.cdclake.lake.GuardedCommit;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.lake.Progress;
import dev.cdclake.lake.SilverKey;
import dev.cdclake.runtime.SourceQuery;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.apache.iceberg.Table;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the silver tables of source tables that have had no event yet, so that they can be asked
 * before their first row comes.
 *
 * <p>In comes the source's catalog, out come tables without rows, with the columns that events of
 * our connector will have. Should the first event have others, the table follows it. Where the
 * source cannot be asked, a table is made from its first event.
 */
public final class EmptyTables {

  private static final Logger LOG = LoggerFactory.getLogger(EmptyTables.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Digits of a numeric are packed into its modifier; see PostgreSQL's {@code numeric.c}. */
  private static final String COLUMNS =
      """
      select a.attname as name, base.typname as type, element.typname as element,
             (modifier - 4 >> 16) & 65535 as precision,
             ((modifier - 4) & 2047 # 1024) - 1024 as scale,
             modifier >= 4 as declared
        from pg_attribute a
        join pg_type t on t.oid = a.atttypid
      """
          + SourceQuery.BASE_TYPE
          + """
       cross join lateral (
             select case when t.typtype = 'd' then t.typtypmod else a.atttypmod end) m (modifier)
       where a.attrelid = to_regclass(?) and a.attnum > 0 and not a.attisdropped
             and a.attgenerated = ''
       order by a.attnum
      """;

  /**
   * The key that Debezium takes: the primary key, else the first unique index by name that is made
   * of plain columns.
   */
  private static final String KEY =
      """
      select array_agg(a.attname::text order by k.position)
        from pg_index i
        join pg_class c on c.oid = i.indexrelid
       cross join lateral unnest(i.indkey) with ordinality as k (attnum, position)
        join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
       where i.indrelid = to_regclass(?) and i.indisunique and i.indexprs is null
             and k.position <= i.indnkeyatts
       group by c.relname, i.indisprimary, i.indisclustered
       order by i.indisprimary desc, i.indisclustered desc, c.relname
       limit 1
      """;

  private final SparkSession spark;
  private final LakeTables lake;
  private final Pipeline pipeline;

  public EmptyTables(SparkSession spark, LakeTables lake, Pipeline pipeline) {
    this.spark = spark;
    this.lake = lake;
    this.pipeline = pipeline;
  }

  /**
   * Makes the tables that are not there yet; one that bronze has rows of is left to silver's job.
   *
   * @param password of the source's role, null if it needs none
   */
  public void create(String password) {
    List<SourceTable> missing =
        pipeline.tables().stream().filter(source -> !isMade(source) && !hasRows(source)).toList();
    if (missing.isEmpty()) {
      return;
    }
    try (Connection connection = SourceQuery.open(pipeline.source(), password)) {
      for (SourceTable source : missing) {
        Optional<EventSchema> event = event(connection, source);
        if (event.isPresent()) {
          create(source, event.get(), key(connection, source));
        }
      }
    } catch (SQLException e) {
      LOG.info(
          "Cannot ask the source for the columns of {} tables without rows: {} (expected it to"
              + " answer). They are made from their first rows.",
          missing.size(),
          e.getMessage());
    }
  }

  private boolean isMade(SourceTable source) {
    return lake.find(pipeline.silver(source))
        .filter(silver -> silver.currentSnapshot() != null)
        .isPresent();
  }

  private boolean hasRows(SourceTable source) {
    return lake.find(pipeline.bronze(source)).filter(SilverPublisher::hasRows).isPresent();
  }

  /** Makes a table and its first snapshot, which has no rows: what has none cannot be read at. */
  void create(SourceTable source, EventSchema event, SilverKey key) {
    Table table = SilverTable.create(spark, lake, pipeline.silver(source), event, key).table();
    GuardedCommit.commit(
        Progress.NONE.commitWith(table.newAppend(), Stage.SILVER, Progress.NONE),
        table.name(),
        Stage.SILVER);
  }

  /** Returns the schema that events will have; empty if there is no such table, or none fits. */
  private static Optional<EventSchema> event(Connection connection, SourceTable source)
      throws SQLException {
    ObjectNode envelope = JSON.createObjectNode();
    ObjectNode row = envelope.putArray("fields").addObject().put("field", "after");
    ArrayNode columns = row.putArray("fields");
    try (PreparedStatement statement = connection.prepareStatement(COLUMNS)) {
      statement.setString(1, source.name().quoted());
      try (ResultSet column = statement.executeQuery()) {
        while (column.next()) {
          String name = column.getString("name");
          columns.add((isHashed(source, name) ? text() : field(column)).put("field", name));
        }
      }
    }
    String text = envelope.toString();
    return Optional.of(EventSchema.of(text, text))
        .filter(event -> !event.columns().isEmpty() && event.collision() == null);
  }

  private static boolean isHashed(SourceTable source, String column) {
    return source.masks().stream()
        .anyMatch(mask -> mask.column().equals(column) && mask.kind() == Mask.Kind.HASH);
  }

  private SilverKey key(Connection connection, SourceTable source) throws SQLException {
    if (!source.key().isEmpty()) {
      return new SilverKey(source.key());
    }
    try (PreparedStatement statement = connection.prepareStatement(KEY)) {
      statement.setString(1, source.name().quoted());
      try (ResultSet row = statement.executeQuery()) {
        return new SilverKey(
            row.next() ? List.of((String[]) row.getArray(1).getArray()) : List.of());
      }
    }
  }

  /** Returns a column as our connector describes it in an event's schema. */
  private static ObjectNode field(ResultSet column) throws SQLException {
    String element = column.getString("element");
    String type = element == null ? column.getString("type") : element;
    ObjectNode field = element == null ? field(type) : text().put("name", TextForm.ARRAY);
    ObjectNode parameters =
        field.has("parameters")
            ? (ObjectNode) field.get("parameters")
            : field.putObject("parameters");
    if (element != null) {
      parameters.put(TextForm.ELEMENT, element);
    }
    if (type.equals("numeric") && column.getBoolean("declared")) {
      parameters
          .put(TextForm.PRECISION, column.getString("precision"))
          .put(TextForm.SCALE, column.getString("scale"));
    }
    return field;
  }

  private static ObjectNode field(String type) {
    ObjectNode field = JSON.createObjectNode();
    switch (type) {
      case "bool" -> field.put("type", "boolean");
      case "int2", "int4" -> field.put("type", "int32");
      case "int8", "oid" -> field.put("type", "int64");
      case "float4" -> field.put("type", "float");
      case "float8" -> field.put("type", "double");
      case "bytea" -> field.put("type", "bytes");
      case "numeric" -> field.put("name", TextForm.NUMERIC);
      case "date" -> field.put("name", "io.debezium.time.Date");
      case "timestamp" -> field.put("name", "io.debezium.time.MicroTimestamp");
      case "timestamptz" -> field.put("name", "io.debezium.time.ZonedTimestamp");
      case "money" ->
          field
              .put("name", "org.apache.kafka.connect.data.Decimal")
              .putObject("parameters")
              .put("scale", "2");
      default -> field.put("type", "string");
    }
    return field;
  }

  private static ObjectNode text() {
    return JSON.createObjectNode().put("type", "string");
  }
}
