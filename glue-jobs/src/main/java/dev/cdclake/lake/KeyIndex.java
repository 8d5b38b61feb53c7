/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import java.util.Arrays;

/**
 * The hashes of all keys of a row group, in an order in which the rows of some keys are found in a
 * time that follows the number of these keys, not that of the rows (or of the rows, if these are
 * fewer).
 *
 * <p>Hashes are spread evenly: those that begin with the same bits lie together, a few in each
 * place. It takes 13 bytes for a row.
 */
final class KeyIndex {

  /** Bytes that a row takes: its hash, its number, and its part of the place's begin. */
  static final int BYTES_PER_ROW = Long.BYTES + Integer.BYTES + 1;

  private static final int ROWS_PER_PLACE = 8;

  private final int shift;

  /** Where each place begins; one more, where the last one ends. */
  private final int[] begins;

  private final long[] hashes;
  private final int[] rows;

  /**
   * @param ofRows the hash of every row's key
   */
  KeyIndex(long[] ofRows) {
    int places = 2 * Integer.highestOneBit(Math.max(1, ofRows.length / ROWS_PER_PLACE));
    shift = Long.SIZE - Integer.numberOfTrailingZeros(places);
    begins = new int[places + 1];
    for (long hash : ofRows) {
      begins[place(hash) + 1]++;
    }
    for (int place = 0; place < places; place++) {
      begins[place + 1] += begins[place];
    }
    hashes = new long[ofRows.length];
    rows = new int[ofRows.length];
    int[] next = Arrays.copyOf(begins, places);
    for (int row = 0; row < ofRows.length; row++) {
      int at = next[place(ofRows[row])]++;
      hashes[at] = ofRows[row];
      rows[at] = row;
    }
  }

  private int place(long hash) {
    return (int) (hash >>> shift);
  }

  /** Returns how many rows there are. */
  int size() {
    return rows.length;
  }

  /** Returns the rows that have one of some keys, in their order. */
  FoundRows find(SoughtKeys keys) {
    return keys.size() < size()
        ? FoundRows.of(byKeys(keys.sorted()), hashes)
        : FoundRows.among(hashes, at -> rows[at], keys);
  }

  private long[] byKeys(long[] keys) {
    long[] found = new long[keys.length];
    int count = 0;
    for (long key : keys) {
      int place = place(key);
      for (int at = begins[place]; at < begins[place + 1]; at++) {
        if (SoughtKeys.key(hashes[at]) == key) {
          if (count == found.length) {
            found = Arrays.copyOf(found, 2 * count);
          }
          found[count++] = FoundRows.entry(rows[at], at);
        }
      }
    }
    return Arrays.copyOf(found, count);
  }
}
