/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.apache.parquet.bytes.ByteBufferInputStream;

/**
 * Numbers in the encoding that Parquet has for levels and for places in a dictionary: runs of one
 * number, and runs of numbers that take as many bits as the largest of them. See <a
 * href="https://parquet.apache.org/docs/file-format/data-pages/encodings/#RLE">the encoding</a>.
 *
 * <p>The readers of Parquet and Spark unpack every number that they pass over. Here the place of a
 * number within its run is computed.
 */
final class PackedNumbers {

  private final ByteBuffer bytes;
  private final int width;
  private final long mask;

  /** The place of the run's first number among all numbers, and the one behind its last. */
  private int first;

  private int end;

  /** Whether the run's numbers lie one behind the other; else it is one number. */
  private boolean packed;

  private int repeated;

  /** The byte where the run's packed numbers begin. */
  private int start;

  private PackedNumbers(ByteBuffer bytes, int width) {
    this.bytes = bytes;
    this.width = width;
    this.mask = (1L << width) - 1;
  }

  /**
   * Begins before the first number.
   *
   * @param rest of a page, which begins with the runs
   * @param width bits of a number, 32 at most; without any, all are 0
   */
  static PackedNumbers of(ByteBufferInputStream rest, int width) throws IOException {
    return new PackedNumbers(
        rest.slice(rest.available()).slice().order(ByteOrder.LITTLE_ENDIAN), width);
  }

  /**
   * Returns a number.
   *
   * @param index its place, in the run of the last one that was asked for or in a later run
   */
  int at(int index) {
    if (width == 0) {
      return 0;
    }
    while (index >= end) {
      turn();
    }
    return packed ? unpacked(index - first) : repeated;
  }

  /** Goes to the next run. */
  private void turn() {
    first = end;
    int header = header();
    packed = (header & 1) == 1;
    if (packed) {
      int groups = header >>> 1;
      start = bytes.position();
      end = first + groups * Byte.SIZE;
      // Of the last group a writer may leave out what is not needed.
      bytes.position(Math.min(bytes.limit(), start + groups * width));
    } else {
      end = first + (header >>> 1);
      repeated = 0;
      for (int bit = 0; bit < width; bit += Byte.SIZE) {
        repeated |= (bytes.get() & 0xFF) << bit;
      }
    }
  }

  /** Reads a number of variable length, whose bytes bear seven bits each, the lowest first. */
  private int header() {
    int header = 0;
    int shift = 0;
    byte next;
    do {
      next = bytes.get();
      header |= (next & 0x7F) << shift;
      shift += 7;
    } while (next < 0);
    return header;
  }

  private int unpacked(int index) {
    long bit = (long) index * width;
    int place = start + (int) (bit / Byte.SIZE);
    return (int) (word(place) >>> (bit % Byte.SIZE) & mask);
  }

  /** Returns the eight bytes from a place on, or as many as there are. */
  private long word(int place) {
    if (place + Long.BYTES <= bytes.limit()) {
      return bytes.getLong(place);
    }
    long word = 0;
    for (int i = bytes.limit() - 1; i >= place; i--) {
      word = word << Byte.SIZE | (bytes.get(i) & 0xFF);
    }
    return word;
  }
}
