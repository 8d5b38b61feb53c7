/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.cdclake.contract.TextForm;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.catalyst.util.DateTimeUtils;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.DecimalType;
import org.apache.spark.unsafe.types.UTF8String;
import scala.Option;

/**
 * How one column of an event becomes a typed value: decided by the semantic type name in the
 * event's schema, and by its Connect type where it has no name.
 *
 * <p>The names are those of <a
 * href="https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-data-types">Debezium's
 * data type mappings</a>, and those of {@link TextForm}. What has no type of its own in the lake (a
 * time of day, a range, a point) arrives as text. {@code docs/types.md} is the table of all of
 * them.
 */
final class ColumnType {

  /** A value that exists in the source and cannot be expressed in the lake's type. */
  static final Object UNREPRESENTABLE = new Object();

  /** Unbounded {@code numeric}: 20 digits before the point and 18 behind it are exact. */
  private static final DecimalType UNBOUNDED = DataTypes.createDecimalType(38, 18);

  private static final int MOST_DIGITS = 38;

  /**
   * PostgreSQL's spelling of a time with its offset, for example {@code 2026-11-21 03:00:00+00}.
   */
  private static final DateTimeFormatter ZONED_TEXT =
      new DateTimeFormatterBuilder()
          .append(DateTimeFormatter.ISO_LOCAL_DATE)
          .appendLiteral(' ')
          .append(DateTimeFormatter.ISO_LOCAL_TIME)
          .appendOffset("+HH:mm:ss", "Z")
          .toFormatter(Locale.ROOT);

  private final DataType sparkType;
  private final Decoder decoder;

  /** Turns a JSON value other than null into the value that Spark expects for the type. */
  private interface Decoder {
    Object decode(JsonNode value) throws IOException;
  }

  private ColumnType(DataType sparkType, Decoder decoder) {
    this.sparkType = sparkType;
    this.decoder = decoder;
  }

  /** Reads the type from a field of a Connect schema. */
  static ColumnType of(JsonNode field) {
    String name = field.path("name").asText("");
    JsonNode parameters = field.path("parameters");
    return switch (name) {
      case TextForm.NUMERIC -> numericText(parameters);
      case TextForm.ARRAY -> arrayText(parameters);
      case "org.apache.kafka.connect.data.Decimal" -> decimal(parameters);
      case "io.debezium.data.VariableScaleDecimal" -> of(UNBOUNDED, ColumnType::variableScale);
      case "io.debezium.time.Date", "org.apache.kafka.connect.data.Date" ->
          of(DataTypes.DateType, value -> date(number(value)));
      case "io.debezium.time.Timestamp", "org.apache.kafka.connect.data.Timestamp" ->
          timestamp(TimeUnit.MILLISECONDS);
      case "io.debezium.time.MicroTimestamp" -> timestamp(TimeUnit.MICROSECONDS);
      case "io.debezium.time.NanoTimestamp" -> timestamp(TimeUnit.NANOSECONDS);
      case "io.debezium.time.ZonedTimestamp" ->
          of(DataTypes.TimestampType, value -> zoned(value.textValue()));
      case "io.debezium.time.Time", "org.apache.kafka.connect.data.Time" ->
          time(TimeUnit.MILLISECONDS);
      case "io.debezium.time.MicroTime" -> time(TimeUnit.MICROSECONDS);
      case "io.debezium.time.NanoTime" -> time(TimeUnit.NANOSECONDS);
      default -> ofConnectType(field);
    };
  }

  private static ColumnType ofConnectType(JsonNode field) {
    String type = field.path("type").asText("");
    return switch (type) {
      case "boolean" -> of(DataTypes.BooleanType, ColumnType::bool);
      case "int8", "int16", "int32" -> of(DataTypes.IntegerType, value -> integer(value));
      case "int64" -> of(DataTypes.LongType, value -> number(value));
      case "float", "float32" -> of(DataTypes.FloatType, value -> (float) real(value));
      case "double", "float64" -> of(DataTypes.DoubleType, ColumnType::real);
      case "bytes" -> of(DataTypes.BinaryType, ColumnType::bytes);
      case "array" -> array(field.path("items"));
      default -> of(DataTypes.StringType, ColumnType::text);
    };
  }

  DataType sparkType() {
    return sparkType;
  }

  /**
   * Decodes a value.
   *
   * @return null for JSON's null, {@link #UNREPRESENTABLE}, or the external value of Spark's type
   * @throws UnreadableValueException if the value does not have the form that the type demands
   */
  Object decode(JsonNode value) throws UnreadableValueException {
    if (value.isNull()) {
      return null;
    }
    try {
      return decoder.decode(value);
    } catch (IOException | RuntimeException e) {
      throw new UnreadableValueException(
          "%s is not a value of type %s".formatted(shortened(value), sparkType.sql()), e);
    }
  }

  /** Says that a value does not have the form that its type demands. */
  static final class UnreadableValueException extends Exception {

    private static final long serialVersionUID = 1L;

