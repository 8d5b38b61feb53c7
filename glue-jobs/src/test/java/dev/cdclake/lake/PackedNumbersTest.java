/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.parquet.bytes.ByteBufferInputStream;
import org.apache.parquet.bytes.HeapByteBufferAllocator;
import org.apache.parquet.column.values.rle.RunLengthBitPackingHybridEncoder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Numbers that Parquet's own encoder wrote. */
class PackedNumbersTest {

  private static final int COUNT = 5_003;

  private final Random random = new Random(11);

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 7, 8, 9, 13, 16, 17, 24, 31, 32})
  void everyNumberIsTheOneThatWasWritten(int width) throws IOException {
    int[] numbers = numbers(width);
    ByteBuffer written = written(numbers, width);

    PackedNumbers read = PackedNumbers.of(ByteBufferInputStream.wrap(written.duplicate()), width);

    assertThat(IntStream.range(0, COUNT).map(read::at).toArray()).isEqualTo(numbers);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 5, 12, 20, 32})
  void numbersBetweenTwoWantedOnesArePassedOver(int width) throws IOException {
    int[] numbers = numbers(width);
    ByteBuffer written = written(numbers, width);

    for (int most : new int[] {3, 40, 900}) {
      PackedNumbers read = PackedNumbers.of(ByteBufferInputStream.wrap(written.duplicate()), width);
      for (int at = random.nextInt(most); at < COUNT; at += 1 + random.nextInt(most)) {
        assertThat(read.at(at)).as("number %d", at).isEqualTo(numbers[at]);
      }
    }
  }

  /** Parquet's encoder fills up the last group of eight; others end with the last number. */
  @Test
  void lastGroupMayEndWithItsLastNumber() throws IOException {
    int[] numbers = {1, 2, 3, 4, 5, 6, 7, 0, 5, 2, 7};
    ByteBuffer written = written(numbers, 3);
    // The three numbers of the second group take 9 bits of its 24.
    ByteBuffer cut = written.duplicate().limit(written.limit() - 1);

    PackedNumbers read = PackedNumbers.of(ByteBufferInputStream.wrap(cut), 3);

    assertThat(IntStream.range(0, numbers.length).map(read::at).toArray()).isEqualTo(numbers);
  }

  /** Some that repeat themselves, as levels do, and some that do not. */
  private int[] numbers(int width) {
    int[] numbers = new int[COUNT];
    for (int at = 0; at < COUNT; at++) {
      boolean repeats = at > 0 && at / 100 % 2 == 0;
      int most = (int) ((1L << width) - 1);
      numbers[at] = repeats ? numbers[at - 1] : random.nextInt() & most;
    }
    return numbers;
  }

  private static ByteBuffer written(int[] numbers, int width) throws IOException {
    try (RunLengthBitPackingHybridEncoder encoder =
        new RunLengthBitPackingHybridEncoder(width, 64, 1 << 20, new HeapByteBufferAllocator())) {
      for (int number : numbers) {
        encoder.writeInt(number);
      }
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      encoder.toBytes().writeAllTo(bytes);
      return ByteBuffer.wrap(bytes.toByteArray());
    }
  }
}
