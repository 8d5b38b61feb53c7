/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cdclake.contract.KeyedMask;
import dev.cdclake.contract.TableName;
import dev.cdclake.lake.Position;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.DateType;
import org.apache.spark.sql.types.DecimalType;
import org.apache.spark.sql.types.DoubleType;
import org.apache.spark.sql.types.FloatType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.TimestampNTZType;
import org.apache.spark.sql.types.TimestampType;

/**
 * How values are read from the source itself: SQL that spells them as events do, and the schema
 * that such events carry. What comes out is decoded by {@link ColumnType}, like any event.
 */
final class SourceValue {

  /** Makes the server's spelling independent of its settings. */
  static final String SESSION =
      "set timezone = 'UTC'; set datestyle = 'ISO'; set intervalstyle = 'iso_8601';"
          + " set extra_float_digits = 1";

  private static final ObjectMapper JSON = new ObjectMapper();

  /** Leaves the digits of numbers as they are. */
  private static final ObjectMapper EXACT =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .enable(StreamWriteFeature.WRITE_BIGDECIMAL_AS_PLAIN)
          .build();

  private static final Set<String> SPELT_ALIKE =
      Set.of(
          "uuid",
          "json",
          "jsonb",
          "xml",
          "inet",
          "cidr",
          "macaddr",
          "macaddr8",
          "time",
          "int2",
          "int4",
          "int8",
          "numeric",
          "bool",
          "date");

  private SourceValue() {}

  /** Returns a query for the type of a column: a kind of text, or its name. */
  static String typeQuery(TableName table, String column) {
    return ("select case when t.typcategory in ('S', 'E') then 'text' else t.typname::text end as type"
            + " from pg_attribute a join pg_type t on t.oid = a.atttypid"
            + " where a.attrelid = '%s'::regclass and a.attname = '%s'")
        .formatted(table.quoted().replace("'", "''"), column.replace("'", "''"));
  }

  /** Whether the server writes a type's values as text the way events do. */
  static boolean isSpeltAlike(String type) {
    return type.equals("text") || SPELT_ALIKE.contains(type);
  }

  /** Returns an SQL expression for a JSON object of columns, as text. */
  static String json(List<StructField> columns) {
    return columns.stream()
        .map(
            column ->
                "'%s', %s"
                    .formatted(
                        column.name().replace("'", "''"),
                        spelling(TableName.quote(column.name()), column.dataType())))
        .collect(Collectors.joining(", ", "json_build_object(", ")::text"));
  }

  private static String spelling(String column, DataType type) {
    if (type instanceof FloatType || type instanceof DoubleType) {
      return column + "::text";
    }
    if (type.equals(DataTypes.StringType)) {
      // As the server sends it: a cast would drop the blanks of char(n), and add /32 to inet.
      return "case when %1$s is not null then format('%%s', %1$s) end".formatted(column);
    }
    if (type instanceof BinaryType) {
      return "replace(encode(%s, 'base64'), chr(10), '')".formatted(column);
    }
    if (type instanceof DateType) {
      return "case when isfinite(%1$s) then %1$s - date '1970-01-01' when %1$s is not null then %2$d end"
          .formatted(column, Integer.MAX_VALUE);
    }
    if (type instanceof TimestampNTZType) {
      return ("case when isfinite(%1$s) then (extract(epoch from %1$s) * 1000000)::bigint"
              + " when %1$s is not null then %2$d end")
          .formatted(column, Long.MAX_VALUE);
    }
    return column;
  }

  /** Masks the columns of a JSON object; those that are not in it are left out. */
  static String masked(String json, List<KeyedMask> masks) {
    if (masks.isEmpty()) {
      return json;
    }
    try {
      ObjectNode row = (ObjectNode) EXACT.readTree(json);
      for (KeyedMask mask : masks) {
        JsonNode value = row.get(mask.mask().column());
        if (value != null) {
          row.put(mask.mask().column(), mask.apply(value.isNull() ? null : value.asText()));
        }
      }
      return EXACT.writeValueAsString(row);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("The source wrote a row that is not JSON.", e);
    }
  }

  /**
   * Returns the Connect schema of events that have these columns alone, as JSON.
   *
   * @param namedAt where in the source's log the columns have these names
   */
  static String schema(List<StructField> columns, Position namedAt) {
    ObjectNode envelope =
        JSON.createObjectNode()
            .put("type", "struct")
            .put(EventSchema.NAMED_EPOCH, namedAt.epoch())
            .put(EventSchema.NAMED_LSN, namedAt.lsn());
    ObjectNode row = envelope.putArray("fields").addObject();
    row.put("type", "struct").put("field", "after");
    var fields = row.putArray("fields");
    columns.forEach(column -> fields.add(field(column.dataType()).put("field", column.name())));
    return envelope.toString();
  }

  private static ObjectNode field(DataType type) {
    ObjectNode field = JSON.createObjectNode().put("optional", true);
    if (type instanceof ArrayType array) {
      field.put("type", "array").set("items", field(array.elementType()));
      return field;
    }
    if (type instanceof DecimalType decimal) {
      field.put("type", "bytes").put("name", "org.apache.kafka.connect.data.Decimal");
      field
          .putObject("parameters")
          .put("scale", String.valueOf(decimal.scale()))
          .put("connect.decimal.precision", String.valueOf(decimal.precision()));
      return field;
    }
    if (type instanceof DateType) {
      return field.put("type", "int32").put("name", "io.debezium.time.Date");
    }
    if (type instanceof TimestampNTZType) {
      return field.put("type", "int64").put("name", "io.debezium.time.MicroTimestamp");
    }
    if (type instanceof TimestampType) {
      return field.put("type", "string").put("name", "io.debezium.time.ZonedTimestamp");
    }
    return field.put(
        "type",
        switch (type.typeName()) {
          case "boolean" -> "boolean";
          case "integer" -> "int32";
          case "long" -> "int64";
          case "float" -> "float";
          case "double" -> "double";
          case "binary" -> "bytes";
          default -> "string";
        });
  }
}