    UnreadableValueException(String message, Throwable cause) {
      super(message, cause);
    }
  }

  private static String shortened(JsonNode value) {
    String text = value.toString();
    return text.length() <= 60 ? text : text.substring(0, 60) + "…";
  }

  private static ColumnType of(DataType type, Decoder decoder) {
    return new ColumnType(type, decoder);
  }

  private static ColumnType decimal(JsonNode parameters) {
    int scale = parameters.path("scale").asInt(0);
    int precision = parameters.path("connect.decimal.precision").asInt(MOST_DIGITS);
    if (precision > MOST_DIGITS || scale < 0 || scale > precision) {
      return of(DataTypes.StringType, value -> unscaled(value, scale).toPlainString());
    }
    return of(
        DataTypes.createDecimalType(precision, scale),
        value -> fitting(unscaled(value, scale), precision, scale));
  }

  private static BigDecimal unscaled(JsonNode value, int scale) throws IOException {
    return value.isNumber()
        ? value.decimalValue()
        : new BigDecimal(new BigInteger(bytes(value)), scale);
  }

  private static Object variableScale(JsonNode value) throws IOException {
    return fitting(
        unscaled(value.path("value"), value.path("scale").intValue()),
        UNBOUNDED.precision(),
        UNBOUNDED.scale());
  }

  private static Object fitting(BigDecimal exact, int precision, int scale) {
    try {
      BigDecimal scaled = exact.setScale(scale, RoundingMode.UNNECESSARY);
      return scaled.precision() <= precision ? scaled : UNREPRESENTABLE;
    } catch (ArithmeticException e) {
      return UNREPRESENTABLE;
    }
  }

  /** Reads a number from PostgreSQL's text; NaN and infinity exist only where that is the type. */
  private static ColumnType numericText(JsonNode parameters) {
    if (!parameters.has(TextForm.PRECISION)) {
      return of(UNBOUNDED, value -> fitting(value.textValue(), UNBOUNDED));
    }
    int precision = parameters.path(TextForm.PRECISION).asInt();
    int scale = parameters.path(TextForm.SCALE).asInt();
    // numeric(3,-2) holds 12300, numeric(2,4) holds 0.0012.
    int digits = scale < 0 ? precision - scale : Math.max(precision, scale);
    if (digits > MOST_DIGITS) {
      return of(DataTypes.StringType, JsonNode::textValue);
    }
    DecimalType type = DataTypes.createDecimalType(digits, Math.max(scale, 0));
    return of(type, value -> fitting(value.textValue(), type));
  }

  private static Object fitting(String text, DecimalType type) {
    return switch (text) {
      case "NaN", "Infinity", "-Infinity" -> UNREPRESENTABLE;
      default -> fitting(new BigDecimal(text), type.precision(), type.scale());
    };
  }

  private static Object date(long days) {
    try {
      LocalDate date = LocalDate.ofEpochDay(days);
      return isInCalendar(date.getYear()) ? date : UNREPRESENTABLE;
    } catch (DateTimeException e) {
      return UNREPRESENTABLE;
    }
  }

  private static ColumnType timestamp(TimeUnit unit) {
    return of(
        DataTypes.TimestampNTZType,
        value -> {
          Instant instant = instant(number(value), unit);
          LocalDateTime local = LocalDateTime.ofInstant(instant, ZoneOffset.UTC);
          return isInCalendar(local.getYear()) ? local : UNREPRESENTABLE;
        });
  }

  private static Instant instant(long amount, TimeUnit unit) {
    long perSecond = unit.convert(1, TimeUnit.SECONDS);
    return Instant.ofEpochSecond(
        Math.floorDiv(amount, perSecond), unit.toNanos(Math.floorMod(amount, perSecond)));
  }

  private static Object zoned(String text) {
    if (isUsual(text)) {
      UTF8String local = UTF8String.fromString(text.substring(0, text.length() - 1));
      Option<Object> micros = DateTimeUtils.stringToTimestampWithoutTimeZone(local, false);
      if (micros.isDefined()) {
        return Instant.EPOCH.plus((Long) micros.get(), ChronoUnit.MICROS);
      }
    }
    try {
      return inCalendar(OffsetDateTime.parse(text));
    } catch (DateTimeException e) {
      return UNREPRESENTABLE;
    }
  }

  /**
   * Whether a text is of the form that Debezium writes, with a year of the calendar: Spark reads it
   * several times as fast as Java.
   */
  private static boolean isUsual(String text) {
    return text.length() > "2026-01-01T00:00:00".length()
        && text.charAt(0) >= '0'
        && text.charAt(0) <= '9'
        && text.charAt("2026".length()) == '-'
        && text.charAt("2026-01-01".length()) == 'T'
        && text.endsWith("Z")
        && !text.startsWith("0000");
  }

  private static Object inCalendar(OffsetDateTime zoned) {
    return isInCalendar(zoned.withOffsetSameInstant(ZoneOffset.UTC).getYear())
        ? zoned.toInstant()
        : UNREPRESENTABLE;
  }

