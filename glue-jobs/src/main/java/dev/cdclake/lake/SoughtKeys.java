/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import java.io.Serializable;
import java.util.Comparator;
import java.util.List;
import java.util.stream.LongStream;

/**
 * Keys whose rows are looked for, by their hashes, and which of them have rows of which more is
 * needed: their values, and their position in the source's log.
 *
 * <p>Two keys may have one hash. Then a row is found that nobody looked for: silver's fold leaves
 * it as it is, because it has no change, and gold makes it anew.
 */
public final class SoughtKeys implements Serializable {

  private static final long serialVersionUID = 1L;

  /** So few hashes pass the bits by chance that the search behind them costs nothing. */
  private static final int KEYS_PER_WORD = 2;

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

  /** The last bits of an entry; the others are those of the key's hash. */
  private static final long VALUES = 1;

  private static final long POSITION = 2;
  private static final long NEEDS = VALUES | POSITION;

  /** At the place that its hash gives, or the next free one. */
  private final long[] entries;

  private final long[] bits;
  private final int size;

  /** Made where it is needed first. */
  private transient volatile long[] sorted;

  private final Position oldest;

  private SoughtKeys(List<Part> parts, Position oldest) {
    this.oldest = oldest;
    int most = parts.stream().mapToInt(part -> part.entries.length).sum();
    this.entries = new long[powerOfTwoAbove(most + most / 3)];
    this.bits = new long[powerOfTwoAbove(most / KEYS_PER_WORD)];
    int count = 0;
    for (Part part : parts) {
      for (long entry : part.entries) {
        int at = find(entry);
        count += entries[at] == 0 ? 1 : 0;
        entries[at] |= key(entry) | (entry & NEEDS);
        bits[word(entry)] |= bits(entry);
      }
    }
    this.size = count;
  }

  private static int powerOfTwoAbove(int number) {
    return 2 * Integer.highestOneBit(Math.max(1, number));
  }

  /** Joins what tasks found. */
  public static SoughtKeys of(List<Part> parts) {
    Position oldest =
        parts.stream()
            .map(part -> part.oldest)
            .min(Comparator.naturalOrder())
            .orElse(Position.START);
    return new SoughtKeys(parts, oldest);
  }

  /** Returns a key's hash as the entry of a key of whose row nothing else is needed. */
  public static long entry(long hash) {
    return entry(hash, false, false);
  }

  /**
   * Returns a key's hash together with what is needed of its row.
   *
   * @param values whether the row's values are
   * @param position whether the place of the row's last change in the source's log is, even of a
   *     row that {@link #comeAfter} tells to be older
   */
  public static long entry(long hash, boolean values, boolean position) {
    return key(hash) | (values ? VALUES : 0) | (position ? POSITION : 0);
  }

  /** Whether a key with this hash is looked for. */
  public boolean has(long hash) {
    long wanted = bits(hash);
    return (bits[word(hash)] & wanted) == wanted && entries[find(hash)] != 0;
  }

  /** Whether the values of the row with this key are needed; false if it is not looked for. */
  public boolean needsValues(long hash) {
    return (entries[find(hash)] & VALUES) != 0;
  }

  /** Whether the position of the row with this key is needed; false if it is not looked for. */
  public boolean needsPosition(long hash) {
    return (entries[find(hash)] & POSITION) != 0;
  }

  /** Whether every change of the batch comes after a row whose last change is at this position. */
  public boolean comeAfter(Position row) {
    return row.compareTo(oldest) < 0;
  }

  /** Returns all hashes, without their last bits, in order: so is memory where they are found. */
  long[] sorted() {
    long[] known = sorted;
    if (known == null) {
      known =
          LongStream.of(entries)
              .filter(entry -> entry != 0)
              .map(SoughtKeys::key)
              .sorted()
              .toArray();
      sorted = known;
    }
    return known;
  }

  /** Returns how many keys there are. */
  public int size() {
    return size;
  }

  /** Returns the place of a key's entry, or the free one where it would be. */
  private int find(long hash) {
    long key = key(hash);
    int last = entries.length - 1;
    int at = (int) (key >>> 32) & last;
    while (entries[at] != 0 && key(entries[at]) != key) {
      at = (at + 1) & last;
    }
    return at;
  }

  /** Returns the hash without its last bits; none is 0, which stands for no entry. */
  static long key(long entry) {
    long key = entry & ~NEEDS;
    return key == 0 ? NEEDS + 1 : key;
  }

  private int word(long hash) {
    return (int) (hash >>> 8) & bits.length - 1;
  }

  /** Returns two bits of a word: with one, several times as many hashes would pass by chance. */
  private static long bits(long hash) {
    return 1L << (hash >>> 2) | 1L << (hash >>> 58);
  }
}
