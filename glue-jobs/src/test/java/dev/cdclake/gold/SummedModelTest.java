/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.gold;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SnapshotKeys;
import dev.cdclake.fixture.Changes;
import dev.cdclake.fixture.SparkTest;
import dev.cdclake.fixture.TestLake;
import dev.cdclake.silver.SilverRun;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotChanges;
import org.apache.iceberg.Table;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Models that are refreshed by the changed rows alone. */
@SparkTest
class SummedModelTest {

  private static final Changes ORDERS =
      Changes.of("orders")
          .column("shop", "int32")
          .column("amount", "int32")
          .column("note", "string");

  private static final String SELECT =
      """
      with orders as (select * from silver.orders),
      kept as (
        select shop, amount, note, amount > 0 as is_paid from orders where is_active and shop is not null
      )
      select
        shop,
        count(*) as orders,
        count(amount) as amounts,
        count_if(is_paid) as paid,
        sum(amount) as total,
        cast(sum(cast(amount as decimal(8, 2))) as decimal(20, 2)) as cents,
        min(amount) as least,
        max(amount) as most,
        max(note) as last_note
      from kept group by shop
      """;

  private static final String[] COLUMNS = {
    "key: [shop]",
    "refresh: incremental",
    "touched-by: {silver.orders: shop}",
    "columns:",
    "  shop: {type: int}",
    "  orders: {type: bigint}",
    "  amounts: {type: bigint}",
    "  paid: {type: bigint}",
    "  total: {type: bigint}",
    "  cents: {type: 'decimal(20,2)'}",
    "  least: {type: int}",
    "  most: {type: int}",
    "  last_note: {type: string}"
  };

  private TestLake lake;
  private Pipeline pipeline;
  private SilverRun silver;