  /** Years that every engine which reads the lake can show. */
  private static boolean isInCalendar(int year) {
    return year >= 1 && year <= 9999;
  }

  private static ColumnType time(TimeUnit unit) {
    return of(
        DataTypes.StringType,
        value -> {
          long nanos = unit.toNanos(number(value));
          return nanos == TimeUnit.DAYS.toNanos(1)
              ? "24:00:00"
              : LocalTime.ofNanoOfDay(nanos).format(DateTimeFormatter.ISO_LOCAL_TIME);
        });
  }

  private static ColumnType array(JsonNode items) {
    ColumnType element = of(items);
    if (element.sparkType instanceof ArrayType) {
      return of(DataTypes.StringType, ColumnType::text);
    }
    return of(
        DataTypes.createArrayType(element.sparkType),
        value -> {
          if (!value.isArray()) {
            throw new IllegalArgumentException("not an array");
          }
          Object[] elements = new Object[value.size()];
          for (int i = 0; i < elements.length; i++) {
            JsonNode item = value.get(i);
            Object decoded = item.isNull() ? null : element.decoder.decode(item);
            if (decoded == UNREPRESENTABLE) {
              return UNREPRESENTABLE;
            }
            elements[i] = decoded;
          }
          return elements;
        });
  }

  /** An array of more than one dimension has no type in the lake: its column is one for lists. */
  private static ColumnType arrayText(JsonNode parameters) {
    String elementType = parameters.path(TextForm.ELEMENT).asText();
    ColumnType element = elementText(elementType, parameters);
    char delimiter = elementType.equals("box") ? ';' : ',';
    return of(
        DataTypes.createArrayType(element.sparkType),
        value -> {
          List<String> texts = ArrayText.elements(value.textValue(), delimiter);
          if (texts == null) {
            return UNREPRESENTABLE;
          }
          Object[] elements = new Object[texts.size()];
          for (int i = 0; i < elements.length; i++) {
            String text = texts.get(i);
            elements[i] = text == null ? null : element.decoder.decode(TextNode.valueOf(text));
            if (elements[i] == UNREPRESENTABLE) {
              return UNREPRESENTABLE;
            }
          }
          return elements;
        });
  }

  /** Reads an element of an array from PostgreSQL's text. */
  private static ColumnType elementText(String type, JsonNode parameters) {
    return switch (type) {
      case "bool" -> of(DataTypes.BooleanType, value -> value.textValue().equals("t"));
      case "int2", "int4" -> of(DataTypes.IntegerType, value -> Integer.valueOf(value.textValue()));
      case "int8", "oid" -> of(DataTypes.LongType, value -> Long.valueOf(value.textValue()));
      case "float4" -> of(DataTypes.FloatType, value -> Float.valueOf(value.textValue()));
      case "float8" -> of(DataTypes.DoubleType, value -> Double.valueOf(value.textValue()));
      case "numeric" -> numericText(parameters);
      case "bytea" ->
          of(
              DataTypes.BinaryType,
              value -> HexFormat.of().parseHex(value.textValue().substring("\\x".length())));
      case "date" -> of(DataTypes.DateType, value -> dateText(value.textValue()));
      case "timestamp" -> of(DataTypes.TimestampNTZType, value -> timestampText(value.textValue()));
      case "timestamptz" -> of(DataTypes.TimestampType, value -> zonedText(value.textValue()));
      default -> of(DataTypes.StringType, JsonNode::textValue);
    };
  }

  private static Object dateText(String text) {
    try {
      return LocalDate.parse(text);
    } catch (DateTimeException e) {
      return UNREPRESENTABLE;
    }
  }

  private static Object timestampText(String text) {
    try {
      return LocalDateTime.parse(text.replace(' ', 'T'));
    } catch (DateTimeException e) {
      return UNREPRESENTABLE;
    }
  }

  private static Object zonedText(String text) {
    try {
      return inCalendar(OffsetDateTime.parse(text, ZONED_TEXT));
    } catch (DateTimeException e) {
      return UNREPRESENTABLE;
    }
  }

  private static byte[] bytes(JsonNode value) throws IOException {
    if (!value.isTextual()) {
      throw new IllegalArgumentException("not base64");
    }
    return value.binaryValue();
  }

  private static Object bool(JsonNode value) {
    if (!value.isBoolean()) {
      throw new IllegalArgumentException("not a boolean");
    }
    return value.booleanValue();
  }

  private static int integer(JsonNode value) {
    return Math.toIntExact(number(value));
  }

  private static long number(JsonNode value) {
    if (!value.isIntegralNumber() || !value.canConvertToLong()) {
      throw new IllegalArgumentException("not a whole number of 64 bits");
    }
    return value.longValue();
  }

  private static double real(JsonNode value) {
    return value.isNumber() ? value.doubleValue() : Double.parseDouble(value.textValue());
  }

  private static String text(JsonNode value) {
    return value.isTextual() ? value.textValue() : value.toString();
  }
}
