/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KeyIndexTest {

  private final Random random = new Random(11);

  /** Keys repeat themselves, as the keys of a gold model do in silver. */
  @ParameterizedTest
  @CsvSource({"0, 1", "1, 1", "7, 2", "8, 20", "9, 3", "1000, 90", "1000, 2000", "100000, 5000"})
  void sameRowsAreFoundAsByLookingAtAll(int count, int sought) {
    long[] hashes = random.longs(count, 0, 1 + count / 2).map(KeyIndexTest::hash).toArray();
    SoughtKeys keys = sought(random.longs(sought, 0, count + 1).toArray());

    FoundRows found = new KeyIndex(hashes).find(keys);

    int[] expected = IntStream.range(0, count).filter(row -> keys.has(hashes[row])).toArray();
    assertThat(found.rows(0, found.size())).isEqualTo(expected);
    FoundRows one = FoundRows.among(hashes, row -> row, keys);
    assertThat(one.rows(0, one.size())).isEqualTo(expected);
    for (int i = 0; i < expected.length; i++) {
      assertThat(found.hash(i)).isEqualTo(one.hash(i)).isEqualTo(hashes[expected[i]]);
    }
  }

  @Test
  void rowsOfOneKeyAreAllFound() {
    long[] hashes = new long[5000];
    Arrays.fill(hashes, hash(3));
    hashes[17] = hash(4);
    KeyIndex index = new KeyIndex(hashes);

    assertThat(index.find(sought(3)).size()).isEqualTo(4999);
    assertThat(index.find(sought(4)).rows(0, 1)).containsExactly(17);
    assertThat(index.find(sought(5)).size()).isZero();
  }

  /** An entry of the sought keys has no such hash: it stands for a free place. */
  @Test
  void rowWhoseHashIsZeroIsFound() {
    KeyIndex index = new KeyIndex(new long[] {0, hash(1)});

    assertThat(index.find(soughtHashes(0)).rows(0, 1)).containsExactly(0);
    assertThat(index.find(sought(1)).rows(0, 1)).containsExactly(1);
  }

  @Test
  void filteredRowsKeepTheirHashes() {
    long[] hashes = LongStream.range(0, 100).map(KeyIndexTest::hash).toArray();

    FoundRows odd = new KeyIndex(hashes).find(sought(1, 2, 3)).filter(row -> row % 2 == 1);

    assertThat(odd.rows(0, odd.size())).containsExactly(1, 3);
    assertThat(odd.rows(1, 2)).containsExactly(3);
    assertThat(odd.hash(1)).isEqualTo(hashes[3]);
  }

  private static SoughtKeys sought(long... keys) {
    return soughtHashes(LongStream.of(keys).map(KeyIndexTest::hash).toArray());
  }

  private static SoughtKeys soughtHashes(long... hashes) {
    long[] entries = LongStream.of(hashes).map(SoughtKeys::entry).toArray();
    return SoughtKeys.of(List.of(new SoughtKeys.Part(entries)));
  }

  private static long hash(long key) {
    return KeyHash.of(List.of(key));
  }
}
