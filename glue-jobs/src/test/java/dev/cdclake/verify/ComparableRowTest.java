/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.lake.JoinedText;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import scala.jdk.javaapi.CollectionConverters;

/** The texts are what PostgreSQL prints with the settings of {@link SourceSnapshot.Access}. */
class ComparableRowTest {

  private static final DataType DECIMAL = DataTypes.createDecimalType(38, 18);

  @Test
  void textOfAColumnThatWasOfAnotherTypeDiffersFromEveryValueOfIt() {
    List<DataType> types =
        List.of(
            DataTypes.DoubleType,
            DataTypes.FloatType,
            DataTypes.BinaryType,
            DataTypes.createDecimalType(10, 2),
            DataTypes.createArrayType(DataTypes.IntegerType));

    for (DataType type : types) {
      assertThat(ComparableRow.ofSource("x", type, Spelling.OF_TYPE)).as(type.sql()).isEqualTo("x");
    }
  }

  @Test
  void nullIsSpeltAlikeAndUnlikeEveryText() {
    assertAlike(null, DataTypes.StringType, null);
    assertThat(ComparableRow.ofLake("null", Spelling.OF_TYPE))
        .isNotEqualTo(ComparableRow.ofLake(null, Spelling.OF_TYPE));
    assertThat(ComparableRow.ofLake("", Spelling.OF_TYPE))
        .isNotEqualTo(ComparableRow.ofLake(null, Spelling.OF_TYPE));
  }

  @Test
  void textIsSpeltAlike() {
    assertAlike("né 'x' \n", DataTypes.StringType, "né 'x' \n");
    assertAlike("", DataTypes.StringType, "");
    assertAlike("padded  ", DataTypes.StringType, "padded  ");
  }

  @Test
  void numbersAndBooleansAreSpeltAlike() {
    assertAlike("-2147483648", DataTypes.IntegerType, Integer.MIN_VALUE);
    assertAlike("9223372036854775807", DataTypes.LongType, Long.MAX_VALUE);
    assertAlike("true", DataTypes.BooleanType, true);
    assertAlike("false", DataTypes.BooleanType, false);
  }

