/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.gold;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.fixture.Changes;
import dev.cdclake.fixture.SparkTest;
import dev.cdclake.fixture.TestLake;
import dev.cdclake.silver.SilverRun;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

@SparkTest
class ChangedModelTest {

  @Test
  void dashesInATextAreNoComment() {
    GoldModel model =
        new GoldModel(
            "m",
            "",
            List.of(),
            Map.of(),
            Map.of(),
            Map.of(),
            "select '--' as x from silver.orders");
    assertThat(model.sqlOver(input -> "t")).isEqualTo("select '--' as x from t");
  }

  @Test
  void inputInABlockCommentIsNoInput() {
    GoldModel model =
        new GoldModel(
            "m", "", List.of(), Map.of(), Map.of(), Map.of(), "/* silver.users */ select 1");
    assertThat(model.inputs()).isEmpty();
  }

  @Test
  void modelWithAnAddedColumnIsRebuilt(TestLake lake) {
    Pipeline pipeline = lake.pipeline("tables:", "  - name: orders");
    SilverRun silver = new SilverRun(lake, pipeline);
    lake.model("m", "select id from silver.orders", "key: [id]", "columns: {id: {type: int}}");
    silver.carry(Changes.of("orders").insert(1).at(1));
    new GoldJob(lake.spark(), lake.tables(), pipeline).runBatch();
    lake.model(
        "m",
        "select id, 1 as n from silver.orders",
        "key: [id]",
        "columns: {id: {type: int}, n: {type: int}}");
    silver.carry(Changes.of("orders").insert(2).at(2));
    new GoldJob(lake.spark(), lake.tables(), pipeline).runBatch();
    assertThat(lake.spark().table(pipeline.gold("m").quoted()).columns())
        .containsExactly("id", "n");
  }

  @Test
  void modelWhoseSelectChangedIsRebuilt(TestLake lake) {
    Pipeline pipeline = lake.pipeline("tables:", "  - name: orders");
    SilverRun silver = new SilverRun(lake, pipeline);
    String[] yaml = {"key: [id]", "columns: {id: {type: int}}"};
    lake.model("m", "select id from silver.orders", yaml);
    silver.carry(Changes.of("orders").insert(1).at(1));
    new GoldJob(lake.spark(), lake.tables(), pipeline).runBatch();
    lake.model("m", "select id + 100 as id from silver.orders", yaml);
    new GoldJob(lake.spark(), lake.tables(), pipeline).runBatch();
    assertThat(lake.spark().table(pipeline.gold("m").quoted()).head().getInt(0)).isEqualTo(101);
  }
}
