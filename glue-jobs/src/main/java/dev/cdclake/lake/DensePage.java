/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.apache.parquet.bytes.ByteBufferInputStream;
import org.apache.parquet.bytes.BytesUtils;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.Encoding;
import org.apache.parquet.column.ValuesType;
import org.apache.parquet.column.values.ValuesReader;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;

/**
 * A page of a column that has a value in every row, as the value that it stands at.
 *
 * <p>Parquet's own readers pass over values one by one, and read a number byte by byte. Here the
 * place of a value is computed where the <a
 * href="https://parquet.apache.org/docs/file-format/data-pages/encodings/">encoding</a> lets it be.
 */
abstract class DensePage implements StoredValue {

  /**
   * Begins before a page's first value.
   *
   * @param dictionary of the column, null if it has none
   * @param bytes the values alone, without levels
   */
  static DensePage of(
      ColumnDescriptor column,
      Dictionary dictionary,
      Encoding encoding,
      int count,
      ByteBufferInputStream bytes)
      throws IOException {
    if (encoding.usesDictionary()) {
      int width = bytes.available() == 0 ? 0 : bytes.read();
      return new Coded(dictionary, PackedNumbers.of(bytes, width));
    }
    if (encoding == Encoding.PLAIN) {
      ByteBuffer values = bytes.slice(bytes.available()).slice().order(ByteOrder.LITTLE_ENDIAN);
      PrimitiveTypeName type = column.getPrimitiveType().getPrimitiveTypeName();
      return switch (type) {
        case BINARY -> new Texts(values);
        case FIXED_LEN_BYTE_ARRAY -> new Fixed(values, column.getPrimitiveType().getTypeLength());
        case INT32 -> new Wholes(values, false);
        case INT64 -> new Wholes(values, true);
        default -> new Fixed(values, 0);
      };
    }
    ValuesReader reader = encoding.getValuesReader(column, ValuesType.VALUES);
    reader.initFromPage(count, bytes);
    return new Others(reader);
  }

  /**
   * Begins before the first definition level of a page that has one for each row.
   *
   * @param haveLength whether the levels begin with their length
   */
  static DensePage ofLevels(
      ColumnDescriptor column, boolean haveLength, ByteBufferInputStream bytes) throws IOException {
    if (haveLength) {
      bytes.skipFully(Integer.BYTES);
    }
    int width = BytesUtils.getWidthFromMaxInt(column.getMaxDefinitionLevel());
    return new Runs(PackedNumbers.of(bytes, width));
  }

  /** Goes to a value, which is not before the last one. */
  abstract void to(int index);

  /**
   * Adds the hashes of the first values to those of the keys that they belong to.
   *
   * @param hash of any value of the column
   * @param hashes of keys, of which those from {@code first} on belong to the page
   */
  void addHashes(ValueHash hash, long[] hashes, int first, int count) {
    for (int i = 0; i < count; i++) {
      to(i);
      hashes[first + i] = KeyHash.combine(hashes[first + i], hash.of(this));
    }
  }

  @Override
  public boolean getBoolean() {
    throw new UnsupportedOperationException();
  }

  @Override
  public int getInteger() {
    throw new UnsupportedOperationException();
  }

  @Override
  public long getLong() {
    throw new UnsupportedOperationException();
  }

  @Override
  public float getFloat() {
    throw new UnsupportedOperationException();
  }

  @Override
  public double getDouble() {
    throw new UnsupportedOperationException();
  }

  @Override
  public Binary getBinary() {
    throw new UnsupportedOperationException();
  }

  /** A column's dictionary, and the hashes of its values once they were asked for. */
  static final class Dictionary {

    private final org.apache.parquet.column.Dictionary values;
    private long[] hashes;

    Dictionary(org.apache.parquet.column.Dictionary values) {
      this.values = values;
    }

    private long[] hashes(ValueHash hash) {
      if (hashes == null) {
        Coded value = new Coded(this, null);
        hashes = new long[values.getMaxId() + 1];
        for (int number = 0; number < hashes.length; number++) {
          value.number = number;
          hashes[number] = hash.of(value);
        }
      }
      return hashes;
    }
  }

  /** Hashes a value, as {@link KeyHash} does. */
  interface ValueHash {
    long of(StoredValue value);
  }

  /** Values of one width, one behind the other. */
  private static class Fixed extends DensePage {

    final ByteBuffer values;
    private final int width;
    int at;

