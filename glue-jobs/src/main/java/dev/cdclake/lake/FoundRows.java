/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import java.util.Arrays;
import java.util.function.IntPredicate;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Rows of a row group that have one of the keys that are looked for, in their order. */
final class FoundRows {

  /** A row's number, and behind it the place of its key's hash. */
  private final long[] entries;

  private final long[] hashes;

  private FoundRows(long[] entries, long[] hashes) {
    this.entries = entries;
    this.hashes = hashes;
  }

  static FoundRows none() {
    return new FoundRows(new long[0], new long[0]);
  }

  /**
   * @param entries in any order; see {@link #entry}
   */
  static FoundRows of(long[] entries, long[] hashes) {
    Arrays.sort(entries);
    return new FoundRows(entries, hashes);
  }

  /**
   * Looks at every hash in turn: what is best if they are looked at only once, or are few.
   *
   * @param row tells the row that has the hash at a place
   */
  static FoundRows among(long[] hashes, IntUnaryOperator row, SoughtKeys keys) {
    return of(
        IntStream.range(0, hashes.length)
            .filter(at -> keys.has(hashes[at]))
            .mapToLong(at -> entry(row.applyAsInt(at), at))
            .toArray(),
        hashes);
  }

  /** Names a row and the place of its key's hash. */
  static long entry(int row, int hashAt) {
    return (long) row << Integer.SIZE | hashAt;
  }

  FoundRows filter(IntPredicate rows) {
    return new FoundRows(
        LongStream.of(entries).filter(entry -> rows.test(row(entry))).toArray(), hashes);
  }

  int size() {
    return entries.length;
  }

  /** Returns the numbers of some of the rows. */
  int[] rows(int from, int to) {
    return IntStream.range(from, to).map(i -> row(entries[i])).toArray();
  }

  /** Returns the hash of the key of one of the rows. */
  long hash(int number) {
    return hashes[(int) entries[number]];
  }

  private static int row(long entry) {
    return (int) (entry >>> Integer.SIZE);
  }
}
