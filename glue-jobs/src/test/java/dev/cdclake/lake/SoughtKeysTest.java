/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SoughtKeysTest {

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 31, 32, 1000, 50_000})
  void everyKeyIsFoundAndNearlyNoOther(long count) {
    SoughtKeys keys =
        SoughtKeys.of(
            List.of(
                LongStream.range(0, count).map(key -> entry(key, key % 3 == 0)).toArray(),
                LongStream.range(0, count / 2).map(key -> entry(key, false)).toArray()));

    for (long key = 0; key < count; key++) {
      assertThat(keys.has(hash(key))).isTrue();
      assertThat(keys.needsValues(hash(key))).as("key %d", key).isEqualTo(key % 3 == 0);
    }
    assertThat(LongStream.range(count, count + 200_000).filter(key -> keys.has(hash(key))).count())
        .isZero();
  }

  @Test
  void valuesAreNeededIfOneChangeOfTheKeyNeedsThem() {
    SoughtKeys keys =
        SoughtKeys.of(
            List.of(
                new long[] {entry(7, false)},
                new long[] {entry(7, true)},
                new long[] {entry(7, false), entry(8, false)}));

    assertThat(keys.needsValues(hash(7))).isTrue();
    assertThat(keys.needsValues(hash(8))).isFalse();
    assertThat(keys.needsValues(hash(9))).isFalse();
  }

  @Test
  void batchWithoutKeysFindsNothing() {
    SoughtKeys keys = SoughtKeys.of(List.of(new long[0]));

    assertThat(keys.has(hash(1))).isFalse();
    assertThat(keys.needsValues(hash(1))).isFalse();
  }

  private static long entry(long key, boolean valuesNeeded) {
    return SoughtKeys.entry(hash(key), valuesNeeded);
  }

  private static long hash(long key) {
    return KeyHash.of(List.of(key));
  }
}
