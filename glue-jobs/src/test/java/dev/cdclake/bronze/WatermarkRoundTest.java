/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bronze;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.bronze.WatermarkRound.Part;
import dev.cdclake.lake.CommitStep;
import dev.cdclake.lake.Watermark;
import dev.cdclake.lake.Watermark.Frontier;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class WatermarkRoundTest {

  @Test
  void everyTopicIsCutWhereTheNewestSettledTransactionBegins() {
    Watermark next =
        round(
                Map.of(
                    "orders", Map.of(0, part(8, 10, step(100, 0), step(200, 6), step(300, 9))),
                    "users", Map.of(0, part(3, 5, step(100, 0), step(300, 4)))))
            .after(Watermark.NONE);

    assertThat(next.lsn()).isEqualTo(200);
    assertThat(next.cuts("orders")).isEqualTo(Map.of(0, 6L));
    assertThat(next.cuts("users")).isEqualTo(Map.of(0, 4L));
    assertThat(next.topics().get("orders").get(0).held())
        .containsExactly(step(200, 6), step(300, 9));
  }

  @Test
  void markInAQuietDatabaseLetsTheLastTransactionGo() {
    Watermark held = known(200, Map.of("orders", Map.of(0, held(10, 6, step(200, 6)))));

    Watermark next = new WatermarkRound(1, true, true, true, 250, Map.of(), Set.of()).after(held);

    assertThat(next.lsn()).isEqualTo(250);
    assertThat(next.topics()).isEqualTo(Map.of("orders", Map.of(0, held(10, 10))));
  }

  @Test
  void heldTransactionIsCutAtItsFirstEventOnceItIsTheNewest() {
    Watermark held =
        known(200, Map.of("orders", Map.of(0, held(20, 6, step(200, 6), step(300, 9)))));

    Watermark next = new WatermarkRound(1, true, true, true, 300, Map.of(), Set.of()).after(held);

    assertThat(next.cuts("orders")).isEqualTo(Map.of(0, 9L));
  }

  @Test
  void unsettledRoundMovesNothing() {
    Watermark known = known(200, Map.of("orders", Map.of(0, held(10, 6, step(200, 6)))));

    Watermark next =
        new WatermarkRound(
                1,
                false,
                true,
                true,
                400,
                Map.of("orders", Map.of(0, part(12, 14, step(300, 11)))),
                Set.of())
            .after(known);

    assertThat(next.lsn()).isEqualTo(200);
    assertThat(next.cuts("orders")).isEqualTo(Map.of(0, 6L));
    assertThat(next.topics().get("orders").get(0).end()).isEqualTo(14);
  }

  @Test
  void firstSnapshotMayBeFoldedAsItComes() {
    Watermark next =
        round(Map.of("orders", Map.of(0, part(10, 12, step(0, 0))))).after(Watermark.NONE);

    assertThat(next.isKnown()).isFalse();
    assertThat(next.isPublishable()).isFalse();
    assertThat(next.cuts("orders")).isEqualTo(Map.of(0, 12L));
  }

  @Test
  void afterABacklogNoPointIsStatedUntilOneLiesBeyondIt() {
    Watermark backlog =
        new WatermarkRound(
                1,
                true,
                false,
                true,
                900,
                Map.of("orders", Map.of(0, part(99, 10, step(500, 0)))),
                Set.of())
            .after(Watermark.NONE);
    assertThat(backlog.isKnown()).isFalse();
    assertThat(backlog.cuts("orders")).isEqualTo(Map.of(0, 10L));

    Watermark same =
        new WatermarkRound(
                1,
                true,
                true,
                true,
                500,
                Map.of("orders", Map.of(0, part(12, 12, step(500, 10)))),
                Set.of())
            .after(backlog);
    assertThat(same.isKnown()).isFalse();

    Watermark beyond = new WatermarkRound(1, true, true, true, 600, Map.of(), Set.of()).after(same);
    assertThat(beyond.lsn()).isEqualTo(600);
    assertThat(beyond.cuts("orders")).isEqualTo(Map.of(0, 12L));
  }

  @Test
  void serverThatCannotMarkItsLogHoldsNothingBack() {
    Watermark next =
        new WatermarkRound(
                1,
                true,
                true,
                false,
                0,
                Map.of("orders", Map.of(0, part(5, 5, step(100, 0)))),
                Set.of())
            .after(Watermark.NONE);

    assertThat(next.isKnown()).isFalse();
    assertThat(next.isPublishable()).isTrue();
    assertThat(next.cuts("orders")).isEqualTo(Map.of(0, 5L));
  }

  @Test
  void newTimelineBeginsAnew() {
    Watermark known = known(900, Map.of("orders", Map.of(0, held(10, 6, step(900, 6)))));

    Watermark next =
        new WatermarkRound(
                2,
                true,
                true,
                true,
                0,
                Map.of("orders", Map.of(0, part(12, 12, step(300, 10)))),
                Set.of())
            .after(known);

    assertThat(next.epoch()).isEqualTo(2);
    assertThat(next.lsn()).isEqualTo(300);
    assertThat(next.cuts("orders")).isEqualTo(Map.of(0, 10L));
  }

  @Test
  void topicThatWasCreatedAnewBeginsAnew() {
    Watermark known = known(200, Map.of("orders", Map.of(0, held(100, 100))));

    Watermark next = round(Map.of("orders", Map.of(0, part(3, 3, step(300, 0))))).after(known);

    assertThat(next.topics().get("orders").get(0)).isEqualTo(held(3, 0, step(300, 0)));
  }

  @Test
  void topicWithAGapIsLeftOutAndTheOthersGoOn() {
    Watermark known =
        known(200, Map.of("orders", Map.of(0, held(10, 10)), "users", Map.of(0, held(5, 5))));

    Watermark next =
        new WatermarkRound(1, true, true, true, 300, Map.of(), Set.of("orders")).after(known);

    assertThat(next.lsn()).isEqualTo(300);
    assertThat(next.covers("orders")).isFalse();
    assertThat(next.cuts("users")).isEqualTo(Map.of(0, 5L));
  }

  private static WatermarkRound round(Map<String, Map<Integer, Part>> parts) {
    return new WatermarkRound(1, true, true, true, 0, parts, Set.of());
  }

  private static Part part(long settled, long end, CommitStep... steps) {
    return new Part(settled, end, List.of(steps));
  }

  private static Watermark known(long lsn, Map<String, Map<Integer, Frontier>> topics) {
    return new Watermark(1, lsn, true, 0, topics);
  }

  private static Frontier held(long end, long cut, CommitStep... steps) {
    return new Frontier(end, cut, List.of(steps));
  }

  private static CommitStep step(long commit, long offset) {
    return new CommitStep(commit, offset);
  }
}
