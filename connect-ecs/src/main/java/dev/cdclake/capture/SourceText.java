/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.capture;

import dev.cdclake.contract.TextForm;
import io.debezium.connector.postgresql.UnchangedToastedReplicationMessageColumn;
import io.debezium.data.SpecialValueDecimal;
import io.debezium.spi.converter.CustomConverter;
import io.debezium.spi.converter.RelationalColumn;
import io.debezium.time.Date;
import java.math.BigDecimal;
import java.sql.Types;
import java.util.BitSet;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.postgresql.core.Oid;
import org.postgresql.geometric.PGbox;
import org.postgresql.geometric.PGcircle;
import org.postgresql.geometric.PGline;
import org.postgresql.geometric.PGlseg;
import org.postgresql.geometric.PGpath;
import org.postgresql.geometric.PGpoint;
import org.postgresql.geometric.PGpolygon;
import org.postgresql.util.HStoreConverter;

/**
 * Sends values as PostgreSQL's own text where Debezium would change, drop or mix them up: every
 * numeric and array, and every type that has no exact form of its own in change events; and dates
 * with their era.
 *
 * <p>Debezium 3.7 sends NULL for {@code NaN}, loses the zeros in front of a {@code varbit}, turns
 * nested arrays into NULLs, leaves some arrays out, and sends NULL for most unchanged TOASTed
 * values of these types. The text keeps all of that, and an unchanged value is always {@link
 * TextForm#UNAVAILABLE}, never NULL.
 *
 * @see <a href="https://debezium.io/documentation/reference/stable/development/converters.html">
 *     Debezium's custom converters</a>
 */
public final class SourceText implements CustomConverter<SchemaBuilder, RelationalColumn> {

  /** Built-in types that Debezium sends exactly, and whose placeholder it can express. */
  private static final Set<Integer> EXACT =
      Set.of(
          Oid.BOOL,
          Oid.INT2,
          Oid.INT4,
          Oid.INT8,
          Oid.OID,
          Oid.FLOAT4,
          Oid.FLOAT8,
          Oid.MONEY,
          Oid.CHAR,
          Oid.BPCHAR,
          Oid.VARCHAR,
          Oid.TEXT,
          Oid.NAME,
          Oid.BYTEA,
          Oid.JSON,
          Oid.JSONB,
          Oid.XML,
          Oid.UUID,
          Oid.TIME,
          Oid.TIMESTAMP,
          Oid.TIMESTAMPTZ,
          Oid.INTERVAL);

  private static final Map<Integer, String> ELEMENTS =
      Map.ofEntries(
          Map.entry(Oid.BOOL_ARRAY, "bool"),
          Map.entry(Oid.INT2_ARRAY, "int2"),
          Map.entry(Oid.INT4_ARRAY, "int4"),
          Map.entry(Oid.INT8_ARRAY, "int8"),
          Map.entry(Oid.OID_ARRAY, "oid"),
          Map.entry(Oid.FLOAT4_ARRAY, "float4"),
          Map.entry(Oid.FLOAT8_ARRAY, "float8"),
          Map.entry(Oid.NUMERIC_ARRAY, "numeric"),
          Map.entry(Oid.BYTEA_ARRAY, "bytea"),
          Map.entry(Oid.DATE_ARRAY, "date"),
          Map.entry(Oid.TIMESTAMP_ARRAY, "timestamp"),
          Map.entry(Oid.TIMESTAMPTZ_ARRAY, "timestamptz"),
          Map.entry(Oid.BOX_ARRAY, "box"));

  /** The server stores a negative scale in 11 bits; Debezium reads them as a positive one. */
  private static final int SCALE_RANGE = 2048;

  private static final int LARGEST_SCALE = 1000;

  /** A number of Java that PostgreSQL writes without a fraction. */
  private static final Pattern WHOLE = Pattern.compile("\\.0(?![0-9])");

  @Override
  public void configure(Properties properties) {}

