/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cdclake.silver.ColumnType.UnreadableValueException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ColumnTypeTest {

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);

  private static final ColumnType MICROS = named("int64", "io.debezium.time.MicroTimestamp");
  private static final ColumnType ZONED = named("string", "io.debezium.time.ZonedTimestamp");
  private static final ColumnType VARIABLE =
      named("struct", "io.debezium.data.VariableScaleDecimal");

  @Test
  void nullIsNullInEveryType() throws UnreadableValueException {
    assertThat(decode(plain("int32"), "null")).isNull();
    assertThat(decode(decimal(10, 2), "null")).isNull();
    assertThat(decode(arrayOf("{\"type\":\"int32\"}"), "null")).isNull();
  }

  // Whole numbers, booleans, floats.

  @Test
  void wholeNumbersKeepTheirExtremes() throws UnreadableValueException {
    assertDecodes(plain("int16"), "-32768", -32768, DataTypes.IntegerType);
    assertDecodes(plain("int32"), "2147483647", Integer.MAX_VALUE, DataTypes.IntegerType);
    assertDecodes(plain("int32"), "-2147483648", Integer.MIN_VALUE, DataTypes.IntegerType);
    assertDecodes(plain("int64"), "-9223372036854775808", Long.MIN_VALUE, DataTypes.LongType);
    assertDecodes(plain("int64"), "9223372036854775807", Long.MAX_VALUE, DataTypes.LongType);
  }

  @Test
  void booleansAreRead() throws UnreadableValueException {
    assertDecodes(plain("boolean"), "true", true, DataTypes.BooleanType);
    assertDecodes(plain("boolean"), "false", false, DataTypes.BooleanType);
  }

  @Test
  void floatsKeepTheirExtremes() throws UnreadableValueException {
    assertDecodes(plain("float"), "3.4028235E38", Float.MAX_VALUE, DataTypes.FloatType);
    assertDecodes(plain("double"), "4.9E-324", Double.MIN_VALUE, DataTypes.DoubleType);
    assertDecodes(plain("double"), "0.1", 0.1, DataTypes.DoubleType);
  }

  @Test
  void floatsThatAreNoNumbersArriveAsText() throws UnreadableValueException {
    assertThat(decode(plain("float"), "\"NaN\"")).isEqualTo(Float.NaN);
    assertThat(decode(plain("double"), "\"NaN\"")).isEqualTo(Double.NaN);
    assertThat(decode(plain("double"), "\"Infinity\"")).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(decode(plain("double"), "\"-Infinity\"")).isEqualTo(Double.NEGATIVE_INFINITY);
  }

  // Decimals.

  @Test
  void decimalIsTheUnscaledNumberInBase64() throws UnreadableValueException {
    assertDecodes(
        decimal(10, 2),
        unscaled("12345"),
        new BigDecimal("123.45"),
        DataTypes.createDecimalType(10, 2));
  }

  @Test
  void negativeDecimalIsRead() throws UnreadableValueException {
    assertThat(decode(decimal(10, 2), unscaled("-1"))).isEqualTo(new BigDecimal("-0.01"));
    assertThat(decode(decimal(10, 2), unscaled("-128"))).isEqualTo(new BigDecimal("-1.28"));
    assertThat(decode(decimal(10, 2), unscaled("-129"))).isEqualTo(new BigDecimal("-1.29"));
  }

  @Test
  void decimalWithoutFractionIsRead() throws UnreadableValueException {
    assertDecodes(
        decimal(5, 0),
        unscaled("99999"),
        new BigDecimal("99999"),
        DataTypes.createDecimalType(5, 0));
  }

  @Test
  void decimalOfThirtyEightDigitsIsExact() throws UnreadableValueException {
    String nines = "9".repeat(38);
    assertDecodes(
        decimal(38, 18),
        unscaled("-" + nines),
        new BigDecimal(new BigInteger("-" + nines), 18),
        DataTypes.createDecimalType(38, 18));
  }

  @Test
  void decimalWiderThanThirtyEightDigitsIsText() throws UnreadableValueException {
    assertDecodes(
        decimal(50, 2),
        unscaled("1" + "0".repeat(44)),
        "1" + "0".repeat(42) + ".00",
        DataTypes.StringType);
  }

  @Test
  void decimalOfNegativeScaleIsText() throws UnreadableValueException {
    assertDecodes(decimal(3, -2), unscaled("12"), "1200", DataTypes.StringType);
  }

  @Test
  void decimalThatOutgrewItsPrecisionIsUnrepresentable() throws UnreadableValueException {
    assertThat(decode(decimal(5, 2), unscaled("123456"))).isSameAs(ColumnType.UNREPRESENTABLE);
  }

  @Test
  void decimalMayBeANumber() throws UnreadableValueException {
    assertThat(decode(decimal(10, 2), "123.4")).isEqualTo(new BigDecimal("123.40"));
  }

  @ParameterizedTest
  @CsvSource({
    "15, 1, 1.5",
    "-15, 1, -1.5",
    "0, 0, 0",
    "1, 18, 0.000000000000000001",
    "99999999999999999999, 0, 99999999999999999999"
  })
  void unboundedNumericThatFitsIsExact(String digits, int scale, String expected)
      throws UnreadableValueException {
    assertDecodes(
        VARIABLE,
        variable(digits, scale),
        new BigDecimal(expected).setScale(18),
        DataTypes.createDecimalType(38, 18));
  }

  @ParameterizedTest
  @CsvSource({"1, 19", "100000000000000000000, 0", "123456789012345678901234567890, 5"})
  void unboundedNumericThatDoesNotFitIsUnrepresentable(String digits, int scale)
      throws UnreadableValueException {
    assertThat(decode(VARIABLE, variable(digits, scale))).isSameAs(ColumnType.UNREPRESENTABLE);
  }

  // PostgreSQL's own text.

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "10 | 2  | DECIMAL(10,2)  | -0.01  | -0.01",
        "3  | -2 | DECIMAL(5,0)   | -99900 | -99900",
        "2  | 4  | DECIMAL(4,4)   | 0.0099 | 0.0099",
        "38 | 18 | DECIMAL(38,18) | 1.5    | 1.500000000000000000"
      })
  void numericTextHasTheDigitsThatTheColumnDeclares(
      int precision, int scale, String type, String text, String value)
      throws UnreadableValueException {
    ColumnType column = numericText(precision, scale);

    assertThat(column.sparkType().sql()).isEqualTo(type);
    assertThat(decode(column, '"' + text + '"')).isEqualTo(new BigDecimal(value));
  }

  @Test
  void numericTextOfMoreThanThirtyEightDigitsStaysText() throws UnreadableValueException {
    assertDecodes(numericText(60, 2), "\"1.50\"", "1.50", DataTypes.StringType);
    assertDecodes(numericText(60, 2), "\"NaN\"", "NaN", DataTypes.StringType);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"NaN", "Infinity", "-Infinity", "100000000000000000000", "0.0000000000000000001"})
  void numericTextThatNoDecimalHoldsIsUnrepresentable(String text) throws UnreadableValueException {
    assertThat(decode(ofSchema("{\"name\":\"dev.cdclake.Numeric\"}"), '"' + text + '"'))
        .isSameAs(ColumnType.UNREPRESENTABLE);
  }

  @Test
  void numericTextOfAHundredThousandDigitsIsNoCrash() throws UnreadableValueException {
    String digits = "9".repeat(131_072) + "." + "9".repeat(16_383);

    assertThat(decode(ofSchema("{\"name\":\"dev.cdclake.Numeric\"}"), '"' + digits + '"'))
        .isSameAs(ColumnType.UNREPRESENTABLE);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "bool        | {t,f,NULL}                        | [true, false, null]",
        "int4        | {-2147483648,NULL}                | [-2147483648, null]",
        "oid         | {4294967295}                      | [4294967295]",
        "float4      | {NaN,1e-45}                       | [NaN, 1.4E-45]",
        "float8      | {-0,Infinity,1e+300}              | [-0.0, Infinity, 1.0E300]",
        "numeric     | {1.5,NULL}                        | [1.500000000000000000, null]",
        "date        | {0001-01-01,9999-12-31}           | [0001-01-01, 9999-12-31]",
        "timestamp   | {1500-02-28 12:00:00.000001}      | [1500-02-28T12:00:00.000001]",
        "timestamptz | {2026-01-01 00:00:00+05:30}       | [2025-12-31T18:30:00Z]",
        "timestamptz | {1890-01-01 00:00:00+00:53:28}    | [1889-12-31T23:06:32Z]",
        "text        | {a,NULL,NULLS}                    | [a, null, NULLS]",
        "box         | {(1,1),(0,0);(2,2),(1,1)}         | [(1,1),(0,0), (2,2),(1,1)]"
      })
  void arrayTextHasTypedElements(String element, String text, String elements)
      throws UnreadableValueException {
    assertThat(Arrays.toString((Object[]) decode(arrayText(element), '"' + text + '"')))
        .isEqualTo(elements);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "int4        | {{1,2},{3,4}}",
        "numeric     | {1,NaN}",
        "date        | {2026-01-01,infinity}",
        "date        | {0044-03-15 BC}",
        "timestamp   | {-infinity}",
        "timestamptz | {10000-01-01 00:00:00+00}",
        "timestamptz | {9999-12-31 23:59:59-02}"
      })
  void arrayTextWithAnUnrepresentableElementIsUnrepresentable(String element, String text)
      throws UnreadableValueException {
    assertThat(decode(arrayText(element), '"' + text + '"')).isSameAs(ColumnType.UNREPRESENTABLE);
  }

  @Test
  void bytesInAnArrayAreHexadecimal() throws UnreadableValueException {
    assertThat(decode(arrayText("bytea"), "\"{\\\"\\\\\\\\x00ff\\\",NULL}\""))
        .isEqualTo(new Object[] {new byte[] {0, -1}, null});
  }

  // Dates, timestamps, times.

  @ParameterizedTest
  @CsvSource({
    "0, 1970-01-01",
    "-1, 1969-12-31",
    "20778, 2026-11-21",
    "-719162, 0001-01-01",
    "2932896, 9999-12-31"
  })
  void dateIsDaysSince1970(String days, String date) throws UnreadableValueException {
    assertDecodes(
        named("int32", "io.debezium.time.Date"), days, LocalDate.parse(date), DataTypes.DateType);
  }

  @ParameterizedTest
  @ValueSource(strings = {"-719163", "2932897", "2147483647", "-2147483648"})
  void dateOutsideTheYears1To9999IsUnrepresentable(String days) throws UnreadableValueException {
    assertThat(decode(named("int32", "io.debezium.time.Date"), days))
        .isSameAs(ColumnType.UNREPRESENTABLE);
  }

  @Test
  void timestampBefore1970IsReadInEveryUnit() throws UnreadableValueException {
    assertDecodes(
        named("int64", "io.debezium.time.Timestamp"),
        "-1",
        LocalDateTime.parse("1969-12-31T23:59:59.999"),
        DataTypes.TimestampNTZType);
    assertDecodes(
        MICROS,
        "-1",
        LocalDateTime.parse("1969-12-31T23:59:59.999999"),
        DataTypes.TimestampNTZType);
    assertDecodes(
        named("int64", "io.debezium.time.NanoTimestamp"),
        "-1000",
        LocalDateTime.parse("1969-12-31T23:59:59.999999"),
        DataTypes.TimestampNTZType);
  }

  @Test
  void microsecondsAreKept() throws UnreadableValueException {
    assertThat(decode(MICROS, "1700000000123456"))
        .isEqualTo(LocalDateTime.parse("2023-11-14T22:13:20.123456"));
  }

  @Test
  void timestampReachesFromTheFirstToTheLastYear() throws UnreadableValueException {
    assertThat(decode(MICROS, "-62135596800000000"))
        .isEqualTo(LocalDateTime.parse("0001-01-01T00:00:00"));
    assertThat(decode(MICROS, "253402300799999999"))
        .isEqualTo(LocalDateTime.parse("9999-12-31T23:59:59.999999"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-62135596800000001",
        "253402300800000000",
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036825200000",
        "-9223372036832400000"
      })
  void infiniteTimestampIsUnrepresentable(String micros) throws UnreadableValueException {
    assertThat(decode(MICROS, micros)).isSameAs(ColumnType.UNREPRESENTABLE);
  }

  @Test
  void zonedTimestampIsAnInstant() throws UnreadableValueException {
    assertDecodes(
        ZONED,
        "\"2026-11-21T03:00:00.123456Z\"",
        Instant.parse("2026-11-21T03:00:00.123456Z"),
        DataTypes.TimestampType);
    assertThat(decode(ZONED, "\"2026-11-21T03:00:00+05:30\""))
        .isEqualTo(Instant.parse("2026-11-20T21:30:00Z"));
    for (String text :
        List.of(
            "0001-01-01T00:00:00Z",
            "1582-10-10T12:00:00Z",
            "1969-12-31T23:59:59.5Z",
            "2024-02-29T00:00:00.000001Z",
            "9999-12-31T23:59:59.999999Z")) {
      assertThat(decode(ZONED, '"' + text + '"')).isEqualTo(Instant.parse(text));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "infinity",
        "-infinity",
        "-0043-03-15T00:00:00Z",
        "0000-12-31T23:59:59Z",
        "+10000-01-01T00:00:00Z",
        "2026-02-30T00:00:00Z"
      })
  void zonedTimestampBeyondTheCalendarIsUnrepresentable(String text)
      throws UnreadableValueException {
    assertThat(decode(ZONED, '"' + text + '"')).isSameAs(ColumnType.UNREPRESENTABLE);
  }

  @Test
  void zonedTimestampIsJudgedByItsYearInUtc() throws UnreadableValueException {
    assertThat(decode(ZONED, "\"9999-12-31T23:00:00-02:00\"")).isSameAs(ColumnType.UNREPRESENTABLE);
  }

  @Test
  void timeOfDayIsTextAsPostgresSpellsIt() throws UnreadableValueException {
    ColumnType micros = named("int64", "io.debezium.time.MicroTime");
    assertDecodes(micros, "0", "00:00:00", DataTypes.StringType);
    assertThat(decode(micros, "36000500000")).isEqualTo("10:00:00.5");
    assertThat(decode(micros, "86399999999")).isEqualTo("23:59:59.999999");
    assertThat(decode(named("int32", "io.debezium.time.Time"), "1000")).isEqualTo("00:00:01");
    assertThat(decode(named("int64", "io.debezium.time.NanoTime"), "1000"))
        .isEqualTo("00:00:00.000001");
  }

  @Test
  void endOfTheDayIsTwentyFourHours() throws UnreadableValueException {
    assertThat(decode(named("int64", "io.debezium.time.MicroTime"), "86400000000"))
        .isEqualTo("24:00:00");
    assertThat(decode(named("int32", "io.debezium.time.Time"), "86400000")).isEqualTo("24:00:00");
  }

  // Bytes, texts, what has no type of its own.

  @Test
  void bytesAreBase64() throws UnreadableValueException {
    assertDecodes(plain("bytes"), "\"AP8=\"", new byte[] {0, -1}, DataTypes.BinaryType);
    assertThat(decode(plain("bytes"), "\"\"")).isEqualTo(new byte[0]);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "io.debezium.data.Json",
        "io.debezium.data.Uuid",
        "io.debezium.data.Enum",
        "io.debezium.time.ZonedTime",
        "io.debezium.time.Interval",
        "io.debezium.data.Xml",
        "a.type.of.the.Future"
      })
  void textWithASemanticNameStaysText(String name) throws UnreadableValueException {
    assertDecodes(named("string", name), "\"{\\\"a\\\": 1}\"", "{\"a\": 1}", DataTypes.StringType);
  }

  @Test
  void structWithoutATypeOfItsOwnArrivesAsItsJson() throws UnreadableValueException {
    assertDecodes(
        named("struct", "io.debezium.data.geometry.Point"),
        "{\"x\":1.5,\"y\":2,\"srid\":null}",
        "{\"x\":1.5,\"y\":2,\"srid\":null}",
        DataTypes.StringType);
  }

  // Arrays.

  @Test
  void arrayKeepsItsNullElements() throws UnreadableValueException {
    assertDecodes(
        arrayOf("{\"type\":\"int32\"}"),
        "[1, null, 3]",
        new Object[] {1, null, 3},
        DataTypes.createArrayType(DataTypes.IntegerType));
  }

  @Test
  void emptyArrayIsNotNull() throws UnreadableValueException {
    assertThat(decode(arrayOf("{\"type\":\"string\"}"), "[]")).isEqualTo(new Object[0]);
  }

  @Test
  void arrayElementsHaveTheirSemanticType() throws UnreadableValueException {
    assertThat(
            decode(arrayOf("{\"type\":\"int32\",\"name\":\"io.debezium.time.Date\"}"), "[0, null]"))
        .isEqualTo(new Object[] {LocalDate.EPOCH, null});
  }

  @Test
  void arrayWithAnUnrepresentableElementIsUnrepresentable() throws UnreadableValueException {
    assertThat(
            decode(
                arrayOf("{\"type\":\"string\",\"name\":\"io.debezium.time.ZonedTimestamp\"}"),
                "[\"2026-11-21T03:00:00Z\", \"infinity\"]"))
        .isSameAs(ColumnType.UNREPRESENTABLE);
  }

  @Test
  void arrayOfArraysArrivesAsItsJson() throws UnreadableValueException {
    assertDecodes(
        arrayOf("{\"type\":\"array\",\"items\":{\"type\":\"int32\"}}"),
        "[[1,2],[3]]",
        "[[1,2],[3]]",
        DataTypes.StringType);
  }

  // Values that do not have the form of their type.

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "int32   |                                      | 2147483648      | INT",
        "int32   |                                      | 1.5             | INT",
        "int32   |                                      | \"7\"           | INT",
        "int64   |                                      | 0.5             | BIGINT",
        "int64   |                                      | 9223372036854775808 | BIGINT",
        "boolean |                                      | 1               | BOOLEAN",
        "float   |                                      | \"much\"        | FLOAT",
        "double  |                                      | true            | DOUBLE",
        "bytes   |                                      | \"no base64!\"  | BINARY",
        "bytes   | org.apache.kafka.connect.data.Decimal | \"?\"          | DECIMAL(38,0)",
        "bytes   | org.apache.kafka.connect.data.Decimal | true           | DECIMAL(38,0)",
        "struct  | io.debezium.data.VariableScaleDecimal | {\"scale\":1}  | DECIMAL(38,18)",
        "int64   | io.debezium.time.MicroTimestamp      | \"soon\"        | TIMESTAMP_NTZ",
        "int64   | io.debezium.time.MicroTimestamp      | 1.5             | TIMESTAMP_NTZ",
        "string  | io.debezium.time.ZonedTimestamp      | 17              | TIMESTAMP",
        "int64   | io.debezium.time.MicroTime           | -1              | STRING",
        "int64   | io.debezium.time.MicroTime           | 86400000001     | STRING"
      })
  void valueInAnotherFormIsUnreadable(String type, String name, String value, String sqlType) {
    ColumnType column = name == null ? plain(type) : named(type, name);

    assertThatThrownBy(() -> decode(column, value))
        .isInstanceOf(UnreadableValueException.class)
        .hasMessage("%s is not a value of type %s", value, sqlType)
        .hasCauseInstanceOf(Exception.class);
  }

  @Test
  void unreadableElementMakesTheArrayUnreadable() {
    assertThatThrownBy(() -> decode(arrayOf("{\"type\":\"int32\"}"), "[1,\"x\"]"))
        .isInstanceOf(UnreadableValueException.class)
        .hasMessage("[1,\"x\"] is not a value of type ARRAY<INT>");
  }

  @Test
  void longUnreadableValueIsShortenedInTheMessage() {
    assertThatThrownBy(() -> decode(plain("int32"), '"' + "x".repeat(500) + '"'))
        .isInstanceOf(UnreadableValueException.class)
        .hasMessage("\"" + "x".repeat(59) + "… is not a value of type INT");
  }

  private static void assertDecodes(ColumnType type, String json, Object value, DataType sparkType)
      throws UnreadableValueException {
    assertThat(decode(type, json)).isEqualTo(value);
    assertThat(type.sparkType()).isEqualTo(sparkType);
  }

  private static Object decode(ColumnType type, String json) throws UnreadableValueException {
    try {
      return type.decode(JSON.readTree(json));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(json, e);
    }
  }

  private static ColumnType plain(String type) {
    return ofSchema("{\"type\":\"%s\"}".formatted(type));
  }

  private static ColumnType named(String type, String name) {
    return ofSchema("{\"type\":\"%s\",\"name\":\"%s\",\"version\":1}".formatted(type, name));
  }

  private static ColumnType arrayOf(String items) {
    return ofSchema("{\"type\":\"array\",\"items\":%s}".formatted(items));
  }

  private static ColumnType decimal(int precision, int scale) {
    return ofSchema(
        ("{\"type\":\"bytes\",\"name\":\"org.apache.kafka.connect.data.Decimal\",\"parameters\":"
                + "{\"scale\":\"%d\",\"connect.decimal.precision\":\"%d\"}}")
            .formatted(scale, precision));
  }

  private static ColumnType numericText(int precision, int scale) {
    return ofSchema(
        "{\"name\":\"dev.cdclake.Numeric\",\"parameters\":{\"precision\":\"%d\",\"scale\":\"%d\"}}"
            .formatted(precision, scale));
  }

  private static ColumnType arrayText(String element) {
    return ofSchema(
        "{\"name\":\"dev.cdclake.Array\",\"parameters\":{\"element\":\"%s\"}}".formatted(element));
  }

  private static ColumnType ofSchema(String schema) {
    try {
      return ColumnType.of(JSON.readTree(schema));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(schema, e);
    }
  }

  private static String unscaled(String digits) {
    byte[] base64 = Base64.getEncoder().encode(new BigInteger(digits).toByteArray());
    return '"' + new String(base64, StandardCharsets.US_ASCII) + '"';
  }

  private static String variable(String digits, int scale) {
    return "{\"scale\":%d,\"value\":%s}".formatted(scale, unscaled(digits));
  }
}
