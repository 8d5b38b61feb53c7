/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import com.fasterxml.jackson.databind.JsonNode;
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
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.DecimalType;

/**
 * How one column of an event becomes a typed value: decided by the semantic type name in the
 * event's schema, and by its Connect type where it has no name.
 *
 * <p>The names are those of <a
 * href="https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-data-types">Debezium's
 * data type mappings</a>. What has no type of its own in the lake (a time of day, a range, a point)
 * arrives as text.
 */
final class ColumnType {

  /** A value that exists in the source and cannot be expressed in the lake's type. */
  static final Object UNREPRESENTABLE = new Object();

  /** Unbounded {@code numeric}: 20 digits before the point and 18 behind it are exact. */
  private static final DecimalType UNBOUNDED = DataTypes.createDecimalType(38, 18);

  private static final int MOST_DIGITS = 38;

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
    return switch (name) {
      case "org.apache.kafka.connect.data.Decimal" -> decimal(field.path("parameters"));
      case "io.debezium.data.VariableScaleDecimal" -> of(UNBOUNDED, ColumnType::variableScale);
      case "io.debezium.time.Date", "org.apache.kafka.connect.data.Date" ->
          of(DataTypes.DateType, value -> date(number(value).longValueExact()));
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
      case "int64" -> of(DataTypes.LongType, value -> number(value).longValueExact());
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
          Instant instant = instant(number(value).longValueExact(), unit);
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
    try {
      OffsetDateTime zoned = OffsetDateTime.parse(text);
      return isInCalendar(zoned.withOffsetSameInstant(ZoneOffset.UTC).getYear())
          ? zoned.toInstant()
          : UNREPRESENTABLE;
    } catch (DateTimeException e) {
      return UNREPRESENTABLE;
    }
  }

  /** Years that every engine which reads the lake can show. */
  private static boolean isInCalendar(int year) {
    return year >= 1 && year <= 9999;
  }

  private static ColumnType time(TimeUnit unit) {
    return of(
        DataTypes.StringType,
        value -> {
          long nanos = unit.toNanos(number(value).longValueExact());
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
    return number(value).intValueExact();
  }

  private static BigInteger number(JsonNode value) {
    if (!value.isIntegralNumber()) {
      throw new IllegalArgumentException("not a whole number");
    }
    return value.bigIntegerValue();
  }

  private static double real(JsonNode value) {
    return value.isNumber() ? value.doubleValue() : Double.parseDouble(value.textValue());
  }

  private static String text(JsonNode value) {
    return value.isTextual() ? value.textValue() : value.toString();
  }
}
