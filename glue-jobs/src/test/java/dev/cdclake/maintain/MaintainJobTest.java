/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.maintain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Stage;
import dev.cdclake.fixture.SparkTest;
import dev.cdclake.gold.GoldJob;
import dev.cdclake.lake.ChangeContents;
import dev.cdclake.lake.ExpectationCounts;
import dev.cdclake.lake.ExpectationCounts.Count;
import dev.cdclake.lake.ExpectationResults;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.lake.Progress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.iceberg.Table;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.Test;

/** Maintenance of real tables, between and beside the batches of their writers. */
@SparkTest
class MaintainJobTest extends OrdersLake {

  @Test
  void compactionBetweenBatchesChangesNothing() {
    carryBatches(8);
    List<List<Object>> rows = rows();
    Progress progress = Progress.of(silver.table(), Stage.SILVER);

    Maintained done = maintain("silver.orders");

    assertThat(done.before().dataFiles()).isEqualTo(8);
    assertThat(done.after().dataFiles()).isEqualTo(1);
    assertThat(done.after().deleteFiles()).isZero();
    assertThat(done.complete()).isTrue();
    assertThat(rows()).isEqualTo(rows);
    assertThat(Progress.of(silver.table(), Stage.SILVER)).isEqualTo(progress);

    silver.carry(update(1, 10, "after"), ORDERS.delete(2).at(lsn++));
    assertThat(silver.rows("id", "status")).contains(List.of(1, "after"));
    assertThat(silver.rows("id", "is_active")).contains(List.of(2, false)).hasSize(rows.size());
  }

  @Test
  void loneDeleteFileGoesWithTheFileThatItBelongedTo() {
    silver.carry(insert(1), insert(2));
    silver.carry(update(1, 10, "after"));

    Maintained done = maintain("silver.orders");

    assertThat(done.before().deleteFiles()).isEqualTo(1);
    assertThat(done.after().deleteFiles()).isZero();
    assertThat(silver.rows("id", "user_id")).containsExactly(List.of(1, 10), List.of(2, 2));
    long snapshot = silver.table().currentSnapshot().snapshotId();
    maintain("silver.orders");
    assertThat(silver.table().currentSnapshot().snapshotId()).isEqualTo(snapshot);
  }

  @Test
  void lineGoesOnAfterEverythingThatMayBeExpiredIsExpired() {
    modelOrdersOfUsers();
    carryBatches(12);
    gold();
    silver.feed(update(1, 77, "unread"));

    List<Maintained> done = maintainAll();

    assertThat(done).extracting(Maintained::table).contains("bronze.orders", "gold.by_user");
    // What silver has yet to read of bronze is kept, and nothing before it.
    assertThat(snapshots(silver.bronze())).isLessThan(6);
    assertThat(snapshots(silver.table())).isLessThan(6);
    assertThat(silver.fold()).isPresent();
    assertThat(silver.rows("id", "status")).contains(List.of(1, "unread"));
    silver.carry(update(3, 78, "later"));
    gold();
    assertGoldIsRight();
    assertThat(silver.table().currentSnapshot().summary()).containsKey("cdclake.progress");
  }

  @Test
  void snapshotWithTheProgressOutlivesManySnapshotsOfMaintenance() {
    carryBatches(2);
    Table table = silver.table();
    for (int i = 0; i < 15; i++) {
      table.newFastAppend().commit();
    }

    maintainAll();

    assertThat(Progress.of(silver.table(), Stage.SILVER).offsets(topic())).isNotEmpty();
    silver.carry(update(1, 10, "after"));
    assertThat(silver.rows("id", "status")).contains(List.of(1, "after"));
  }

  @Test
  void goldFindsChangesThatACompactionMovedToOtherFiles() {
    modelOrdersOfUsers();
    carryBatches(3);
    gold();
    silver.carry(update(1, 501, "moved"));
    silver.carry(update(2, 502, "moved"));
    maintain("silver.orders");
    silver.carry(update(3, 503, "moved"));
    maintain("silver.orders");

    gold();

    assertGoldIsRight();
    assertThat(gold("user_id")).contains(List.of(501), List.of(502), List.of(503));
  }