  @Override
  public void converterFor(
      RelationalColumn column, ConverterRegistration<SchemaBuilder> registration) {
    int type = column.nativeType();
    RetypedColumn retyped = RetypedColumn.of(column);
    if (retyped == RetypedColumn.MISREAD) {
      registration.register(schema(TextForm.MISREAD), text(column));
    } else if (retyped == RetypedColumn.NUMBER) {
      registration.register(
          RetypedColumn.schema(type),
          number(column, value -> RetypedColumn.number(type, text(value, 0))));
    } else if (type == Oid.DATE) {
      registration.register(Date.builder(), number(column, SourceDate::epochDay));
    } else if (type == Oid.NUMERIC) {
      registration.register(digits(schema(TextForm.NUMERIC), column), text(column));
    } else if (column.jdbcType() == Types.ARRAY) {
      String element = ELEMENTS.getOrDefault(type, "text");
      SchemaBuilder array = schema(TextForm.ARRAY).parameter(TextForm.ELEMENT, element);
      registration.register(
          type == Oid.NUMERIC_ARRAY ? digits(array, column) : array, text(column));
    } else if (!isExact(column)) {
      registration.register(schema(TextForm.TEXT), text(column));
    }
  }

  /** Enums are exact too; their type has a number of its own in every database. */
  private static boolean isExact(RelationalColumn column) {
    return EXACT.contains(column.nativeType())
        || column.jdbcType() == Types.VARCHAR
        || "hstore".equals(column.typeName());
  }

  private static SchemaBuilder schema(String name) {
    return SchemaBuilder.string().name(name).version(1);
  }

  private static SchemaBuilder digits(SchemaBuilder schema, RelationalColumn column) {
    int precision = column.length().orElse(0);
    int scale = column.scale().orElse(0);
    // The length of an unbounded numeric is 0 in the stream and 131089 in the catalog.
    if (precision > 0 && precision <= LARGEST_SCALE) {
      schema.parameter(TextForm.PRECISION, String.valueOf(precision));
      schema.parameter(
          TextForm.SCALE, String.valueOf(scale > LARGEST_SCALE ? scale - SCALE_RANGE : scale));
    }
    return schema;
  }

  /**
   * A column that is NOT NULL has no value where the log holds the key only, as in the row before a
   * change; its schema takes no NULL there.
   */
  private static Converter text(RelationalColumn column) {
    int length = column.length().orElse(0);
    String absent = column.isOptional() ? null : TextForm.UNAVAILABLE;
    return value -> value == null ? absent : text(value, length);
  }

  /** As {@link #text(RelationalColumn)}; Debezium's stand-in for an absent number is 0. */
  private static Converter number(RelationalColumn column, Function<Object, Object> exact) {
    Object absent = column.isOptional() ? null : exact.apply(0);
    return value -> value == null ? absent : exact.apply(value);
  }

  /** Returns the text of a value in any of the classes that stream, snapshot and DEFAULT give. */
  private static String text(Object value, int length) {
    if (value instanceof byte[] bits) {
      return bits(bits, length);
    }
    if (UnchangedToastedReplicationMessageColumn.isUnchangedToastedValue(value)) {
      return TextForm.UNAVAILABLE;
    }
    if (value instanceof SpecialValueDecimal number) {
      return number
          .getDecimalValue()
          .map(BigDecimal::toPlainString)
          .orElseGet(() -> String.valueOf(number.toDouble()));
    }
    if (value instanceof BigDecimal number) {
      return number.toPlainString();
    }
    if (value instanceof Map<?, ?> pairs) {
      return HStoreConverter.toString(pairs);
    }
    if (value instanceof Boolean bit) {
      return bit ? "1" : "0";
    }
    if (isGeometric(value)) {
      return WHOLE.matcher(value.toString()).replaceAll("").replace("E", "e");
    }
    return value.toString();
  }

  /** Returns the text of a DEFAULT of type {@code bit}, which comes as bytes, lowest bit first. */
  private static String bits(byte[] bytes, int length) {
    BitSet bits = BitSet.valueOf(bytes);
    StringBuilder text = new StringBuilder();
    for (int i = Math.min(length, bytes.length * Byte.SIZE) - 1; i >= 0; i--) {
      text.append(bits.get(i) ? '1' : '0');
    }
    return text.toString();
  }

  private static boolean isGeometric(Object value) {
    return value instanceof PGpoint
        || value instanceof PGbox
        || value instanceof PGcircle
        || value instanceof PGline
        || value instanceof PGlseg
        || value instanceof PGpath
        || value instanceof PGpolygon;
  }
}
