/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.maintain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.contract.Layer;
import dev.cdclake.fixture.Changes.Event;
import dev.cdclake.fixture.SparkTest;
import dev.cdclake.lake.PlannedFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.Table;
import org.apache.iceberg.io.CloseableIterable;
import org.junit.jupiter.api.Test;

/** What a running line does for its own tables. */
@SparkTest
class UpkeepTest extends OrdersLake {

  @Test
  void runningLineKeepsItsTablesSmall() {
    Upkeep upkeep = upkeep();
    for (int i = 0; i < 8; i++) {
      carryBatches(3);
      upkeep.look();
    }

    TableHealth health = TableHealth.of(silver.table());
    assertThat(health.dataFiles()).isLessThan(8);
    assertThat(health.deleteFiles()).isLessThan(8);
    assertThat(health.snapshots()).isBetween(1L, 20L);
    silver.carry(update(1, 10, "after"));
    assertThat(silver.rows("id", "status")).contains(List.of(1, "after"));
  }

  /** Long before there are many files: every query would read what is gone. */
  @Test
  void runningLineTakesOutRowsOfWhichManyAreGone() {
    open(KEEP);
    Upkeep upkeep = upkeep(10);
    carryBatches(7);
    upkeep.look();
    assertThat(TableHealth.of(silver.table()).dataFiles()).as("too few to begin").isEqualTo(7);

    carryBatches(1);
    List<List<Object>> rows = rows();
    long deletes = TableHealth.of(silver.table()).deletes();
    upkeep(deletes + 1).look();
    assertThat(TableHealth.of(silver.table()).deletes()).as("too few gone").isEqualTo(deletes);
    upkeep.look();

    TableHealth health = TableHealth.of(silver.table());
    assertThat(health.dataFiles()).isEqualTo(1);
    assertThat(health.deleteFiles()).isZero();
    assertThat(health.rows()).isEqualTo(rows.size());
    assertThat(rows()).isEqualTo(rows);
    long snapshot = silver.table().currentSnapshot().snapshotId();
    upkeep.look();
    assertThat(silver.table().currentSnapshot().snapshotId()).isEqualTo(snapshot);
  }

  /** Until then a query for one row reads the deletes of all files. */
  @Test
  void runningLineSortsManyDeletesByFile() throws IOException {
    open(KEEP);
    carryBatches(10);
    Table table = silver.table();
    long files = TableHealth.of(table).deleteFiles();
    long deletes = TableHealth.of(table).deletes();
    upkeep(Long.MAX_VALUE, deletes + 1).look();
    assertThat(TableHealth.of(silver.table()).deleteFiles()).as("too few").isEqualTo(files);
    List<List<Object>> rows = rows();

    upkeep(Long.MAX_VALUE, deletes).look();

    try (CloseableIterable<FileScanTask> tasks = silver.table().newScan().planFiles()) {
      assertThat(tasks)
          .hasSize(10)
          .allSatisfy(task -> assertThat(task.deletes().size()).isLessThanOrEqualTo(1));
    }
    assertThat(rows()).isEqualTo(rows);
  }

  /** All deletes of a data file are written anew. */
  @Test
  void deletesAreNotSortedForFewNewOnesAmongMany() {
    open(KEEP);
    carryUpdates(0, 100);
    for (int i = 0; i < 4; i++) {
      carryUpdates(0, 50);
    }
    Upkeep upkeep = upkeep(Long.MAX_VALUE, 1);
    upkeep.look();
    assertThat(TableHealth.of(silver.table()).deletes()).isEqualTo(200);
    assertThat(mostDeleteFilesOfOne()).isEqualTo(1);

    for (int i = 0; i < 4; i++) {
      carryUpdates(50 + i, 1);
    }
    upkeep.look();
    assertThat(mostDeleteFilesOfOne()).as("4 new beside 200").isEqualTo(5);

    for (int i = 0; i < 4; i++) {
      carryUpdates(60 + 6 * i, 6);
    }
    upkeep.look();
    assertThat(mostDeleteFilesOfOne()).as("28 new").isEqualTo(1);
  }

  private int mostDeleteFilesOfOne() {
    return PlannedFiles.of(silver.table().newScan()).stream()
        .mapToInt(task -> task.deletes().size())
        .max()
        .orElseThrow();
  }

  private void carryUpdates(int first, int rows) {
    silver.carry(
        IntStream.range(first, first + rows)
            .mapToObj(id -> update(id, id, "new"))
            .toArray(Event[]::new));
  }

  @Test
  void largeFileIsReplacedOnlyIfMuchOfItIsGone() throws IOException {
    open(KEEP, "maintenance: {file-megabytes: 1}");
    carryWide(0, 4000);
    Path large = firstFile(silver.table());
    assertThat(Files.size(large)).isGreaterThan(1 << 19);
    for (int i = 0; i < 8; i++) {
      carryWide(i * 60, 60);
    }
    Upkeep upkeep = upkeep(100);
    upkeep.look();
    assertThat(TableHealth.of(silver.table()).dataFiles()).as("480 of 4,480 gone").isEqualTo(9);

    carryWide(1000, 700);
    List<List<Object>> rows = rows();
    upkeep.look();

    assertThat(firstFile(silver.table())).isNotEqualTo(large);
    assertThat(TableHealth.of(silver.table()).deletes()).isZero();
    assertThat(rows()).isEqualTo(rows);
  }

  /** Spark throws checked exceptions that no method declares. */
  @Test
  void lineGoesOnAfterATableThatCannotBeLookedAfter() throws IOException {
    carryBatches(8);
    Files.delete(firstFile(silver.table()));

    upkeep().look();

    assertThat(TableHealth.of(silver.table()).dataFiles()).as("not put together").isEqualTo(8);

    open(KEEP);
    Upkeep upkeep = upkeep(1);
    upkeep.look();
    long snapshot = silver.table().currentSnapshot().snapshotId();
    upkeep.look();
    assertThat(silver.table().currentSnapshot().snapshotId())
        .as("tried again when there is more to do")
        .isEqualTo(snapshot);
  }

  private Upkeep upkeep() {
    return new Upkeep(lake.spark(), lake.tables(), pipeline, EnumSet.allOf(Layer.class));
  }

  private Upkeep upkeep(long manyGone) {
    return upkeep(manyGone, Long.MAX_VALUE);
  }

  private Upkeep upkeep(long manyGone, long manyDeletes) {
    return new Upkeep(
        lake.spark(), lake.tables(), pipeline, EnumSet.allOf(Layer.class), manyGone, manyDeletes);
  }
}