  @BeforeEach
  void openLake(TestLake lake) {
    this.lake = lake;
    this.pipeline = lake.pipeline("tables:", "  - {name: orders, on-delete: purge}");
    this.silver = new SilverRun(lake, pipeline);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void anyChangesLeaveWhatTheSelectYields(long seed) {
    Random random = new Random(seed);
    lake.model("shops", SELECT, COLUMNS);
    GoldJob gold = gold();
    for (int batch = 0; batch < 8; batch++) {
      List<Changes.Event> events = new ArrayList<>();
      for (int i = 0; i < 1 + random.nextInt(12); i++) {
        int id = random.nextInt(15);
        long lsn = 1000L * (batch + 1) + i;
        events.add(
            switch (random.nextInt(4)) {
              case 0 -> ORDERS.delete(id).at(lsn);
              case 1 -> valued(ORDERS.insert(id).at(lsn), random);
              default -> valued(ORDERS.update(id).at(lsn), random);
            });
      }
      silver.carry(events.toArray(Changes.Event[]::new));
      if (random.nextInt(3) > 0) {
        gold.runBatch();
        assertThat(made()).as("batch %d", batch).isEqualTo(selected());
      }
    }
  }

  /** Few different values, so that the greatest ones go and come back; sums of 0; nulls. */
  private static Changes.Event valued(Changes.Event event, Random random) {
    if (random.nextInt(8) > 0) {
      event.set("shop", random.nextInt(3));
    }
    if (random.nextInt(4) > 0) {
      event.set("amount", random.nextInt(5) - 2);
    }
    return event.set("note", "n" + random.nextInt(4));
  }

  @Test
  void rowThatStaysAsItIsIsNotWrittenAgain() {
    lake.model("shops", SELECT, COLUMNS);
    GoldJob gold = gold();
    silver.carry(order(1, 7, 5, "a"), order(2, 7, 6, "b"), order(3, 8, 6, "b"));
    gold.runBatch();

    silver.carry(ORDERS.update(1).at(200).set("shop", 7).set("amount", 5).set("note", "aa"));
    gold.runBatch();

    assertThat(made()).isEqualTo(selected());
    Snapshot refreshed = lake.tables().find(pipeline.gold("shops")).orElseThrow().currentSnapshot();
    assertThat(refreshed.summary()).doesNotContainKeys("added-data-files", "added-delete-files");
  }

  @Test
  void onlyTheKeysAreCountedAnewWhoseGreatestValueWent() {
    lake.model("shops", SELECT, COLUMNS);
    GoldJob gold = gold();
    silver.carry(
        order(1, 7, 5, "a"), order(2, 7, 6, "b"), order(3, 8, 6, "b"), order(4, 8, 9, "c"));
    gold.runBatch();

    silver.carry(ORDERS.delete(2).at(200), ORDERS.delete(3).at(201));
    gold.runBatch();

    assertThat(made()).isEqualTo(selected());
    assertThat(made().get(0)).isEqualTo(row(7, 1, 1, 1, 5, "5.00", 5, 5, "a"));
  }

  @Test
  void modelThatSomebodyElseWroteToIsMadeAnew() {
    lake.model("shops", SELECT, COLUMNS);
    silver.carry(order(1, 7, 5, "a"), order(2, 8, 6, "b"));
    gold().runBatch();
    lake.spark().sql("update %s set orders = 100".formatted(pipeline.gold("shops").quoted()));

    silver.carry(order(3, 7, 5, "a"));
    gold().runBatch();
    assertThat(made()).isEqualTo(selected());

    silver.carry(order(4, 8, 5, "a"));
    gold().runBatch();
    assertThat(made()).isEqualTo(selected());
  }

  @Test
  void valueThatTheSelectCannotReadHoldsNothingUpOnceItIsCorrected() {
    lake.model(
        "shops",
        "select shop, count(*) as orders, sum(cast(note as int)) as total from silver.orders"
            + " where is_active group by shop",
        "key: [shop]",
        "refresh: incremental",
        "touched-by: {silver.orders: shop}",
        "columns: {shop: {type: int}, orders: {type: bigint}, total: {type: bigint}}");
    GoldJob gold = gold();
    silver.carry(order(1, 7, 5, "1"));
    gold.runBatch();

    silver.carry(order(2, 7, 5, "x"));
    assertThatThrownBy(gold::runBatch).hasMessageContaining("CAST_INVALID_INPUT");
    silver.carry(ORDERS.update(2).at(300).set("shop", 7).set("amount", 5).set("note", "2"));
    gold.runBatch();

    assertThat(made()).containsExactly(RowFactory.create(7, 2L, 3L));
  }

  @Test
  void rowsThatWereForgottenAreNotAddedTo() {
    lake.model("shops", SELECT, COLUMNS);
    silver.carry(order(1, 7, 5, "a"), order(2, 7, 6, "b"));
    gold().runBatch();
    Table table = silver.table();
    DataFile file = SnapshotChanges.builderFor(table).build().addedDataFiles().iterator().next();
    // As if a forget had died before gold was made anew.
    table.newRewrite().deleteFile(file).set(SnapshotKeys.FORGOTTEN, "true").commit();
    silver.carry(order(3, 7, 7, "c"));
    gold().runBatch();

    assertThat(made()).isEqualTo(selected()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "shop, count(*) as n from silver.orders group by shop",
        "o.shop, count(1) n, max(amount) m from (select * from silver.orders) o group by o.shop",
        "shop, count(*) as n, sum(amount) as total from silver.orders where id > 3 group by shop"
      })
  void countsAndSumsByTheKeyAreRecognised(String select) {
    assertThat(recognised(select)).isPresent();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        // No count of rows tells when a row of the model goes.
        "shop, sum(amount) as total from silver.orders group by shop",
        "shop, count(*) as n, avg(amount) as mean from silver.orders group by shop",
        "shop, count(*) as n, count(distinct note) as notes from silver.orders group by shop",
        "shop, count(*) as n, sum(cast(amount as double)) as d from silver.orders group by shop",
        "shop, count(*) as n, sum(amount) filter (where id > 3) as s from silver.orders group by shop",
        "shop, count(*) as n from silver.orders group by shop having count(*) > 1",
        "shop + 1 as shop, count(*) as n from silver.orders group by shop + 1",
        "shop, note, count(*) as n from silver.orders group by shop, note",
        // Too large a sum is NULL and no error there.
        "shop, count(*) as n, try_sum(amount) as total from silver.orders group by shop",
        "shop, count(*) as n from silver.orders where _committed_at < 'today' group by shop",
        "shop, count(*) as n, max(n) over () as most from (select shop, 1 as n from silver.orders)"
            + " group by shop, n",
        "shop, count(*) as n from silver.orders where rand() < 0.5 group by shop",
        "shop, count(*) as n from silver.orders where _committed_at > now() group by shop",
        "shop, count(*) as n from silver.orders"
            + " where amount > (select avg(amount) from silver.orders) group by shop",
        "a.shop, count(*) as n from silver.orders a join silver.orders b on a.id = b.amount"
            + " group by a.shop"
      })
  void anythingElseIsNot(String select) {
    assertThat(recognised(select)).isEmpty();
  }

  private Optional<SummedModel> recognised(String select) {
    GoldModel model =
        new GoldModel(
            "shops",
            "",
            List.of("shop"),
            Map.of("silver.orders", "shop"),
            Map.of(),
            Map.of(),
            "select " + select);
    StructType columns =
        StructType.fromDDL(
            "id int, shop int, amount int, note string, is_active boolean,"
                + " _committed_at timestamp");
    return SummedModel.of(lake.spark(), model, columns, "shop");
  }

  private GoldJob gold() {
    return new GoldJob(lake.spark(), lake.tables(), pipeline);
  }

  private static Changes.Event order(int id, int shop, int amount, String note) {
    return ORDERS.insert(id).at(100 + id).set("shop", shop).set("amount", amount).set("note", note);
  }

  private static Row row(
      int shop,
      long orders,
      long amounts,
      long paid,
      long total,
      String cents,
      int least,
      int most,
      String note) {
    return RowFactory.create(
        shop, orders, amounts, paid, total, new BigDecimal(cents), least, most, note);
  }

  private List<Row> made() {
    return lake.spark().table(pipeline.gold("shops").quoted()).orderBy("shop").collectAsList();
  }

  private List<Row> selected() {
    String table = pipeline.silver(pipeline.tables().get(0)).quoted();
    return lake.spark().sql(SELECT.replace("silver.orders", table)).orderBy("shop").collectAsList();
  }
}
