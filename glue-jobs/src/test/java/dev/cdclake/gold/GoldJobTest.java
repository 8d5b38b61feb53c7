/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.gold;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SettingsException;
import dev.cdclake.contract.SnapshotKeys;
import dev.cdclake.fixture.Changes;
import dev.cdclake.fixture.SparkTest;
import dev.cdclake.fixture.TestLake;
import dev.cdclake.lake.ConsistentSnapshots;
import dev.cdclake.runtime.StageReport;
import dev.cdclake.silver.SilverRun;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.iceberg.Table;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@SparkTest
class GoldJobTest {

  private static final Changes ORDERS =
      Changes.of("orders").column("user_id", "int32").column("amount", "int32");

  private static final String BY_USER =
      """
      -- Orders of a user, from silver.orders.
      select user_id, count(*) as orders, sum(amount) as total
      from silver.orders where is_active and user_id is not null group by user_id
      """;

  /** Reads all rows of the keys that are touched: what is more than a sum cannot be added to. */
  private static final String BY_USER_AS_A_WHOLE = BY_USER + " having count(*) > 0";

  private static final String[] FULL = {
    "description: Orders of a user.",
    "key: [user_id]",
    "columns:",
    "  user_id: {type: int, tests: [not_null, unique], description: The user.}",
    "  orders: {type: bigint}",
    "  total: {type: bigint}",
    "expect:",
    "  total_is_positive: total > 0"
  };

  private TestLake lake;
  private Pipeline pipeline;
  private SilverRun silver;

  @BeforeEach
  void openLake(TestLake lake) {
    this.lake = lake;
    this.pipeline = lake.pipeline("tables:", "  - name: orders");
    this.silver = new SilverRun(lake, pipeline);
  }

  @Test
  void modelWaitsUntilItsInputsExist() {
    lake.model("by_user", BY_USER, FULL);

    assertThat(gold().runBatch()).isEmpty();
    assertThat(lake.tables().find(pipeline.gold("by_user"))).isEmpty();
  }

  @Test
  void modelOverATableWithoutRowsIsThereAndEmpty() {
    lake.model("by_user", BY_USER, incremental());
    silver.makeEmpty("id int32", "user_id int32", "amount int32");
    GoldJob gold = gold();
    gold.runBatch();
    assertThat(rows("by_user")).isEmpty();

    silver.carry(order(1, 10, 7));
    gold.runBatch();

    assertThat(rows("by_user")).containsExactly(RowFactory.create(10, 1L, 7L));
  }

  @Test
  void firstRefreshBuildsTheWholeTable() {
    lake.model("by_user", BY_USER, FULL);
    silver.carry(order(1, 10, 7), order(2, 10, 8), order(3, 20, 9));

    List<StageReport> reports = gold().runBatch();

    assertThat(reports).hasSize(1);
    assertThat(reports.get(0).table()).isEqualTo("by_user");
    assertThat(rows("by_user"))
        .containsExactly(RowFactory.create(10, 2L, 15L), RowFactory.create(20, 1L, 9L));
  }

  @Test
  void modelReadsAllTablesAtTheMomentThatWasPublishedAndRecordsItsLsn() {
    pipeline = lake.pipeline("tables:", "  - name: orders", "  - name: payments");
    lake.model(
        "both",
        "select (select count(*) from silver.orders) as orders,"
            + " (select count(*) from silver.payments) as payments",
        "description: Rows of both.",
        "key: [orders]",
        "columns:",
        "  orders: {type: bigint}",
        "  payments: {type: bigint}");
    silver = new SilverRun(lake, pipeline);
    SilverRun payments = new SilverRun(lake, pipeline, pipeline.tables().get(1));
    Changes.Event first = Changes.of("payments").insert(1).at(10);
    silver.carry(order(1, 10, 7));
    payments.carry(first);
    Map<String, Long> moment =
        Map.of(
            "orders", silver.table().currentSnapshot().snapshotId(),
            "payments", payments.table().currentSnapshot().snapshotId());
    // Only one of the two has gone on.
    silver.carry(order(2, 10, 8));
    new ConsistentSnapshots(1, 0x1AB, moment).publish(lake.tables(), pipeline);

    gold().runBatch();

    assertThat(lake.spark().table(quoted("both")).collectAsList())
        .containsExactly(RowFactory.create(1L, 1L));
    assertThat(table("both").currentSnapshot().summary())
        .containsEntry(SnapshotKeys.COMPLETE_LSN, "0/1AB");
  }

