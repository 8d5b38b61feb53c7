/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SnapshotKeys;
import dev.cdclake.fixture.Changes;
import dev.cdclake.fixture.SparkTest;
import dev.cdclake.fixture.TestLake;
import dev.cdclake.lake.ConsistentSnapshots;
import dev.cdclake.lake.Watermark;
import dev.cdclake.lake.Watermark.Frontier;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Silver folds up to the watermark's cuts and publishes its tables together. */
@SparkTest
class WatermarkCutTest {

  private static final Changes ORDERS = Changes.of("orders").column("total", "int32");
  private static final Changes USERS = Changes.of("users").column("name", "string");

  private TestLake lake;
  private Pipeline pipeline;
  private SilverRun orders;
  private SilverRun users;

  @BeforeEach
  void openLake(TestLake lake) {
    this.lake = lake;
    this.pipeline = lake.pipeline("tables:", "  - name: orders", "  - name: users");
    this.orders = new SilverRun(lake, pipeline, pipeline.tables().get(0));
    this.users = new SilverRun(lake, pipeline, pipeline.tables().get(1));
  }

  @Test
  void eventsBehindTheCutWaitForTheNextWatermark() {
    orders.feed(insert(1, 10), insert(2, 20), insert(3, 30));

    orders.fold(watermark(100, Map.of("orders", 2L)));
    assertThat(orders.rows("id")).containsExactly(List.of(1), List.of(2));
    assertThat(orders.fold(watermark(100, Map.of("orders", 2L)))).isEmpty();

    orders.feed(insert(4, 40));
    orders.fold(watermark(200, Map.of("orders", 4L)));
    assertThat(orders.rows("id", "total"))
        .containsExactly(List.of(1, 10), List.of(2, 20), List.of(3, 30), List.of(4, 40));
  }

  @Test
  void cutThatLiesSeveralBatchesBackIsFollowed() {
    orders.feed(insert(1, 10));
    orders.feed(insert(2, 20));
    orders.feed(insert(3, 30));
    orders.feed(insert(4, 40));

    orders.fold(watermark(100, Map.of("orders", 1L)));
    assertThat(orders.rows("id")).containsExactly(List.of(1));
    orders.fold(watermark(200, Map.of("orders", 3L)));
    assertThat(orders.rows("id")).containsExactly(List.of(1), List.of(2), List.of(3));
    orders.fold(watermark(300, Map.of("orders", 4L)));
    assertThat(orders.rows("id")).hasSize(4);
  }

  @Test
  void cutIsKeptWhenTheSnapshotsInBetweenHaveExpired() {
    orders.feed(insert(1, 10), insert(2, 20));
    orders.fold(watermark(100, Map.of("orders", 1L)));
    orders.feed(insert(3, 30));
    orders.bronze().expireSnapshots().expireOlderThan(System.currentTimeMillis()).commit();

    orders.fold(watermark(200, Map.of("orders", 2L)));
    assertThat(orders.rows("id")).containsExactly(List.of(1), List.of(2));
    orders.fold(watermark(300, Map.of("orders", 3L)));
    assertThat(orders.rows("id")).containsExactly(List.of(1), List.of(2), List.of(3));
  }

  @Test
  void snapshotThatReachedTheCutStatesItsLsn() {
    orders.feed(insert(1, 10), insert(2, 20));

    orders.fold(watermark(0x1AB, Map.of("orders", 2L)));

    assertThat(orders.table().currentSnapshot().summary())
        .containsEntry(SnapshotKeys.COMPLETE_LSN, "0/1AB");
  }

  @Test
  void tablesArePublishedOnceAllOfThemReachedTheCuts() {
    SilverPublisher publisher = new SilverPublisher(lake.tables(), pipeline);
    Watermark watermark = watermark(100, Map.of("orders", 1L, "users", 1L));
    orders.feed(insert(1, 10));
    users.feed(USERS.insert(7).at(101).set("name", "Ann"));
    orders.fold(watermark);

    assertThat(publisher.publish(watermark)).isEmpty();
    users.fold(watermark);
    assertThat(publisher.publish(watermark))
        .contains(
            new ConsistentSnapshots(
                1,
                100,
                Map.of(
                    "orders", orders.table().currentSnapshot().snapshotId(),
                    "users", users.table().currentSnapshot().snapshotId())));
    assertThat(publisher.publish(watermark)).as("nothing new").isEmpty();
    assertThat(ConsistentSnapshots.read(lake.tables(), pipeline).orElseThrow().lsn())
        .isEqualTo(100);
  }

  @Test
  void tableWithoutRowsIsPublishedUntilBronzeHasRowsOfIt() {
    SilverPublisher publisher = new SilverPublisher(lake.tables(), pipeline);
    users.makeEmpty("id int32", "name string");
    orders.feed(insert(1, 10));
    Watermark watermark = watermark(100, Map.of("orders", 1L));
    orders.fold(watermark);
    assertThat(publisher.publish(watermark).orElseThrow().snapshots())
        .containsOnlyKeys("orders", "users");

    users.feed(USERS.insert(7).at(101).set("name", "Ann"));
    assertThat(publisher.publish(watermark(200, Map.of("orders", 1L, "users", 1L)))).isEmpty();
  }

  @Test
  void publishedSnapshotsAreRowsForPeopleToo() {
    SilverPublisher publisher = new SilverPublisher(lake.tables(), pipeline);
    orders.feed(insert(1, 10));
    Watermark watermark = watermark(0x1AB, Map.of("orders", 1L));
    orders.fold(watermark);
    publisher.publish(watermark);

    assertThat(
            lake.spark()
                .table(pipeline.consistentSnapshots().quoted())
                .selectExpr("table_name", "lsn_text")
                .collectAsList()
                .toString())
        .isEqualTo("[[orders,0/1AB]]");
  }

  private static Changes.Event insert(int id, int total) {
    return ORDERS.insert(id).at(100 + id).set("total", total);
  }

  private Watermark watermark(long lsn, Map<String, Long> cuts) {
    Map<String, Map<Integer, Frontier>> topics = new HashMap<>();
    pipeline
        .tables()
        .forEach(
            table -> {
              Long cut = cuts.get(table.lakeName());
              if (cut != null) {
                topics.put(pipeline.topic(table), Map.of(0, new Frontier(cut, cut, List.of())));
              }
            });
    return new Watermark(1, lsn, true, 0, topics);
  }
}
