/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.maintain;

import static org.apache.iceberg.types.Types.NestedField.required;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.fixture.Changes;
import dev.cdclake.fixture.Changes.Event;
import dev.cdclake.fixture.SparkTest;
import dev.cdclake.lake.KeyFilters;
import dev.cdclake.lake.SilverKey;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import org.apache.iceberg.Schema;
import org.apache.iceberg.expressions.Expression;
import org.apache.iceberg.expressions.Expressions;
import org.apache.iceberg.parquet.ParquetBloomRowGroupFilter;
import org.apache.iceberg.shaded.org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.iceberg.shaded.org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.iceberg.shaded.org.apache.parquet.io.LocalInputFile;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.api.Test;

/** Which files a query for one row reads: Iceberg decides by what the files of silver say. */
@SparkTest
class KeyFiltersTest extends OrdersLake {

  private static final int BATCHES = 6;

  private static final Changes LARGE = ORDERS.column("id", "int64");

  @Test
  void queryForOneRowSkipsTheFilesThatDoNotHaveIt() throws IOException {
    carryBatchesThatOverlap();
    for (int id : new int[] {1, 300, 599}) {
      assertThat(rowGroupsRead(Expressions.equal("id", id))).as("for %d", id).isEqualTo(1);
    }

    maintainAll();

    assertThat(TableHealth.of(silver.table()).dataFiles()).isEqualTo(1);
    assertThat(rowGroupsRead(Expressions.equal("id", 300))).isEqualTo(1);
    assertThat(rowGroupsRead(Expressions.equal("id", 601))).as("nowhere").isZero();
  }

  /** Engines read a row group whole. */
  @Test
  void queryForOneRowReadsAPartOfALargeFile() throws IOException {
    Random random = new Random(17);
    silver.carry(
        IntStream.range(0, 400)
            .mapToObj(id -> LARGE.insert(id).at(lsn++).set("status", wide(random)))
            .toArray(Event[]::new));

    assertThat(TableHealth.of(silver.table()).dataFiles()).isEqualTo(1);
    assertThat(ofRowGroups((file, rows) -> rows)).hasSizeGreaterThan(1);
    for (int id : new int[] {0, 200, 399}) {
      assertThat(rowGroupsRead(Expressions.equal("id", id))).as("for %d", id).isEqualTo(1);
    }
  }

  /** 200 kB that no codec makes much smaller. */
  private static String wide(Random random) {
    byte[] bytes = new byte[150_000];
    random.nextBytes(bytes);
    return Base64.getEncoder().encodeToString(bytes);
  }

  @Test
  void everyColumnOfAKeyCountsByItsNewestName() throws IOException {
    open("    renames: {id: number}", KEEP);
    Changes before = LARGE.key("id", "status");
    Changes after = LARGE.column("number", "int64").without("id").key("number", "status");
    for (int batch = 0; batch < BATCHES; batch++) {
      silver.carry(
          (batch == 0 ? before : after).insert(batch, "a").at(lsn++),
          (batch == 0 ? before : after).insert(batch + 10, "z" + batch).at(lsn++));
    }

    assertThat(rowGroupsRead(Expressions.equal("number", 5))).isEqualTo(1);
    assertThat(rowGroupsRead(Expressions.equal("status", "z3"))).isEqualTo(1);
    assertThat(rowGroupsRead(Expressions.equal("status", "a"))).isEqualTo(BATCHES);
  }

  /** Room for many rows would be most of a small file. */
  @Test
  void filterIsAsLargeAsItsFileNeeds() throws IOException {
    carryBatchesThatOverlap();
    assertThat(filterBytes()).hasSize(BATCHES).allMatch(bytes -> bytes >= 32 && bytes <= 256);
  }

  @Test
  void filterOfRowsThatWereCheckedIsAsLargeAsItsFileNeeds() throws IOException {
    open("    expect: {small: user_id < 1000000}", KEEP);
    silver.carry(LARGE.insert(1).at(lsn++).set("user_id", 1));

    assertThat(filterBytes()).containsExactly(32);
  }

  /** A file without a filter is read; one with a filter of other hashes would be skipped. */
  @Test
  void columnWhoseHashMayChangeHasNone() {
    Schema schema =
        new Schema(
            required(1, "small", Types.IntegerType.get()),
            required(2, "large", Types.LongType.get()),
            required(3, "text", Types.StringType.get()),
            required(4, "price", Types.DecimalType.of(20, 2)),
            required(5, "half", Types.FloatType.get()),
            required(6, "whole", Types.DoubleType.get()),
            required(7, "flag", Types.BooleanType.get()));
    List<String> columns = schema.columns().stream().map(Types.NestedField::name).toList();

    assertThat(KeyFilters.properties(new SilverKey(columns), schema))
        .containsOnlyKeys(
            "write.parquet.bloom-filter-enabled.column.large",
            "write.parquet.bloom-filter-enabled.column.text",
            "write.parquet.bloom-filter-max-bytes");
    assertThat(KeyFilters.properties(new SilverKey(List.of("small")), schema)).isEmpty();
    assertThat(KeyFilters.properties(new SilverKey(List.of()), schema)).isEmpty();
  }

  /** Each has every sixth key, from the first ones to the last. */
  private void carryBatchesThatOverlap() {
    for (int batch = 0; batch < BATCHES; batch++) {
      int first = batch;
      silver.carry(
          IntStream.range(0, 100)
              .mapToObj(i -> LARGE.insert(i * BATCHES + first).at(lsn++))
              .toArray(Event[]::new));
    }
  }

  private long rowGroupsRead(Expression query) throws IOException {
    ParquetBloomRowGroupFilter filter =
        new ParquetBloomRowGroupFilter(silver.table().schema(), query);
    return ofRowGroups(
            (file, rows) ->
                filter.shouldRead(
                    file.getFileMetaData().getSchema(), rows, file.getBloomFilterDataReader(rows)))
        .stream()
        .filter(needed -> needed)
        .count();
  }

  /** Returns the size of each file's filter of its first column, the key. */
  private List<Integer> filterBytes() throws IOException {
    return ofRowGroups(
        (file, rows) ->
            file.getBloomFilterDataReader(rows)
                .readBloomFilter(rows.getColumns().get(0))
                .getBitsetSize());
  }

  private <T> List<T> ofRowGroups(BiFunction<ParquetFileReader, BlockMetaData, T> look)
      throws IOException {
    List<T> seen = new ArrayList<>();
    for (Path path : files(silver.table())) {
      try (ParquetFileReader file = ParquetFileReader.open(new LocalInputFile(path))) {
        file.getRowGroups().forEach(rows -> seen.add(look.apply(file, rows)));
      }
    }
    return seen;
  }
}