  @Test
  void modelMadeAnewHasNoFileFromBefore() {
    lake.model("by_user", BY_USER, incremental());
    silver.carry(order(1, 10, 7), order(2, 20, 8));
    gold().runBatch();
    silver.carry(order(3, 30, 9));
    gold().runBatch();
    List<String> before = files("by_user");

    assertThat(gold().rebuild(pipeline.tables().get(0))).containsExactly(pipeline.gold("by_user"));

    assertThat(files("by_user")).isNotEmpty().doesNotContainAnyElementsOf(before);
    assertThat(rows("by_user")).hasSize(3);
  }

  @Test
  void descriptionsBecomeCommentsOfTheTable() {
    lake.model("by_user", BY_USER, FULL);
    silver.carry(order(1, 10, 7));
    gold().runBatch();

    Table table = table("by_user");
    assertThat(table.properties()).containsEntry("comment", "Orders of a user.");
    assertThat(table.schema().findField("user_id").doc()).isEqualTo("The user.");
  }

  @ParameterizedTest
  @ValueSource(strings = {BY_USER, BY_USER_AS_A_WHOLE})
  void incrementalRefreshYieldsWhatARebuildYields(String select) {
    lake.model("by_user", BY_USER, FULL);
    lake.model("by_user_touched", select, incremental());
    GoldJob gold = gold();
    silver.carry(order(1, 10, 7), order(2, 10, 8), order(3, 20, 9), order(4, 30, 1));
    gold.runBatch();
    silver.carry(
        ORDERS.update(1).at(200).set("user_id", 20).set("amount", 70),
        ORDERS.delete(4).at(201),
        ORDERS.insert(5).at(202).set("user_id", 40).set("amount", 5));
    silver.carry(ORDERS.update(2).at(300).set("user_id", 10).set("amount", 1));
    long before = table("by_user_touched").currentSnapshot().snapshotId();

    List<StageReport> reports = gold.runBatch();

    assertThat(rows("by_user_touched"))
        .containsExactly(
            RowFactory.create(10, 1L, 1L),
            RowFactory.create(20, 2L, 79L),
            RowFactory.create(40, 1L, 5L))
        .isEqualTo(rows("by_user"));
    // Touched are the users before and after: 10, 20, 30, 40.
    assertThat(reports.get(1).written()).isEqualTo(4);
    assertThat(table("by_user_touched").currentSnapshot().parentId()).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(strings = {BY_USER, BY_USER_AS_A_WHOLE})
  void rowWhoseKeyIsNullIsRefreshedLikeAnyOther(String select) {
    lake.model("by_user", select.replace(" and user_id is not null", ""), incremental());
    GoldJob gold = gold();
    silver.carry(ORDERS.insert(1).at(100).set("amount", 7), order(2, 10, 1));
    gold.runBatch();

    silver.carry(ORDERS.insert(3).at(200).set("amount", 8), ORDERS.delete(2).at(201));
    gold.runBatch();

    assertThat(rows("by_user")).containsExactly(RowFactory.create(null, 2L, 15L));
  }

  @ParameterizedTest
  @ValueSource(strings = {BY_USER, BY_USER_AS_A_WHOLE})
  void updateOfATableWithoutAKeyReachesBothKeysOfTheModel(String select) {
    lake.model("by_user", select, incremental());
    GoldJob gold = gold();
    Changes orders = ORDERS.key();
    silver.carry(
        orders.insert(1).at(100).set("user_id", 10).set("amount", 7),
        orders.insert(2).at(101).set("user_id", 20).set("amount", 1));
    gold.runBatch();

    silver.carry(orders.update(1).at(200).set("user_id", 20).set("amount", 7).was("user_id", 10));
    gold.runBatch();

    assertThat(rows("by_user")).containsExactly(RowFactory.create(20, 2L, 8L));
  }

  @Test
  void purgedRowIsTakenFromItsKeyAlone() {
    pipeline = lake.pipeline("tables:", "  - {name: orders, on-delete: purge}");
    silver = new SilverRun(lake, pipeline);
    lake.model("by_user", BY_USER_AS_A_WHOLE, incremental());
    silver.carry(order(1, 10, 7), order(2, 10, 8), order(3, 20, 9));
    gold().runBatch();
    // Nobody but a refresh of the key 20 would put this right.
    lake.spark().sql("update %s set total = -1 where user_id = 20".formatted(quoted("by_user")));

    silver.carry(ORDERS.delete(1).at(200));
    gold().runBatch();

    assertThat(rows("by_user"))
        .containsExactly(RowFactory.create(10, 1L, 8L), RowFactory.create(20, 1L, -1L));
  }

  @Test
  void rowsThatMaintenanceDeletesAreTakenFromTheirKeys() {
    lake.model(
        "by_user",
        "select user_id, count(*) as orders, sum(amount) as total from silver.orders"
            + " group by user_id",
        incremental());
    silver.carry(order(1, 10, 7), order(2, 10, 8), order(3, 20, 9));
    silver.carry(ORDERS.delete(1).at(200), ORDERS.delete(3).at(201));
    gold().runBatch();

    lake.spark()
        .sql(
            "delete from %s where not is_active"
                .formatted(pipeline.silver(pipeline.tables().get(0)).quoted()));
    silver.carry(order(4, 30, 1));
    gold().runBatch();

    assertThat(rows("by_user"))
        .containsExactly(RowFactory.create(10, 1L, 8L), RowFactory.create(30, 1L, 1L));
  }

  @Test
  void keyOfAnotherTypeThanTheInputsColumnMeansARebuild() {
    String[] text = incremental();
    text[3] = "  user_id: {type: string}";
    lake.model(
        "by_user",
        BY_USER.replace("select user_id", "select cast(user_id as string) as user_id"),
        text);
    silver.carry(order(1, 10, 7), order(2, 20, 8));
    gold().runBatch();

    silver.carry(ORDERS.update(1).at(200).set("user_id", 20).set("amount", 1));
    gold().runBatch();

    assertThat(rows("by_user")).containsExactly(RowFactory.create("20", 2L, 9L));
  }

  @Test
  void rowsOfUntouchedKeysStayInTheirFiles() {
    lake.model("by_user_touched", BY_USER_AS_A_WHOLE, incremental());
    GoldJob gold = gold();
    silver.carry(order(1, 10, 7), order(2, 20, 8));
    gold.runBatch();
    // Nobody but a refresh of the key 20 would put this right.
    lake.spark()
        .sql("update %s set total = -1 where user_id = 20".formatted(quoted("by_user_touched")));

    silver.carry(order(3, 10, 1));
    gold.runBatch();

    assertThat(rows("by_user_touched"))
        .containsExactly(RowFactory.create(10, 2L, 8L), RowFactory.create(20, 1L, -1L));
  }

  @ParameterizedTest
  @ValueSource(strings = {BY_USER, BY_USER_AS_A_WHOLE})
  void touchedKeyWithoutAResultLosesItsRow(String select) {
    lake.model("by_user_touched", select, incremental());
    GoldJob gold = gold();
    silver.carry(order(1, 10, 7), order(2, 20, 8));
    gold.runBatch();

    silver.carry(ORDERS.delete(1).at(200));
    gold.runBatch();

    assertThat(rows("by_user_touched")).containsExactly(RowFactory.create(20, 1L, 8L));
  }

  @ParameterizedTest
  @ValueSource(strings = {BY_USER, BY_USER_AS_A_WHOLE})
  void modelIsRebuiltWhenTheSnapshotOfItsLastRefreshExpired(String select) {
    lake.model("by_user_touched", select, incremental());
    GoldJob gold = gold();
    silver.carry(order(1, 10, 7), order(2, 20, 8));
    gold.runBatch();
    silver.carry(ORDERS.delete(1).at(200));
    silver.carry(order(3, 20, 1));
    Table table = lake.tables().find(pipeline.silver(pipeline.tables().get(0))).orElseThrow();
    table
        .expireSnapshots()
        .expireOlderThan(table.currentSnapshot().timestampMillis() + 1)
        .retainLast(1)
        .commit();

    gold.runBatch();

    assertThat(rows("by_user_touched")).containsExactly(RowFactory.create(20, 2L, 9L));
  }

  @Test
  void modelWhoseInputsDidNotChangeIsLeftAlone() {
    lake.model("by_user", BY_USER, FULL);
    silver.carry(order(1, 10, 7));
    gold().runBatch();
    long snapshot = table("by_user").currentSnapshot().snapshotId();

    assertThat(gold().runBatch()).isEmpty();

    assertThat(table("by_user").currentSnapshot().snapshotId()).isEqualTo(snapshot);
  }

  @Test
  void modelOverAModelIsRefreshedInTheSameBatch() {
    lake.model("by_user", BY_USER, FULL);
    lake.model(
        "all_users",
        "select 1 as one, sum(orders) as orders from gold.by_user",
        "key: [one]",
        "columns: {one: {type: int}, orders: {type: bigint}}");
    GoldJob gold = gold();
    silver.carry(order(1, 10, 7));
    gold.runBatch();
    silver.carry(order(2, 20, 8));

    assertThat(gold.runBatch()).extracting(StageReport::table).contains("by_user", "all_users");
    assertThat(lake.spark().table(quoted("all_users")).collectAsList())
        .containsExactly(RowFactory.create(1, 2L));
  }

  @Test
  void columnsOtherThanPromisedAreRefused() {
    lake.model(
        "by_user", BY_USER, "key: [user_id]", "columns: {user_id: {type: int}, n: {type: bigint}}");
    silver.carry(order(1, 10, 7));

    assertThatThrownBy(() -> gold().runBatch())
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining(
            "by_user.yml lists the columns [user_id, n], the select yields [user_id, orders,"
                + " total].");
  }

  @Test
  void typeOtherThanPromisedIsRefused() {
    lake.model(
        "by_user",
        BY_USER,
        "key: [user_id]",
        "columns: {user_id: {type: int}, orders: {type: bigint}, total: {type: string}}");
    silver.carry(order(1, 10, 7));

    assertThatThrownBy(() -> gold().runBatch())
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("column 'total' is string in by_user.yml, the select yields BIGINT.");
  }

  @Test
  void selectThatSparkCannotAnalyseIsRefusedWithItsReason() {
    lake.model(
        "by_user",
        "select nothing from silver.orders",
        "key: [nothing]",
        "columns: {nothing: {type: int}}");
    silver.carry(order(1, 10, 7));

    assertThatThrownBy(() -> gold().runBatch())
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("Cannot use by_user.sql: 1 problem.")
        .hasMessageContaining("`nothing`");
  }

  @Test
  void modelThatFailsLetsTheOthersGoOn() {
    lake.model(
        "a_broken",
        "select nothing from silver.orders",
        "key: [nothing]",
        "columns: {nothing: {type: int}}");
    lake.model("by_user", BY_USER, FULL);
    silver.carry(order(1, 10, 7));
    List<String> failed = new ArrayList<>();

    List<StageReport> reports =
        gold()
            .runBatch(
                (model, refresh) -> {
                  try {
                    return refresh.get();
                  } catch (SettingsException e) {
                    failed.add(model);
                    return Optional.empty();
                  }
                });

    assertThat(failed).containsExactly("a_broken");
    assertThat(reports).extracting(StageReport::table).containsExactly("by_user");
  }

  @Test
  void testsOfAModelNameWhatIsBroken() {
    lake.model("by_user", BY_USER, FULL);
    silver.carry(order(1, 10, -7), order(2, 20, 3));
    GoldJob gold = gold();
    gold.runBatch();
    assertThat(gold.brokenTests())
        .containsExactly("gold.by_user: 'total_is_positive' does not hold for 1 rows");

    lake.spark().sql("insert into %s values (20, 1, 1)".formatted(quoted("by_user")));
    lake.spark().sql("insert into %s values (null, 1, 1)".formatted(quoted("by_user")));

    assertThat(gold.brokenTests())
        .containsExactly(
            "gold.by_user: 'key [user_id] is unique' does not hold for 1 rows",
            "gold.by_user: 'user_id is not null' does not hold for 1 rows",
            "gold.by_user: 'user_id is unique' does not hold for 1 rows",
            "gold.by_user: 'total_is_positive' does not hold for 1 rows");
  }

  private GoldJob gold() {
    return new GoldJob(lake.spark(), lake.tables(), pipeline);
  }

  private static Changes.Event order(int id, int user, int amount) {
    return ORDERS.insert(id).at(100 + id).set("user_id", user).set("amount", amount);
  }

  private static String[] incremental() {
    String[] lines = Arrays.copyOf(FULL, FULL.length + 2);
    lines[FULL.length] = "refresh: incremental";
    lines[FULL.length + 1] = "touched-by: {silver.orders: user_id}";
    return lines;
  }

  private List<String> files(String model) {
    return lake
        .spark()
        .table(pipeline.gold(model).quoted() + ".files")
        .select("file_path")
        .collectAsList()
        .stream()
        .map(row -> row.getString(0))
        .toList();
  }

  private Table table(String model) {
    return lake.tables().find(pipeline.gold(model)).orElseThrow();
  }

  private String quoted(String model) {
    return pipeline.gold(model).quoted();
  }

  private List<Row> rows(String model) {
    return lake.spark().table(quoted(model)).orderBy("user_id").collectAsList();
  }
}
