/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import static org.apache.iceberg.types.Types.NestedField.optional;
import static org.apache.iceberg.types.Types.NestedField.required;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.iceberg.Files;
import org.apache.iceberg.Schema;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.data.parquet.GenericParquetWriter;
import org.apache.iceberg.io.FileAppender;
import org.apache.iceberg.parquet.Parquet;
import org.apache.iceberg.shaded.org.apache.parquet.column.ParquetProperties.WriterVersion;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Columns of real files: every type that silver has, NULLs, many pages, several row groups. */
class ParquetColumnsTest {

  private static final int ROWS = 8_000;

  private static final Schema SCHEMA =
      new Schema(
          required(1, "id", Types.LongType.get()),
          optional(2, "small", Types.IntegerType.get()),
          optional(3, "flag", Types.BooleanType.get()),
          optional(4, "single", Types.FloatType.get()),
          optional(5, "twice", Types.DoubleType.get()),
          optional(6, "day", Types.DateType.get()),
          optional(7, "instant", Types.TimestampType.withZone()),
          optional(8, "local", Types.TimestampType.withoutZone()),
          optional(9, "text", Types.StringType.get()),
          optional(10, "few", Types.StringType.get()),
          optional(11, "bytes", Types.BinaryType.get()),
          optional(12, "cents", Types.DecimalType.of(8, 2)),
          optional(13, "price", Types.DecimalType.of(18, 4)),
          optional(14, "exact", Types.DecimalType.of(38, 18)),
          optional(15, "flags", Types.ListType.ofOptional(16, Types.StringType.get())),
          optional(17, "numbers", Types.ListType.ofOptional(18, Types.LongType.get())),
          required(19, "bit", Types.BooleanType.get()),
          required(20, "cost", Types.DecimalType.of(12, 2)),
          optional(21, "bare", Types.ListType.ofOptional(22, Types.StringType.get())));

  @TempDir private Path folder;
  private final Random random = new Random(7);
  private boolean hasNulls = true;
  private WriterVersion version = WriterVersion.PARQUET_1_0;
  private List<Object[]> rows;

  @BeforeEach
  void inventRows() {
    rows = IntStream.range(0, ROWS).mapToObj(this::row).toList();
  }

  private Object[] row(int number) {
    return new Object[] {
      (long) number * 3,
      maybe(random.nextInt()),
      maybe(random.nextBoolean()),
      maybe(random.nextFloat()),
      maybe(random.nextDouble()),
      maybe(LocalDate.ofEpochDay(random.nextInt(40_000) - 20_000)),
      maybe(Instant.EPOCH.plusNanos(1000 * (long) random.nextInt() * 1000)),
      maybe(LocalDateTime.ofEpochSecond(random.nextInt(), 123_456_000, ZoneOffset.UTC)),
      maybe("text %x ä€ %s".formatted(random.nextLong(), "x".repeat(random.nextInt(200)))),
      maybe("few" + random.nextInt(3)),
      maybe(("bytes" + random.nextLong()).getBytes(StandardCharsets.UTF_8)),
      maybe(BigDecimal.valueOf(random.nextInt(99_999_999), 2)),
      maybe(BigDecimal.valueOf(random.nextLong() / 100, 4)),
      maybe(new BigDecimal("-12345678901234567890.123456789012345678")),
      list(i -> "flag" + i),
      list(i -> random.nextLong()),
      random.nextBoolean(),
      BigDecimal.valueOf(random.nextLong() % 1_000_000, 2),
      bareList()
    };
  }

  private Object maybe(Object value) {
    return hasNulls && random.nextInt(10) == 0 ? null : value;
  }

  /** A list, an empty one, one with NULLs, or none. */
  private Object[] list(java.util.function.IntFunction<Object> element) {
    return switch (random.nextInt(4)) {
      case 0 -> null;
      case 1 -> new Object[0];
      default ->
          IntStream.range(0, 1 + random.nextInt(4))
              .mapToObj(i -> maybe(element.apply(i)))
              .toArray();
    };
  }

  /** A list without a value: an empty one, one with a NULL, or none. */
  private Object[] bareList() {
    return switch (random.nextInt(30)) {
      case 0 -> null;
      case 1 -> new Object[1];
      default -> new Object[0];
    };
  }

