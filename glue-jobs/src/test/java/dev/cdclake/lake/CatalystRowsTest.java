/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.fixture.SparkTest;
import dev.cdclake.fixture.TestLake;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;

@SparkTest
class CatalystRowsTest {

  private static final StructType SHAPE =
      new StructType()
          .add("text", DataTypes.StringType)
          .add("number", DataTypes.createDecimalType(20, 2))
          .add("flag", DataTypes.BooleanType)
          .add("small", DataTypes.IntegerType)
          .add("large", DataTypes.LongType)
          .add("real", DataTypes.DoubleType)
          .add("bytes", DataTypes.BinaryType)
          .add("day", DataTypes.DateType)
          .add("moment", DataTypes.TimestampType)
          .add("local", DataTypes.TimestampNTZType)
          .add("days", DataTypes.createArrayType(DataTypes.DateType))
          .add("texts", DataTypes.createArrayType(DataTypes.StringType));

  /** The day is none in the calendar of the older classes, which leaves out ten days of 1582. */
  private static final Object[] VALUES = {
    "größer",
    new BigDecimal("-12.50"),
    true,
    3,
    4L,
    0.1,
    new byte[] {1, -1},
    LocalDate.of(1582, 10, 10),
    Instant.parse("0001-01-01T00:00:00.000001Z"),
    LocalDateTime.parse("9999-12-31T23:59:59.999999"),
    new Object[] {LocalDate.of(1582, 10, 10), null},
    new Object[] {"a", null}
  };

  @Test
  void rowsComeBackAsTheyWereFromATaskThatIsNoQuery(TestLake lake) {
    JavaSparkContext context = JavaSparkContext.fromSparkContext(lake.spark().sparkContext());

    List<Row> back =
        context
            .parallelize(List.of(RowFactory.create(VALUES), RowFactory.create(new Object[12])), 1)
            .map(row -> new CatalystRows(SHAPE).row(new CatalystRows(SHAPE).row(row)))
            .collect();

    assertThat(Arrays.deepEquals(values(back.get(0)), VALUES)).as("%s", back.get(0)).isTrue();
    assertThat(values(back.get(1))).containsOnlyNulls();
  }

  private static Object[] values(Row row) {
    Object[] values = new Object[SHAPE.size()];
    Arrays.setAll(values, row::get);
    return values;
  }
}
