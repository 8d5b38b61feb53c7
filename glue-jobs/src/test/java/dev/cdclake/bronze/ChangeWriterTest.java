/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bronze;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.bronze.ChangeWriter.Output;
import dev.cdclake.bronze.ChangeWriter.TopicOutput;
import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.Stage;
import dev.cdclake.fixture.Changes;
import dev.cdclake.fixture.SparkTest;
import dev.cdclake.fixture.TestLake;
import dev.cdclake.lake.EventSchemas;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@SparkTest
class ChangeWriterTest {

  private static final Changes ORDERS = Changes.of("orders").column("status", "string");

  private TestLake lake;
  private SparkSession spark;
  private Pipeline pipeline;
  private SourceTable orders;
  private FedBronze bronze;

  @BeforeEach
  void openBronze(TestLake lake) {
    this.lake = lake;
    spark = lake.spark();
    pipeline = lake.pipeline("tables:", "  - name: orders");
    orders = pipeline.tables().get(0);
    bronze = new FedBronze(spark, lake.tables(), pipeline, orders);
  }

  @Test
  void everyEventBecomesOneRowWithItsCoordinates() {
    bronze.feed(
        ORDERS.read(1).at(50).set("status", "new"),
        ORDERS.update(1).at(60).set("status", "paid"),
        ORDERS.delete(1).at(70));

    assertThat(rows("_kafka_offset", "_epoch", "_lsn", "_txid", "_op", "_snapshot", "key"))
        .containsExactly(
            RowFactory.create(0L, 1, 50L, 700L, "r", true, "{\"id\":1}"),
            RowFactory.create(1L, 1, 60L, 700L, "u", false, "{\"id\":1}"),
            RowFactory.create(2L, 1, 70L, 700L, "d", false, "{\"id\":1}"));
  }

  @Test
  void rowsAreKeptAsTheSourceWroteThem() {
    bronze.feed(ORDERS.insert(1).set("status", "né \"x\" ✓"), ORDERS.delete(1));

    assertThat(rows("before", "after"))
        .containsExactly(
            RowFactory.create(null, "{\"id\":1,\"status\":\"né \\\"x\\\" ✓\"}"),
            RowFactory.create("{\"id\":1,\"status\":null}", null));
  }

  @Test
  void keyBeforeItsUpdateIsKept() {
    bronze.feed(ORDERS.insert(2).movedFrom(1));

    assertThat(rows("_moved_from")).containsExactly(RowFactory.create("{\"id\":1}"));
    assertThat(bronze.table().currentSnapshot().summary().get("cdclake.contents"))
        .contains("\"moves\":1");
  }

  @Test
  void tombstoneIsCountedAndLeavesNoRow() {
    TopicOutput written =
        bronze.commit(List.of(bronze.record(0, ORDERS.delete(1).key(), null, Map.of())));

    assertThat(written.tombstones()).isEqualTo(1);
    assertThat(written.contents().rows()).isZero();
    assertThat(rows("key")).isEmpty();
  }

  @Test
  void poisonMessageIsKeptWithCoordinatesReasonAndBytes() {
    byte[] poison = bytes("not an event");

    TopicOutput written =
        bronze.commit(
            List.of(
                record(ORDERS.insert(1)),
                bronze.record(0, bytes("k"), poison, Map.of()),
                record(ORDERS.insert(2))));

    assertThat(written.rejected()).isEqualTo(1);
    assertThat(written.contents().rows()).isEqualTo(2);
    Row rejected = rejected().get(0);
    assertThat(rejected.<String>getAs("stage")).isEqualTo("bronze");
    assertThat(rejected.<String>getAs("reason")).isEqualTo("NOT_JSON");
    assertThat(rejected.<String>getAs("topic")).isEqualTo("shop.public.orders");
    assertThat(rejected.<Long>getAs("_kafka_offset")).isEqualTo(1L);
    assertThat(rejected.<byte[]>getAs("key")).isEqualTo(bytes("k"));
    assertThat(rejected.<byte[]>getAs("value")).isEqualTo(poison);
  }