  @Test
  void writersGoOnWhileTablesAreMaintained() throws Exception {
    carryBatches(2);
    AtomicBoolean written = new AtomicBoolean();
    ExecutorService writer = Executors.newSingleThreadExecutor();
    Future<?> batches =
        writer.submit(
            () -> {
              try {
                for (int batch = 0; batch < 25; batch++) {
                  silver.feed(update(batch % 6, batch, "s" + batch));
                  foldUntilItSucceeds();
                }
              } finally {
                written.set(true);
              }
            });
    List<Maintained> done = new ArrayList<>();
    while (!written.get()) {
      done.addAll(maintainAll());
    }
    batches.get();
    writer.shutdown();

    assertThat(done).anyMatch(one -> one.table().equals("silver.orders") && one.dataFiles() > 0);
    assertThat(silver.rows("id", "status"))
        .contains(
            List.of(0, "s24"),
            List.of(1, "s19"),
            List.of(2, "s20"),
            List.of(3, "s21"),
            List.of(4, "s22"),
            List.of(5, "s23"));
    assertThat(silver.rows("count(*)", "count(distinct id)"))
        .containsExactly(List.of((long) rows().size(), (long) rows().size()));
  }

  @Test
  void fileOfAWriterThatHasNotCommittedIsLeftAlone() {
    carryBatches(1);
    Path data = Path.of(silver.table().location(), "data");
    Path young = stray(data.resolve("young.parquet"), Duration.ofHours(2));
    Path old = stray(data.resolve("old.parquet"), Duration.ofDays(4));

    Maintained done = maintain("silver.orders");

    assertThat(done.orphans()).isEqualTo(1);
    assertThat(old).doesNotExist();
    assertThat(young).exists();
    assertThat(rows()).isNotEmpty();
  }

  @Test
  void oldDaysOfBronzeGoOnceSilverHasThem() {
    open();
    silver.carry(insert(1), insert(2));
    silver.feed(insert(3));

    assertThat(maintain("bronze.orders").rowsDeleted()).isZero();
    silver.fold();
    assertThat(maintain("bronze.orders").rowsDeleted()).isEqualTo(3);

    assertThat(lake.spark().table(bronze().quoted()).count()).isZero();
    silver.carry(update(1, 10, "after"));
    assertThat(silver.rows("id", "status")).contains(List.of(1, "after")).hasSize(3);
  }

  @Test
  void oldDaysWithValuesThatFillAColumnGoOnceSilverHasThem() throws Exception {
    open();
    silver.carry(insert(1), insert(2));
    fill(1);

    assertThat(maintain("bronze.orders").rowsDeleted()).isZero();
    silver.carry(insert(3));
    assertThat(maintain("bronze.orders").rowsDeleted()).isEqualTo(4);
    assertThat(lake.spark().table(bronze().quoted()).count()).isZero();
  }

  /** Puts a value of a row into bronze, as {@code schema backfill} does. */
  private void fill(int id) throws Exception {
    Progress progress = Progress.of(silver.bronze(), Stage.BRONZE);
    Dataset<Row> fill =
        lake.spark()
            .table(bronze().quoted())
            .where("key = '{\"id\":%d}'".formatted(id))
            .withColumn("_kafka_partition", functions.lit(-1))
            .withColumn("_op", functions.lit("f"));
    LakeTables.writer(fill, bronze(), progress.summary(Stage.BRONZE))
        .option(
            "snapshot-property.cdclake.contents", new ChangeContents(1, 0, 0, Set.of()).toJson())
        .append();
  }

  @Test
  void oldTombstonesGoAndActiveRowsStay() {
    open();
    silver.carry(insert(1), insert(2));
    silver.carry(ORDERS.delete(2).at(lsn++));

    assertThat(maintain("silver.orders").rowsDeleted()).isEqualTo(1);

    assertThat(silver.rows("id")).containsExactly(List.of(1));
    silver.carry(insert(2));
    assertThat(silver.rows("id")).containsExactly(List.of(1), List.of(2));
  }

