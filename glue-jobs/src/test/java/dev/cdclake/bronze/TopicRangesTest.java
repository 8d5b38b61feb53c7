/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bronze;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.bronze.TopicRanges.Range;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TopicRangesTest {

  @Test
  void rangesWithinTheLimitStayWhole() {
    Map<String, Map<Integer, Range>> unread =
        Map.of("orders", Map.of(0, new Range(10, 60)), "users", Map.of(0, new Range(0, 50)));

    assertThat(TopicRanges.cut(unread, 100)).isEqualTo(unread);
  }

  @Test
  void rangesAreCutInProportionToTheirSize() {
    Map<String, Map<Integer, Range>> unread =
        Map.of(
            "orders", Map.of(0, new Range(1000, 1600), 1, new Range(0, 300)),
            "users", Map.of(0, new Range(50, 150)));

    assertThat(TopicRanges.cut(unread, 100))
        .isEqualTo(
            Map.of(
                "orders", Map.of(0, new Range(1000, 1060), 1, new Range(0, 30)),
                "users", Map.of(0, new Range(50, 60))));
  }

  @Test
  void smallRangeBesideAHugeOneMovesByOneEventAtLeast() {
    Map<String, Map<Integer, Range>> unread =
        Map.of(
            "orders", Map.of(0, new Range(0, 1_000_000_000_000L)),
            "users", Map.of(0, new Range(7, 9)));

    Map<String, Map<Integer, Range>> cut = TopicRanges.cut(unread, 1_000_000);

    assertThat(cut.get("users").get(0)).isEqualTo(new Range(7, 8));
    assertThat(cut.get("orders").get(0).size()).isBetween(999_000L, 1_000_000L);
  }

  @Test
  void sizeCountsTheEventsOfAllPartitions() {
    assertThat(
            TopicRanges.size(
                Map.of(
                    "orders", Map.of(0, new Range(10, 60), 1, new Range(5, 5)),
                    "users", Map.of(0, new Range(0, 7)))))
        .isEqualTo(57);
  }
}
