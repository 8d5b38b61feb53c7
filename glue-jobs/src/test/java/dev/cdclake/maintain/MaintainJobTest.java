/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.maintain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Layer;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Stage;
import dev.cdclake.fixture.Changes;
import dev.cdclake.fixture.Changes.Event;
import dev.cdclake.fixture.SparkTest;
import dev.cdclake.fixture.TestLake;
import dev.cdclake.gold.GoldJob;
import dev.cdclake.lake.ChangeContents;
import dev.cdclake.lake.ExpectationCounts;
import dev.cdclake.lake.ExpectationCounts.Count;
import dev.cdclake.lake.ExpectationResults;
import dev.cdclake.lake.Progress;
import dev.cdclake.silver.SilverRun;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.Table;
import org.apache.iceberg.actions.RewriteFileGroup;
import org.apache.iceberg.exceptions.ValidationException;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Maintenance of real tables, between and beside the batches of their writers. */
@SparkTest
class MaintainJobTest {

  private static final Changes ORDERS =
      Changes.of("orders").column("user_id", "int32").column("status", "string");

  /** The events of these tests are years old; most tests want to keep them. */
  private static final String KEEP =
      "retention: {bronze: forever, tombstones: forever, rejected: forever, snapshots: 0s}";

  private static final String AT_ONCE =
      "maintenance: {small-files: 4, snapshots: 10, longest-query: 0s}";

  private TestLake lake;
  private Pipeline pipeline;
  private SilverRun silver;
  private long lsn = 100;

  @BeforeEach
  void openLake(TestLake lake) {
    this.lake = lake;
    open(KEEP, AT_ONCE);
  }