  @Test
  void oldCountsOfExpectationsGoWithTheRejectedRows() {
    open(KEEP.replace("rejected: forever", "rejected: 30d"), AT_ONCE);
    Instant now = Instant.now();
    ExpectationResults.Result found =
        new ExpectationResults.Result("total_is_positive", "flag", 10, 1);
    new ExpectationCounts(lake.tables(), pipeline)
        .append(
            List.of(
                new Count("orders", found, now.minus(Duration.ofDays(31)), null),
                new Count("orders", found, now, null)));

    Maintained done = maintain("silver._expectations");

    assertThat(done.rowsDeleted()).isEqualTo(1);
    assertThat(lake.spark().table(pipeline.expectationCounts().quoted()).count()).isEqualTo(1);
  }

  @Test
  void dryRunChangesNothing() {
    carryBatches(6);
    long before = silver.table().currentSnapshot().snapshotId();
    List<Maintained> planned = new ArrayList<>();

    job().plan(List.of(orders()), planned::add);

    assertThat(planned).hasSize(1);
    assertThat(planned.get(0).dataFiles()).isEqualTo(6);
    assertThat(silver.table().currentSnapshot().snapshotId()).isEqualTo(before);
  }

  @Test
  void nothingIsBegunAfterTheTimeIsUp() {
    carryBatches(6);
    List<Maintained> done = new ArrayList<>();

    job().run(job().tables(), Duration.ZERO, done::add);

    assertThat(done).isNotEmpty().noneMatch(Maintained::complete);
    assertThat(silver.table().currentSnapshot().operation()).isNotEqualTo("replace");
  }

  /** A file of deletes in several data files does not say how much of which is gone. */
  @Test
  void oneRunReplacesALargeFileOfWhichMuchIsGone() throws IOException {
    open(KEEP, "maintenance: {file-megabytes: 1}");
    carryWide(0, 4000);
    Path large = firstFile(silver.table());
    for (int i = 0; i < 4; i++) {
      carryWide(i * 200, 400);
    }
    List<List<Object>> rows = rows();

    maintain("silver.orders");

    assertThat(firstFile(silver.table())).isNotEqualTo(large);
    assertThat(TableHealth.of(silver.table()).deletes()).isZero();
    assertThat(rows()).isEqualTo(rows);
  }

  private void foldUntilItSucceeds() {
    for (int tries = 0; ; tries++) {
      try {
        silver.fold();
        return;
      } catch (dev.cdclake.failure.PipelineException e) {
        if (tries == 5) {
          throw e;
        }
      }
    }
  }

  private void modelOrdersOfUsers() {
    lake.model(
        "by_user",
        "select user_id, count(*) as orders from silver.orders"
            + " where is_active and user_id is not null group by user_id",
        "key: [user_id]",
        "refresh: incremental",
        "touched-by: {silver.orders: user_id}",
        "columns: {user_id: {type: int}, orders: {type: bigint}}");
  }

  private void gold() {
    new GoldJob(lake.spark(), lake.tables(), pipeline).runBatch();
  }

  private void assertGoldIsRight() {
    assertThat(gold("user_id", "orders"))
        .containsExactlyInAnyOrderElementsOf(
            rowsOf(
                lake.spark()
                    .sql(
                        "select user_id, count(*) from %s where is_active and user_id is not null group by user_id"
                            .formatted(orders().quoted()))));
  }

  private List<List<Object>> gold(String... columns) {
    return rowsOf(lake.spark().table(pipeline.gold("by_user").quoted()).selectExpr(columns));
  }

  private static List<List<Object>> rowsOf(
      org.apache.spark.sql.Dataset<org.apache.spark.sql.Row> rows) {
    return rows.collectAsList().stream()
        .map(row -> List.<Object>copyOf(scala.jdk.javaapi.CollectionConverters.asJava(row.toSeq())))
        .toList();
  }

  private LakeTable bronze() {
    return pipeline.bronze(pipeline.tables().get(0));
  }

  private String topic() {
    return pipeline.topic(pipeline.tables().get(0));
  }

  private static Path stray(Path file, Duration age) {
    try {
      Files.writeString(file, "stray");
      return Files.setLastModifiedTime(file, FileTime.from(Instant.now().minus(age)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
