/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.maintain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cdclake.contract.LakeTable;
import dev.cdclake.fixture.SparkTest;
import dev.cdclake.gold.GoldJob;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.Table;
import org.apache.iceberg.actions.RewriteFileGroup;
import org.apache.iceberg.exceptions.ValidationException;
import org.apache.iceberg.io.CloseableIterable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that are replaced beside the writer of their table. */
@SparkTest
class CompactionTest extends OrdersLake {

  @Test
  void markOfRowsThatMovedOnceHoldsNoSnapshotBack() {
    carryBatches(8);
    Replacement replacement = written();
    silver.carry(update(1, 10, "meanwhile"));
    replacement.commit();
    carryBatches(12);

    maintainAll();

    assertThat(snapshots(silver.table())).isLessThan(6);
  }

  @ParameterizedTest(name = "up to {0} by this process")
  @ValueSource(longs = {0, Long.MAX_VALUE})
  void deletesAreSortedByDataFile(long mostHere) throws IOException {
    carryBatches(10);
    Table table = silver.table();
    long deletes = TableHealth.of(table).deletes();
    List<List<Object>> rows = rows();

    new Compaction(lake.spark(), mostHere).compactDeletes(table, 1, new Budget(Instant.MAX));

    assertThat(TableHealth.of(silver.table()).deletes()).isEqualTo(deletes);
    try (CloseableIterable<FileScanTask> tasks = silver.table().newScan().planFiles()) {
      assertThat(tasks)
          .hasSize(10)
          .allSatisfy(task -> assertThat(task.deletes().size()).isLessThanOrEqualTo(1))
          .anySatisfy(task -> assertThat(task.deletes()).hasSize(1));
    }
    assertThat(rows()).isEqualTo(rows);
  }

  @ParameterizedTest(name = "up to {0} by this process")
  @ValueSource(longs = {0, Long.MAX_VALUE})
  void deletesOfFilesThatAreGoneAreDropped(long mostHere) {
    carryBatches(8);
    written().commit();
    assertThat(TableHealth.of(silver.table()).deletes()).isPositive();
    List<List<Object>> rows = rows();

    new Compaction(lake.spark(), mostHere)
        .compactDeletes(silver.table(), 1, new Budget(Instant.MAX));

    assertThat(TableHealth.of(silver.table()).deletes()).isZero();
    assertThat(rows()).isEqualTo(rows);
  }

  @Test
  void rowsThatChangeWhileTheirFilesAreReplacedChangeInTheNewFiles() {
    carryBatches(8);
    Replacement replacement = written();
    silver.carry(update(1, 10, "meanwhile"), ORDERS.delete(2).at(lsn++));
    silver.carry(update(1, 11, "meanwhile again"));
    List<List<Object>> rows = rows();

    replacement.commit();

    assertThat(rows()).isEqualTo(rows);
    assertThat(TableHealth.of(silver.table()).dataFiles()).isEqualTo(3);
    silver.carry(update(2, 12, "back"), update(3, 13, "after"));
    assertThat(silver.rows("id", "status", "is_active"))
        .contains(
            List.of(1, "meanwhile again", true),
            List.of(2, "back", true),
            List.of(3, "after", true))
        .hasSize(rows.size());
  }

  @Test
  void rowsThatChangeWhileTheirFilesAreReplacedAreCountedOnceInGold() {
    String select =
        "select user_id, count(*) as orders from silver.orders where is_active group by user_id";
    lake.model(
        "by_user",
        select,
        "key: [user_id]",
        "refresh: incremental",
        "touched-by: {silver.orders: user_id}",
        "columns: {user_id: {type: int}, orders: {type: bigint}}");
    carryBatches(8);
    GoldJob gold = new GoldJob(lake.spark(), lake.tables(), pipeline);
    silver.carry(update(1, 10, "of one user"), update(2, 10, "the same"), update(3, 10, "again"));
    gold.runBatch();
    Replacement replacement = written();
    silver.carry(update(1, 11, "of another"));

    replacement.commit();
    silver.carry(update(2, 12, "after"));
    gold.runBatch();

    assertThat(
            lake.spark()
                .table(pipeline.gold("by_user").quoted())
                .orderBy("user_id")
                .collectAsList())
        .isEqualTo(
            lake.spark()
                .sql(select.replace("silver.orders", orders().quoted()))
                .orderBy("user_id")
                .collectAsList());
  }

  @Test
  void replacementThatLacksARowThatChangedIsNotCommitted() {
    carryBatches(8);
    Replacement replacement = written();
    silver.carry(update(1, 10, "meanwhile"));
    List<List<Object>> rows = rows();
    replacement.group().setOutputFiles(Set.of());

    assertThatThrownBy(replacement::commit)
        .isInstanceOf(ValidationException.class)
        .hasMessage("1 rows were deleted meanwhile, and 0 have their keys");

    assertThat(rows()).isEqualTo(rows);
    silver.carry(update(1, 11, "after"));
    assertThat(silver.rows("id", "status")).contains(List.of(1, "after"));
  }

  @Test
  void filesThatWereCommittedStayWhenTheEndOfThePauseCannotBeSaid() {
    carryBatches(8);
    Replacement replacement = written();
    List<List<Object>> rows = rows();

    assertThatThrownBy(() -> replacement.in(refusingSecondPause(replacement.table())).commit())
        .hasMessage("the catalog is gone");

    assertThat(TableHealth.of(silver.table()).dataFiles()).isEqualTo(1);
    assertThat(rows()).isEqualTo(rows);
  }

  /** Returns a table whose properties can be changed once. */
  private static Table refusingSecondPause(Table table) {
    AtomicBoolean asked = new AtomicBoolean();
    return (Table)
        Proxy.newProxyInstance(
            Table.class.getClassLoader(),
            new Class<?>[] {Table.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("updateProperties") && asked.getAndSet(true)) {
                throw new IllegalStateException("the catalog is gone");
              }
              return method.invoke(table, arguments);
            });
  }

  /** New files for the rows of a table as it was then, not committed yet. */
  private record Replacement(LakeTable name, Table table, RewriteFileGroup group, long since) {

    Replacement in(Table other) {
      return new Replacement(name, other, group, since);
    }

    void commit() {
      Compaction.commitBesideWriter(name, table, group, since);
    }
  }

  private Replacement written() {
    Table table = silver.table();
    RewriteFileGroup group =
        Compaction.groups(table, Compaction.Aim.full(16 << 20, 2)).iterator().next();
    new Compaction(lake.spark()).rewrite(table, group);
    return new Replacement(orders(), table, group, table.currentSnapshot().snapshotId());
  }

  @Test
  void filesOfHalfTheSizeAreLargeEnough() throws IOException {
    carryBatches(2);
    List<Long> bytes = new ArrayList<>();
    try (CloseableIterable<FileScanTask> tasks = silver.table().newScan().planFiles()) {
      tasks.forEach(task -> bytes.add(task.file().fileSizeInBytes()));
    }
    long smallest = Collections.min(bytes);
    long largest = Collections.max(bytes);

    assertThat(bytes).hasSize(2);
    assertThat(Compaction.planned(silver.table(), Compaction.Aim.small(2 * smallest, 2))).isZero();
    assertThat(Compaction.planned(silver.table(), Compaction.Aim.small(2 * largest + 2, 2)))
        .isEqualTo(2);
  }
}
