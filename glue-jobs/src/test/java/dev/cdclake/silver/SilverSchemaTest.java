/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.fixture.Changes;
import java.math.BigDecimal;
import java.util.List;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.DecimalType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SilverSchemaTest {

  private static final EventSchema EVENT =
      EventSchema.of(
          "SilverSchemaTest",
          Changes.of("orders").column("_op", "string").column("n", "int32").schema());

  private static final SilverSchema SILVER =
      new SilverSchema(SilverSchema.initial(EVENT), List.of("id"), true);

  @Test
  void sourceColumnsStandBeforeThePipelinesOwn() {
    assertThat(SILVER.columns().fieldNames())
        .startsWith("id", "source__op", "n", "is_active", "dq_flags")
        .endsWith("_op", "_committed_at");
  }

  @Test
  void sourceColumnNamedLikeAnOwnOneIsRenamed() {
    assertThat(SILVER.sourcePositions())
        .containsOnlyKeys("id", "source__op", "n")
        .containsEntry("source__op", 1);
  }

  @Test
  void widerTypeHoldsANarrowerOne() {
    assertThat(SilverSchema.holds(DataTypes.LongType, DataTypes.IntegerType)).isTrue();
    assertThat(SilverSchema.holds(DataTypes.DoubleType, DataTypes.FloatType)).isTrue();
    assertThat(SilverSchema.holds(decimal(12, 2), decimal(10, 2))).isTrue();
    assertThat(SilverSchema.holds(decimal(12, 4), decimal(10, 2))).isTrue();
    assertThat(SilverSchema.holds(decimal(38, 18), decimal(12, 4))).isTrue();
  }

  @Test
  void narrowerOrOtherTypeHoldsNothing() {
    assertThat(SilverSchema.holds(DataTypes.IntegerType, DataTypes.LongType)).isFalse();
    assertThat(SilverSchema.holds(decimal(10, 2), decimal(12, 2))).isFalse();
    assertThat(SilverSchema.holds(decimal(11, 3), decimal(11, 2))).isFalse();
    assertThat(SilverSchema.holds(DataTypes.StringType, DataTypes.TimestampType)).isFalse();
    assertThat(SilverSchema.holds(decimal(10, 0), DataTypes.IntegerType)).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "int, bigint, true",
    "float, double, true",
    "'decimal(10,2)', 'decimal(12,2)', true",
    "array<int>, array<bigint>, true",
    "'decimal(10,2)', 'decimal(12,4)', false",
    "int, 'decimal(10,0)', false",
    "int, string, false",
    "bigint, double, false",
    "date, timestamp_ntz, false",
    "timestamp_ntz, timestamp, false",
    "bigint, int, false",
    "string, int, false",
  })
  void columnWidensAsIcebergAllows(String from, String to, boolean widens) {
    assertThat(SilverSchema.widens(DataType.fromDDL(from), DataType.fromDDL(to))).isEqualTo(widens);
  }

  @Test
  void valueOfANarrowerTypeIsTurnedIntoTheColumns() {
    assertThat(SilverSchema.widen(new BigDecimal("1.50"), decimal(12, 4)))
        .isEqualTo(new BigDecimal("1.5000"));
    assertThat(SilverSchema.widen(new BigDecimal("1.50"), DataTypes.StringType)).isEqualTo("1.50");
    assertThat(SilverSchema.widen(7, DataTypes.StringType)).isEqualTo("7");
    assertThat(SilverSchema.widen(null, DataTypes.StringType)).isNull();
  }

  @Test
  void conflictNamesColumnAndBothTypes() {
    EventSchema retyped =
        EventSchema.of(
            "SilverSchemaTest retyped", Changes.of("orders").column("n", "string").schema());

    assertThat(SILVER.conflict(retyped))
        .isEqualTo("Column 'n' is STRING in the event and INT in the table");
    assertThat(SILVER.conflict(EVENT)).isNull();
  }

  private static DecimalType decimal(int precision, int scale) {
    return DataTypes.createDecimalType(precision, scale);
  }
}
