/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.api.Test;

class KeyHashTest {

  @Test
  void wholeNumberIsToldByItsHash() {
    LongStream.concat(
            LongStream.of(0, 1, -1, Integer.MIN_VALUE, Long.MAX_VALUE, Long.MIN_VALUE),
            new Random(5).longs(10_000))
        .forEach(value -> assertThat(KeyHash.valueOf(KeyHash.of(List.of(value)))).isEqualTo(value));
    assertThat(KeyHash.valueOf(KeyHash.of(List.of(-7)))).isEqualTo(-7);
  }

  @Test
  void nothingElseIsToldByItsHash() {
    assertThat(KeyHash.tellsValue(Types.LongType.get())).isTrue();
    assertThat(KeyHash.tellsValue(Types.IntegerType.get())).isTrue();
    assertThat(KeyHash.tellsValue(Types.StringType.get())).isFalse();
    assertThat(KeyHash.tellsValue(Types.DecimalType.of(9, 0))).isFalse();
    assertThat(KeyHash.tellsValue(Types.DateType.get())).isFalse();
  }
}
