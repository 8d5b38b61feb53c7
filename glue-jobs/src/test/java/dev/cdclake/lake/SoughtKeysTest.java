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
                part(LongStream.range(0, count).map(key -> entry(key, key % 3 == 0)).toArray()),
                part(LongStream.range(0, count / 2).map(key -> entry(key, false)).toArray())));

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
                part(entry(7, false)),
                part(entry(7, true)),
                part(entry(7, false), entry(8, false))));

    assertThat(keys.needsValues(hash(7))).isTrue();
    assertThat(keys.needsValues(hash(8))).isFalse();
    assertThat(keys.needsValues(hash(9))).isFalse();
  }

  @Test
  void positionIsNeededIfOneChangeOfTheKeyMayKeepIt() {
    SoughtKeys keys =
        SoughtKeys.of(
            List.of(
                part(SoughtKeys.entry(hash(7), true, false), SoughtKeys.entry(hash(8))),
                part(SoughtKeys.entry(hash(7), true, true))));

    assertThat(keys.needsPosition(hash(7))).isTrue();
    assertThat(keys.needsPosition(hash(8))).isFalse();
    assertThat(keys.needsPosition(hash(9))).isFalse();
    assertThat(keys.has(hash(8))).isTrue();
  }

  /** Nothing but the two last bits tells an entry from a free place: 0 is one. */
  @Test
  void keyWhoseHashIsZeroIsFound() {
    long key = -42 * 31;
    SoughtKeys keys =
        SoughtKeys.of(List.of(part(LongStream.range(1, 9).map(SoughtKeysTest::plain).toArray())));
    SoughtKeys withIt = SoughtKeys.of(List.of(part(plain(key))));

    assertThat(hash(key)).isZero();
    assertThat(keys.has(hash(key))).isFalse();
    assertThat(withIt.has(hash(key))).isTrue();
    assertThat(withIt.needsValues(hash(key))).isFalse();
  }

  private static long plain(long key) {
    return SoughtKeys.entry(hash(key));
  }

  @Test
  void batchWithoutKeysFindsNothing() {
    SoughtKeys keys = SoughtKeys.of(List.of(part()));

    assertThat(keys.has(hash(1))).isFalse();
    assertThat(keys.needsValues(hash(1))).isFalse();
  }

  @Test
  void rowIsOlderThanTheBatchOnlyIfItLiesBeforeTheOldestOfItsChanges() {
    SoughtKeys keys =
        SoughtKeys.of(
            List.of(
                new SoughtKeys.Part(new long[0], new Position(2, 500)),
                new SoughtKeys.Part(new long[0], new Position(2, 300))));
    SoughtKeys read = SoughtKeys.of(List.of(part(entry(1, false))));

    assertThat(keys.comeAfter(new Position(2, 299))).isTrue();
    assertThat(keys.comeAfter(new Position(1, 400))).isTrue();
    assertThat(keys.comeAfter(new Position(2, 300))).isFalse();
    assertThat(read.comeAfter(Position.START)).isFalse();
  }

  private static SoughtKeys.Part part(long... entries) {
    return new SoughtKeys.Part(entries, Position.START);
  }

  private static long entry(long key, boolean valuesNeeded) {
    return SoughtKeys.entry(hash(key), valuesNeeded, false);
  }

  private static long hash(long key) {
    return KeyHash.of(List.of(key));
  }
}