    /**
     * @param width of values that are bytes
     */
    Fixed(ByteBuffer values, int width) {
      this.values = values;
      this.width = width;
    }

    @Override
    void to(int index) {
      at = index;
    }

    @Override
    public boolean getBoolean() {
      return (values.get(at / Byte.SIZE) >> at % Byte.SIZE & 1) == 1;
    }

    @Override
    public float getFloat() {
      return values.getFloat(at * Float.BYTES);
    }

    @Override
    public double getDouble() {
      return values.getDouble(at * Double.BYTES);
    }

    @Override
    public Binary getBinary() {
      return binary(values, at * width, width);
    }
  }

  /** Whole numbers, and what is stored as such: dates, times, decimals of few digits. */
  private static final class Wholes extends Fixed {

    private final boolean isLong;

    Wholes(ByteBuffer values, boolean isLong) {
      super(values, 0);
      this.isLong = isLong;
    }

    @Override
    public int getInteger() {
      return values.getInt(at * Integer.BYTES);
    }

    @Override
    public long getLong() {
      return values.getLong(at * Long.BYTES);
    }

    /** All of them are hashed as whole numbers, and most keys are such. */
    @Override
    void addHashes(ValueHash hash, long[] hashes, int first, int count) {
      for (int i = 0; i < count; i++) {
        long value = isLong ? values.getLong(i * Long.BYTES) : values.getInt(i * Integer.BYTES);
        hashes[first + i] = KeyHash.combine(hashes[first + i], KeyHash.of(value));
      }
    }
  }

  /** Values of any length, each with its length before it. */
  private static final class Texts extends DensePage {

    private final ByteBuffer values;
    private int at;
    private int place;

    Texts(ByteBuffer values) {
      this.values = values;
    }

    @Override
    void to(int index) {
      for (; at < index; at++) {
        place += Integer.BYTES + values.getInt(place);
      }
    }

    @Override
    public Binary getBinary() {
      return binary(values, place + Integer.BYTES, values.getInt(place));
    }
  }

  /** Small numbers that often repeat themselves: levels. */
  private static class Runs extends DensePage {

    final PackedNumbers numbers;
    int number;

    Runs(PackedNumbers numbers) {
      this.numbers = numbers;
    }

    @Override
    void to(int index) {
      number = numbers.at(index);
    }

    @Override
    public int getInteger() {
      return number;
    }
  }

  /** Numbers of values in a dictionary. */
  private static final class Coded extends Runs {

    private final Dictionary dictionary;

    Coded(Dictionary dictionary, PackedNumbers numbers) {
      super(numbers);
      this.dictionary = dictionary;
    }

    @Override
    void addHashes(ValueHash hash, long[] hashes, int first, int count) {
      long[] known = dictionary.hashes(hash);
      for (int i = 0; i < count; i++) {
        hashes[first + i] = KeyHash.combine(hashes[first + i], known[numbers.at(i)]);
      }
    }

    @Override
    public boolean getBoolean() {
      return dictionary.values.decodeToBoolean(number);
    }

    @Override
    public int getInteger() {
      return dictionary.values.decodeToInt(number);
    }

    @Override
    public long getLong() {
      return dictionary.values.decodeToLong(number);
    }

    @Override
    public float getFloat() {
      return dictionary.values.decodeToFloat(number);
    }

    @Override
    public double getDouble() {
      return dictionary.values.decodeToDouble(number);
    }

    @Override
    public Binary getBinary() {
      return dictionary.values.decodeToBinary(number);
    }
  }

  /** Any other encoding, by Parquet's own reader; a value can be read once. */
  private static final class Others extends DensePage {

    private final ValuesReader reader;
    private int next;

    Others(ValuesReader reader) {
      this.reader = reader;
    }

    @Override
    void to(int index) {
      if (index > next) {
        reader.skip(index - next);
      }
      next = index + 1;
    }

    @Override
    public boolean getBoolean() {
      return reader.readBoolean();
    }

    @Override
    public int getInteger() {
      return reader.readInteger();
    }

    @Override
    public long getLong() {
      return reader.readLong();
    }

    @Override
    public float getFloat() {
      return reader.readFloat();
    }

    @Override
    public double getDouble() {
      return reader.readDouble();
    }

    @Override
    public Binary getBinary() {
      return reader.readBytes();
    }
  }

  private static Binary binary(ByteBuffer values, int place, int length) {
    byte[] bytes = new byte[length];
    values.get(place, bytes);
    return Binary.fromConstantByteArray(bytes);
  }
}
