/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bronze;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.bronze.TopicRanges.Range;
import dev.cdclake.bronze.TopicRanges.Unread;
import dev.cdclake.lake.Progress;
import dev.cdclake.lake.TopicIdentity;
import java.util.Map;
import java.util.TreeMap;
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

  @Test
  void unreadIsWhatLiesBetweenTheRecordAndTheEnd() {
    Unread found = find("id-1", Map.of(0, new Range(0, 50)), read("id-1", Map.of(0, 20L)));

    assertThat(found.ranges()).isEqualTo(Map.of("orders", Map.of(0, new Range(20, 50))));
    assertThat(found.gaps()).isEmpty();
  }

  @Test
  void offsetsThatExpiredBeforeTheyWereReadAreAGap() {
    Unread found = find("id-1", Map.of(0, new Range(30, 50)), read("id-1", Map.of(0, 20L)));

    assertThat(found.ranges()).isEmpty();
    assertThat(found.gaps().get("orders"))
        .hasMessage(
            "Cannot read on from topic 'orders': partition 0 holds offsets 30 to 50, so events"
                + " expired before they were read (expected offset 20). Changes are lost; run"
                + " './cdclake resnapshot TABLE' for this table. Other tables go on.");
  }

  @Test
  void topicCreatedAnewIsAGapEvenIfItHasGrownPastTheRecord() {
    Unread found = find("id-2", Map.of(0, new Range(0, 50)), read("id-1", Map.of(0, 20L)));

    assertThat(found.ranges()).isEmpty();
    assertThat(found.gaps().get("orders"))
        .hasMessageContaining("it was created anew, as topic id-2 (expected topic id-1");
  }

  @Test
  void deletedTopicIsAGapIfItWasReadBefore() {
    assertThat(find(null, Map.of(), read("id-1", Map.of(0, 20L))).gaps().get("orders"))
        .hasMessageContaining("there is no such topic");
    assertThat(find(null, Map.of(), Progress.NONE).gaps()).isEmpty();
  }

  @Test
  void recordWithoutIdentityTakesTheTopicThatIsThere() {
    Unread found =
        find(
            "id-1",
            Map.of(0, new Range(0, 50)),
            Progress.NONE.withOffsets("orders", Map.of(0, 20L)));

    assertThat(found.topics()).isEqualTo(Map.of("orders", TopicIdentity.first("id-1")));
    assertThat(found.ranges()).isEqualTo(Map.of("orders", Map.of(0, new Range(20, 50))));
  }

  @Test
  void offsetsOfATopicCreatedAnewAreCountedOn() {
    Progress resumed =
        Progress.NONE
            .withOffsets("orders", Map.of(0, 1000L))
            .withTopic("orders", new TopicIdentity("id-2", Map.of(0, 993L)));

    assertThat(find("id-2", Map.of(0, new Range(7, 50)), resumed).ranges())
        .isEqualTo(Map.of("orders", Map.of(0, new Range(7, 50))));
  }

  private static Progress read(String id, Map<Integer, Long> next) {
    return Progress.NONE.withOffsets("orders", next).withTopic("orders", TopicIdentity.first(id));
  }

  private static Unread find(String id, Map<Integer, Range> held, Progress consumed) {
    Unread found = new Unread(new TreeMap<>(), new TreeMap<>(), new TreeMap<>(), Map.of(), true);
    TopicRanges.find("orders", id, held, consumed, found);
    return found;
  }
}
