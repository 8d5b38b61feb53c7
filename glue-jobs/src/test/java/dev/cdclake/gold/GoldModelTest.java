/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.gold;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class GoldModelTest {

  @Test
  void inputsAreTheTablesThatTheSelectNames() {
    assertThat(
            model("select * from silver.orders join gold.users_by_day using (day) -- and more")
                .inputs())
        .containsExactly("gold.users_by_day", "silver.orders");
  }

  @Test
  void inputNamedTwiceIsOneInput() {
    assertThat(model("select silver.orders.id from silver.orders").inputs())
        .containsExactly("silver.orders");
  }

  @Test
  void inputNamedInACommentIsNoInput() {
    assertThat(
            model("-- reads silver.users\nselect 1 -- not gold.other\nfrom silver.orders").inputs())
        .containsExactly("silver.orders");
  }

  @Test
  void columnsThatOnlyEndLikeALayerAreNoInputs() {
    assertThat(model("select quicksilver.x from silver.orders as quicksilver").inputs())
        .containsExactly("silver.orders");
  }

  @Test
  void everyMentionOfAnInputIsReplaced() {
    assertThat(
            model("select silver.orders.id from silver.orders -- silver.orders")
                .sqlOver(input -> "lake.`d$1`.`orders`"))
        .isEqualTo("select lake.`d$1`.`orders`.id from lake.`d$1`.`orders` -- silver.orders");
  }

  @Test
  void modelWithoutTouchedByIsRebuiltAlways() {
    assertThat(model("select 1").isIncremental()).isFalse();
  }

  private static GoldModel model(String sql) {
    return new GoldModel("m", "", List.of("id"), Map.of(), Map.of(), Map.of(), sql);
  }
}