  private void open(String... settings) {
    List<String> lines = new ArrayList<>(List.of("tables:", "  - name: orders"));
    lines.addAll(List.of(settings));
    pipeline = lake.pipeline(lines.toArray(String[]::new));
    silver = new SilverRun(lake, pipeline);
  }

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
  void markOfRowsThatMovedOnceHoldsNoSnapshotBack() {
    carryBatches(8);
    Table table = silver.table();
    RewriteFileGroup group = rewritten(table);
    long since = table.currentSnapshot().snapshotId();
    silver.carry(update(1, 10, "meanwhile"));
    Compaction.commitBesideWriter(orders(), table, group, since);
    carryBatches(12);

    maintainAll();

    assertThat(snapshots(silver.table())).isLessThan(6);
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
  void rowsThatChangeWhileTheirFilesAreReplacedChangeInTheNewFiles() {
    carryBatches(8);
    Table table = silver.table();
    RewriteFileGroup group = rewritten(table);
    long since = table.currentSnapshot().snapshotId();
    silver.carry(update(1, 10, "meanwhile"), ORDERS.delete(2).at(lsn++));
    silver.carry(update(1, 11, "meanwhile again"));
    List<List<Object>> rows = rows();

    Compaction.commitBesideWriter(orders(), table, group, since);

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
    Table table = silver.table();
    RewriteFileGroup group = rewritten(table);
    long since = table.currentSnapshot().snapshotId();
    silver.carry(update(1, 11, "of another"));

    Compaction.commitBesideWriter(orders(), table, group, since);
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
    Table table = silver.table();
    RewriteFileGroup group = rewritten(table);
    long since = table.currentSnapshot().snapshotId();
    silver.carry(update(1, 10, "meanwhile"));
    List<List<Object>> rows = rows();
    group.setOutputFiles(Set.of());

    assertThatThrownBy(() -> Compaction.commitBesideWriter(orders(), table, group, since))
        .isInstanceOf(ValidationException.class)
        .hasMessage("1 rows were deleted meanwhile, and 0 have their keys");

    assertThat(rows()).isEqualTo(rows);
    silver.carry(update(1, 11, "after"));
    assertThat(silver.rows("id", "status")).contains(List.of(1, "after"));
  }

  @Test
  void filesThatWereCommittedStayWhenTheEndOfThePauseCannotBeSaid() {
    carryBatches(8);
    Table table = silver.table();
    RewriteFileGroup group = rewritten(table);
    long since = table.currentSnapshot().snapshotId();
    List<List<Object>> rows = rows();

    assertThatThrownBy(
            () -> Compaction.commitBesideWriter(orders(), refusingSecondPause(table), group, since))
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

  private LakeTable orders() {
    return pipeline.silver(pipeline.tables().get(0));
  }

  private RewriteFileGroup rewritten(Table table) {
    RewriteFileGroup group =
        Compaction.groups(table, Compaction.Aim.full(16 << 20, 2)).iterator().next();
    new Compaction(lake.spark()).rewrite(table, group);
    return group;
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
    progress
        .recordIn(fill.writeTo(bronze().quoted()), Stage.BRONZE)
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

    job().plan(List.of(pipeline.silver(pipeline.tables().get(0))), planned::add);

    assertThat(planned).hasSize(1);
    assertThat(planned.get(0).dataFiles()).isEqualTo(6);
    assertThat(silver.table().currentSnapshot().snapshotId()).isEqualTo(before);
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

  @Test
  void nothingIsBegunAfterTheTimeIsUp() {
    carryBatches(6);
    List<Maintained> done = new ArrayList<>();

    job().run(job().tables(), Duration.ZERO, done::add);

    assertThat(done).isNotEmpty().noneMatch(Maintained::complete);
    assertThat(silver.table().currentSnapshot().operation()).isNotEqualTo("replace");
  }

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

  /** Text that no codec makes much smaller. */
  private void carryWide(int from, int count) {
    Random random = new Random(lsn);
    silver.carry(
        IntStream.range(from, from + count)
            .mapToObj(
                id ->
                    update(
                        id,
                        id,
                        random
                            .ints(300, 32, 127)
                            .collect(
                                StringBuilder::new,
                                StringBuilder::appendCodePoint,
                                StringBuilder::append)
                            .toString()))
            .toArray(Event[]::new));
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
    return new Upkeep(lake.spark(), lake.tables(), pipeline, EnumSet.allOf(Layer.class), manyGone);
  }

  private static Path firstFile(Table table) throws IOException {
    try (CloseableIterable<FileScanTask> tasks = table.newScan().planFiles()) {
      return Path.of(tasks.iterator().next().file().location());
    }
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
                            .formatted(pipeline.silver(pipeline.tables().get(0)).quoted()))));
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

  /** Every batch replaces rows of the batch before, so that deletes pile up, too. */
  private void carryBatches(int batches) {
    for (int batch = 0; batch < batches; batch++) {
      silver.carry(
          update(batch % 5, batch, "b" + batch),
          update(batch % 5 + 1, batch, "c" + batch),
          update(1000 + (int) lsn, batch, "new"));
    }
  }

  private Event insert(int id) {
    return ORDERS.insert(id).at(lsn++).set("user_id", id);
  }

  private Event update(int id, int user, String status) {
    return ORDERS.update(id).at(lsn++).set("user_id", user).set("status", status);
  }

  private List<List<Object>> rows() {
    return silver.rows("id", "user_id", "status", "is_active", "_lsn");
  }

  private MaintainJob job() {
    return new MaintainJob(lake.spark(), lake.tables(), pipeline);
  }

  private List<Maintained> maintainAll() {
    List<Maintained> done = new ArrayList<>();
    job().run(job().tables(), Duration.ofMinutes(5), done::add);
    return done;
  }

  private Maintained maintain(String label) {
    List<Maintained> done = new ArrayList<>();
    job()
        .run(
            job().tables().stream().filter(name -> name.label().equals(label)).toList(),
            Duration.ofMinutes(5),
            done::add);
    return done.get(0);
  }

  private LakeTable bronze() {
    return pipeline.bronze(pipeline.tables().get(0));
  }

  private String topic() {
    return pipeline.topic(pipeline.tables().get(0));
  }

  private static long snapshots(Table table) {
    return TableHealth.of(table).snapshots();
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
