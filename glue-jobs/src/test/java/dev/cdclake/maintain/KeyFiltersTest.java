/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.maintain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.fixture.Changes.Event;
import dev.cdclake.fixture.SparkTest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.expressions.Expressions;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.parquet.ParquetBloomRowGroupFilter;
import org.apache.iceberg.shaded.org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.iceberg.shaded.org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.iceberg.shaded.org.apache.parquet.io.LocalInputFile;
import org.junit.jupiter.api.Test;

/** Which files a query for one row reads: Iceberg decides by what the files of silver say. */
@SparkTest
class KeyFiltersTest extends OrdersLake {

  private static final int BATCHES = 6;

  @Test
  void queryForOneRowSkipsTheFilesThatDoNotHaveIt() throws IOException {
    carryBatchesThatOverlap();
    for (int id : new int[] {1, 300, 599}) {
      assertThat(filesRead(id)).as("files read for %d", id).isEqualTo(1);
    }

    maintainAll();

    assertThat(TableHealth.of(silver.table()).dataFiles()).isEqualTo(1);
    assertThat(filesRead(300)).isEqualTo(1);
    assertThat(filesRead(601)).as("nowhere").isZero();
  }

  /** Room for many rows would be most of a small file. */
  @Test
  void filterIsAsLargeAsItsFileNeeds() throws IOException {
    carryBatchesThatOverlap();

    for (ParquetFileReader file : open()) {
      try (file) {
        for (BlockMetaData rows : file.getRowGroups()) {
          assertThat(rows.getColumns().get(0).getPath().toDotString()).isEqualTo("id");
          assertThat(file.readBloomFilter(rows.getColumns().get(0)).getBitsetSize())
              .isBetween(32, 256);
        }
      }
    }
  }

  /** Each has every sixth key, from the first ones to the last. */
  private void carryBatchesThatOverlap() {
    for (int batch = 0; batch < BATCHES; batch++) {
      int first = batch;
      silver.carry(
          IntStream.range(0, 100).mapToObj(i -> insert(i * BATCHES + first)).toArray(Event[]::new));
    }
  }

  private long filesRead(int id) throws IOException {
    ParquetBloomRowGroupFilter filter =
        new ParquetBloomRowGroupFilter(silver.table().schema(), Expressions.equal("id", id));
    long read = 0;
    for (ParquetFileReader file : open()) {
      try (file) {
        for (BlockMetaData rows : file.getRowGroups()) {
          boolean needed =
              filter.shouldRead(
                  file.getFileMetaData().getSchema(), rows, file.getBloomFilterDataReader(rows));
          read += needed ? 1 : 0;
        }
      }
    }
    return read;
  }

  private List<ParquetFileReader> open() throws IOException {
    List<ParquetFileReader> files = new ArrayList<>();
    try (CloseableIterable<FileScanTask> tasks = silver.table().newScan().planFiles()) {
      for (FileScanTask task : tasks) {
        files.add(ParquetFileReader.open(new LocalInputFile(Path.of(task.file().location()))));
      }
    }
    return files;
  }
}