  @Test
  void decimalsAreSpeltAlikeWhateverTheirScale() {
    assertAlike("1.50", DECIMAL, new BigDecimal("1.500000000000000000"));
    assertAlike("0.00", DECIMAL, new BigDecimal("0E-18"));
    assertAlike("-100", DECIMAL, new BigDecimal("-100.000000000000000000"));
    assertAlike("100", DataTypes.createDecimalType(5, 0), new BigDecimal("100"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "NaN",
        "Infinity",
        "-Infinity",
        "0.0000000000000000001",
        "100000000000000000000.5"
      })
  void decimalThatTheLakeCannotHoldIsSpeltLikeNull(String text) {
    assertAlike(text, DECIMAL, null);
  }

  @Test
  void floatsAreSpeltAlike() {
    assertAlike("0.1", DataTypes.FloatType, 0.1f);
    assertAlike("1e+20", DataTypes.FloatType, 1e20f);
    assertAlike("NaN", DataTypes.FloatType, Float.NaN);
    assertAlike("0.1", DataTypes.DoubleType, 0.1);
    assertAlike("1e-300", DataTypes.DoubleType, 1e-300);
    assertAlike("-Infinity", DataTypes.DoubleType, Double.NEGATIVE_INFINITY);
    assertAlike("-0", DataTypes.DoubleType, -0.0);
  }

  @Test
  void bytesAreSpeltAlike() {
    assertAlike("\\x00ff10", DataTypes.BinaryType, new byte[] {0, -1, 16});
    assertAlike("\\x", DataTypes.BinaryType, new byte[0]);
  }

  @Test
  void datesAreSpeltAlike() {
    assertAlike("1969-12-31", DataTypes.DateType, LocalDate.parse("1969-12-31"));
    assertAlike("0001-01-01", DataTypes.DateType, LocalDate.parse("0001-01-01"));
    assertAlike("9999-12-31", DataTypes.DateType, LocalDate.parse("9999-12-31"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"infinity", "-infinity", "0044-03-15 BC", "10000-01-01"})
  void dateThatTheLakeCannotHoldIsSpeltLikeNull(String text) {
    assertAlike(text, DataTypes.DateType, null);
  }

  @Test
  void timestampsAreSpeltAlike() {
    DataType type = DataTypes.TimestampNTZType;
    assertAlike("2026-11-21 03:00:00", type, LocalDateTime.parse("2026-11-21T03:00:00"));
    assertAlike("2026-11-21 03:00:00.5", type, LocalDateTime.parse("2026-11-21T03:00:00.500"));
    assertAlike(
        "1969-12-31 23:59:59.999999", type, LocalDateTime.parse("1969-12-31T23:59:59.999999"));
  }

  @Test
  void zonedTimestampsAreSpeltAlike() {
    DataType type = DataTypes.TimestampType;
    assertAlike("2026-11-21 03:00:00+00", type, Instant.parse("2026-11-21T03:00:00Z"));
    assertAlike("2026-11-21 03:00:00.5+00", type, Instant.parse("2026-11-21T03:00:00.500Z"));
    assertAlike("0001-01-01 00:00:00+00", type, Instant.parse("0001-01-01T00:00:00Z"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"infinity", "-infinity", "0044-03-15 00:00:00+00 BC", "10000-01-01 00:00:00+00"})
  void timestampThatTheLakeCannotHoldIsSpeltLikeNull(String text) {
    assertAlike(text, DataTypes.TimestampType, null);
    assertAlike(text.replace("+00", ""), DataTypes.TimestampNTZType, null);
  }

  @Test
  void arraysAreSpeltAlike() {
    assertAlike(
        "[1,null,3]", DataTypes.createArrayType(DataTypes.IntegerType), sequence(1, null, 3));
    assertAlike("[]", DataTypes.createArrayType(DataTypes.IntegerType), sequence());
    assertAlike(
        "[\"a\",\"null\"]", DataTypes.createArrayType(DataTypes.StringType), sequence("a", "null"));
    assertAlike(
        "[1.50,100]",
        DataTypes.createArrayType(DECIMAL),
        sequence(new BigDecimal("1.5"), new BigDecimal("100.000")));
    assertAlike(
        "[\"NaN\",0.1]",
        DataTypes.createArrayType(DataTypes.DoubleType),
        sequence(Double.NaN, 0.1));
    assertAlike(
        "[\"2026-11-21T03:00:00.5+00:00\"]",
        DataTypes.createArrayType(DataTypes.TimestampType),
        sequence(Instant.parse("2026-11-21T03:00:00.500Z")));
    assertAlike(
        "[\"2026-11-21T03:00:00\"]",
        DataTypes.createArrayType(DataTypes.TimestampNTZType),
        sequence(LocalDateTime.parse("2026-11-21T03:00:00")));
    assertAlike(
        "[\"\\\\x01\"]",
        DataTypes.createArrayType(DataTypes.BinaryType),
        sequence((Object) new byte[] {1}));
    assertAlike(
        "[true,false]", DataTypes.createArrayType(DataTypes.BooleanType), sequence(true, false));
  }

  @Test
  void nullInAnArrayIsNotTheTextNull() {
    assertThat(ComparableRow.ofLake(sequence("null"), Spelling.OF_TYPE))
        .isNotEqualTo(ComparableRow.ofLake(sequence((Object) null), Spelling.OF_TYPE));
  }

  @Test
  void valuesThatDifferAreSpeltDifferently() {
    assertThat(ComparableRow.ofLake(1, Spelling.OF_TYPE))
        .isNotEqualTo(ComparableRow.ofLake(2, Spelling.OF_TYPE));
    assertThat(ComparableRow.ofLake(new BigDecimal("1.5"), Spelling.OF_TYPE))
        .isNotEqualTo(ComparableRow.ofLake(new BigDecimal("1.51"), Spelling.OF_TYPE));
    assertThat(ComparableRow.ofLake(Instant.ofEpochSecond(1), Spelling.OF_TYPE))
        .isNotEqualTo(ComparableRow.ofLake(Instant.ofEpochSecond(1, 1_000), Spelling.OF_TYPE));
  }

  @Test
  void columnsAreKeptApart() {
    assertThat(JoinedText.of(List.of("a", "bc"))).isNotEqualTo(JoinedText.of(List.of("ab", "c")));
    assertThat(ComparableRow.digest("a")).hasSize(32).isNotEqualTo(ComparableRow.digest("b"));
  }

  private static void assertAlike(String source, DataType type, Object lake) {
    assertThat(ComparableRow.ofSource(source, type, Spelling.OF_TYPE))
        .isEqualTo(ComparableRow.ofLake(lake, Spelling.OF_TYPE));
  }

  private static Object sequence(Object... elements) {
    return CollectionConverters.asScala(Arrays.asList(elements)).toSeq();
  }
}