  @ParameterizedTest
  @ValueSource(ints = {7, 100, 100_000})
  void valuesOfColumnsWithoutNullsAreThoseThatWereWritten(int rowsOfAPage) throws IOException {
    hasNulls = false;
    inventRows();
    valuesOfSingleRowsAreThoseThatWereWritten(rowsOfAPage);
    hashesOfKeysAreThoseOfTheirValues();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void valuesInTheEncodingsOfParquetsSecondVersionAreReadToo(boolean nulls) throws IOException {
    hasNulls = nulls;
    version = WriterVersion.PARQUET_2_0;
    inventRows();
    valuesOfSingleRowsAreThoseThatWereWritten(100);
    hashesOfKeysAreThoseOfTheirValues();
  }

  @ParameterizedTest
  @ValueSource(ints = {7, 100, 100_000})
  void valuesOfSingleRowsAreThoseThatWereWritten(int rowsOfAPage) throws IOException {
    try (ParquetColumns file = ParquetColumns.open(Files.localInput(write(rowsOfAPage).toFile()))) {
      List<Integer> groups = file.rowGroups();
      assertThat(groups).hasSizeGreaterThan(1);
      assertThat(groups.stream().mapToInt(Integer::intValue).sum()).isEqualTo(ROWS);
      int first = 0;
      for (int group = 0; group < groups.size(); group++) {
        for (int[] wanted : choices(groups.get(group))) {
          assertValues(file, group, first, wanted);
        }
        first += groups.get(group);
      }
    }
  }

  /** The last row of a page, and several that follow one another across pages, among them. */
  private List<int[]> choices(int count) {
    return List.of(
        new int[] {},
        new int[] {0},
        new int[] {count - 1},
        new int[] {0, count - 1},
        IntStream.range(0, count).filter(row -> row % 100 >= 98 || row % 100 == 0).toArray(),
        IntStream.range(0, count).filter(row -> random.nextInt(50) == 0).toArray(),
        IntStream.range(0, count).filter(row -> random.nextInt(1000) == 0).toArray(),
        IntStream.range(0, count).toArray());
  }

  private void assertValues(ParquetColumns file, int group, int first, int[] wanted)
      throws IOException {
    for (int column = 0; column < SCHEMA.columns().size(); column++) {
      int at = column;
      Object[] expected = IntStream.of(wanted).mapToObj(row -> rows.get(first + row)[at]).toArray();
      assertThat(
              Arrays.deepEquals(file.values(group, SCHEMA.columns().get(column), wanted), expected))
          .as("%s at %d rows of group %d", SCHEMA.columns().get(column), wanted.length, group)
          .isTrue();
    }
  }

  @Test
  void hashesOfKeysAreThoseOfTheirValues() throws IOException {
    try (ParquetColumns file = ParquetColumns.open(Files.localInput(write(100).toFile()))) {
      for (List<Integer> key :
          List.of(
              List.of(0),
              List.of(0, 8),
              List.of(1),
              List.of(5, 6),
              List.of(7),
              List.of(9, 2),
              List.of(10),
              List.of(11),
              List.of(12),
              List.of(13),
              List.of(4),
              List.of(3))) {
        List<Types.NestedField> fields = key.stream().map(SCHEMA.columns()::get).toList();
        int first = 0;
        for (int group = 0; group < file.rowGroups().size(); group++) {
          long[] hashes = file.keyHashes(group, fields);
          for (int row = 0; row < hashes.length; row++) {
            Object[] values = rows.get(first + row);
            List<Object> ofKey = key.stream().map(column -> values[column]).toList();
            if (!ofKey.contains(null)) {
              assertThat(hashes[row]).as("%s", ofKey).isEqualTo(KeyHash.of(ofKey));
            }
          }
          first += hashes.length;
        }
      }
    }
  }

  @Test
  void greatestNumberOfAColumnIsToldByStatistics() throws IOException {
    try (ParquetColumns file = ParquetColumns.open(Files.localInput(write(100).toFile()))) {
      int first = 0;
      for (int group = 0; group < file.rowGroups().size(); group++) {
        first += file.rowGroups().get(group);
        assertThat(file.greatest(group, SCHEMA.findField("id"))).hasValue((first - 1) * 3L);
      }
      assertThat(file.greatest(0, optional(99, "younger", Types.LongType.get()))).isEmpty();
    }
  }

  @Test
  void valuesWidenToTheTypesThatTheTableHasNow() throws IOException {
    Types.NestedField wide = optional(2, "renamed", Types.LongType.get());
    Types.NestedField twice = optional(4, "single", Types.DoubleType.get());
    Types.NestedField cents = optional(12, "cents", Types.DecimalType.of(20, 2));
    Types.NestedField younger = optional(99, "younger", Types.StringType.get());
    int[] all = IntStream.range(0, 100).toArray();
    try (ParquetColumns file = ParquetColumns.open(Files.localInput(write(100).toFile()))) {
      Object[] wider = file.values(0, wide, all);
      Object[] doubled = file.values(0, twice, all);
      for (int row : all) {
        Object number = rows.get(row)[1];
        Object single = rows.get(row)[3];
        assertThat(wider[row]).isEqualTo(number == null ? null : ((Integer) number).longValue());
        assertThat(doubled[row]).isEqualTo(single == null ? null : ((Float) single).doubleValue());
        if (number != null) {
          assertThat(file.keyHashes(0, List.of(wide))[row])
              .isEqualTo(KeyHash.of(List.of(((Integer) number).longValue())));
        }
      }
      assertThat(file.values(0, cents, all))
          .isEqualTo(IntStream.of(all).mapToObj(row -> rows.get(row)[11]).toArray());
      assertThat(file.values(0, younger, all)).containsOnlyNulls();
    }
  }

  private Path write(int rowsOfAPage) throws IOException {
    Path file = folder.resolve("rows-%d.parquet".formatted(rowsOfAPage));
    java.nio.file.Files.deleteIfExists(file);
    try (FileAppender<Record> appender =
        Parquet.write(Files.localOutput(file.toFile()))
            .writerVersion(version)
            .schema(SCHEMA)
            .createWriterFunc(GenericParquetWriter::create)
            .set("write.parquet.page-row-limit", String.valueOf(rowsOfAPage))
            .set("write.parquet.row-group-size-bytes", String.valueOf(1 << 19))
            .set("write.parquet.row-group-check-min-record-count", "1000")
            .set("write.parquet.compression-codec", "zstd")
            .build()) {
      for (Object[] row : rows) {
        appender.add(record(row));
      }
    }
    return file;
  }

  private static Record record(Object[] row) {
    GenericRecord record = GenericRecord.create(SCHEMA);
    for (int i = 0; i < row.length; i++) {
      record.set(i, stored(row[i]));
    }
    return record;
  }

  private static Object stored(Object value) {
    if (value instanceof Instant instant) {
      return instant.atOffset(ZoneOffset.UTC);
    }
    if (value instanceof byte[] bytes) {
      return ByteBuffer.wrap(bytes);
    }
    return value instanceof Object[] array ? new ArrayList<>(Arrays.asList(array)) : value;
  }
}