  @Test
  void eventWhoseKeyIsNotJsonIsRejected() {
    bronze.commit(List.of(bronze.record(0, bytes("{"), ORDERS.insert(1).value(), Map.of())));

    assertThat(rejected().get(0).<String>getAs("reason")).isEqualTo("KEY_UNREADABLE");
    assertThat(rows("key")).isEmpty();
  }

  @Test
  void rejectedEventKeepsTheEpochThatItWasCapturedIn() {
    bronze.commit(
        List.of(
            bronze.record(0, null, bytes("poison"), Map.of(ChangeColumns.EPOCH_HEADER, bytes("7"))),
            bronze.record(0, null, bytes("poison"), Map.of())));

    assertThat(rejected()).extracting(row -> row.<Integer>getAs("_epoch")).containsExactly(7, 1);
  }

  @Test
  void batchRepeatedAfterACrashRejectsNothingTwice() {
    List<ConsumerRecord<byte[], ByteBuffer>> records =
        List.of(bronze.record(0, null, bytes("poison"), Map.of()));
    Output first = bronze.write(records);
    bronze
        .rejectedRows()
        .append(Stage.BRONZE, first.rejected(), Map.of("shop.public.orders", Map.of(0, 1L)));

    Output repeated = bronze.write(records);

    assertThat(repeated.rejected().rows()).isEmpty();
    assertThat(repeated.topics().get("shop.public.orders").rejected()).isEqualTo(1);
    assertThat(rejected()).hasSize(1);
  }

  @Test
  void schemaIsStoredOnceHoweverOftenItIsSeen() {
    bronze.feed(ORDERS.insert(1), ORDERS.insert(2));
    bronze.feed(ORDERS.insert(3));
    new FedBronze(spark, lake.tables(), pipeline, orders).feed(ORDERS.insert(4));

    List<Row> stored = spark.table(pipeline.eventSchemas().quoted()).collectAsList();
    assertThat(stored).hasSize(1);
    assertThat(stored.get(0).<String>getAs("event_schema")).isEqualTo(ORDERS.schema());
  }

  @Test
  void schemaStoredByAnotherProcessIsFound() {
    bronze.feed(ORDERS.insert(1));
    String fingerprint = rows("_schema").get(0).getString(0);

    EventSchemas reopened = new EventSchemas(lake.tables(), pipeline);

    assertThat(reopened.schema(fingerprint)).isEqualTo(ORDERS.schema());
  }

  @Test
  void summaryTellsWhatTheBatchHolds() {
    bronze.feed(ORDERS.insert(1), ORDERS.insert(2).movedFrom(1), ORDERS.truncate());

    String fingerprint = rows("_schema").get(0).getString(0);
    assertThat(bronze.table().currentSnapshot().summary().get("cdclake.contents"))
        .isEqualTo(
            "{\"rows\":3,\"moves\":1,\"truncates\":1,\"schemas\":[\"" + fingerprint + "\"]}");
  }

  @Test
  void latenciesCountStreamedChangesOnly() {
    TopicOutput written =
        bronze.commit(
            List.of(
                record(ORDERS.read(1)),
                record(ORDERS.insert(2).source("ts_us", 5_000_000)),
                record(ORDERS.insert(3).source("ts_us", 5_000_999))));

    assertThat(written.latencies().changesByCommit()).containsExactly(Map.entry(5_000L, 2L));
  }

  private ConsumerRecord<byte[], ByteBuffer> record(Changes.Event event) {
    return bronze.record(0, event.key(), event.value(), event.headers());
  }

  private List<Row> rows(String... columns) {
    return spark
        .table(pipeline.bronze(orders).quoted())
        .orderBy("_kafka_offset")
        .selectExpr(columns)
        .collectAsList();
  }

  private List<Row> rejected() {
    return spark.table(pipeline.rejectedRows().quoted()).collectAsList();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
