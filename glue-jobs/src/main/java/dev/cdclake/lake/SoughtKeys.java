/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Keys whose rows are looked for, by their hashes, and which of them have rows whose values are
 * needed, too.
 *
 * <p>Two keys may have one hash. Then a row is found that nobody looked for: silver's fold leaves
 * it as it is, because it has no change, and gold makes it anew.
 */
public final class SoughtKeys implements Serializable {

  private static final long serialVersionUID = 1L;

  /** So few hashes pass the bits by chance that the search behind them costs nothing. */
  private static final int BITS_PER_KEY = 32;

  /** What a part of a batch looks for. */
  public static final class Part implements Serializable {

    private static final long serialVersionUID = 1L;

    private final long[] entries;
    private final Position oldest;

    /**
     * @param entries see {@link #entry}; a key perhaps several times
     * @param oldest the place in the log that all changes are at or behind; {@link Position#START}
     *     if the order of one of them is not told by its place alone
     */
    public Part(long[] entries, Position oldest) {
      this.entries = entries;
      this.oldest = oldest;
    }

    /** Keys alone, of no changes. */
    public Part(long[] entries) {
      this(entries, Position.START);
    }
  }

  /** Sorted; the last bit says whether the values of the row are needed. */
  private final long[] hashes;

  private final long[] bits;
  private final Position oldest;

  private SoughtKeys(long[] hashes, Position oldest) {
    this.hashes = hashes;
    this.oldest = oldest;
    this.bits = new long[Math.max(1, Integer.highestOneBit(hashes.length * BITS_PER_KEY / 64) * 2)];
    for (long hash : hashes) {
      bits[word(hash)] |= bits(hash);
    }
  }

  /** Joins what tasks found. */
  public static SoughtKeys of(List<Part> parts) {
    long[] sorted =
        parts.stream().flatMapToLong(part -> Arrays.stream(part.entries)).sorted().toArray();
    int count = 0;
    for (long entry : sorted) {
      if (count > 0 && key(sorted[count - 1]) == key(entry)) {
        sorted[count - 1] |= entry;
      } else {
        sorted[count++] = entry;
      }
    }
    Position oldest =
        parts.stream()
            .map(part -> part.oldest)
            .min(Comparator.naturalOrder())
            .orElse(Position.START);
    return new SoughtKeys(Arrays.copyOf(sorted, count), oldest);
  }

  /** Returns a key's hash together with whether the values of its row are needed. */
  public static long entry(long hash, boolean valuesNeeded) {
    return key(hash) | (valuesNeeded ? 1 : 0);
  }

  /** Whether a key with this hash is looked for. */
  public boolean has(long hash) {
    long wanted = bits(hash);
    return (bits[word(hash)] & wanted) == wanted && find(hash) >= 0;
  }

  /** Whether the values of the row with this key are needed; false if it is not looked for. */
  public boolean needsValues(long hash) {
    int found = find(hash);
    return found >= 0 && (hashes[found] & 1) == 1;
  }

  /** Whether every change of the batch comes after a row whose last change is at this position. */
  public boolean comeAfter(Position row) {
    return row.compareTo(oldest) < 0;
  }

  /** Returns how many keys there are. */
  public int size() {
    return hashes.length;
  }

  private int find(long hash) {
    int low = 0;
    int high = hashes.length - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      int order = Long.compare(key(hashes[middle]), key(hash));
      if (order == 0) {
        return middle;
      }
      low = order < 0 ? middle + 1 : low;
      high = order < 0 ? high : middle - 1;
    }
    return -1;
  }

  private static long key(long entry) {
    return entry & ~1L;
  }

  private int word(long hash) {
    return (int) (hash >>> 7) & bits.length - 1;
  }

  /** Returns two bits of a word: with one, several times as many hashes would pass by chance. */
  private static long bits(long hash) {
    return 1L << (hash >>> 1) | 1L << (hash >>> 58);
  }
}
