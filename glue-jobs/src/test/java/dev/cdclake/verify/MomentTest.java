/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.verify.SourceSnapshot.Moment;
import java.util.Set;
import org.junit.jupiter.api.Test;

class MomentTest {

  @Test
  void transactionsThatHadEndedAreContained() {
    Moment moment = new Moment("id", 0, 100, Set.of(97L));

    assertThat(moment.contains(99)).isTrue();
    assertThat(moment.contains(3)).isTrue();
  }

  @Test
  void transactionsThatWereRunningAreNotContained() {
    Moment moment = new Moment("id", 0, 100, Set.of(97L));

    assertThat(moment.contains(97)).isFalse();
  }

  @Test
  void transactionsThatHadNotBegunAreNotContained() {
    Moment moment = new Moment("id", 0, 100, Set.of());

    assertThat(moment.contains(100)).isFalse();
    assertThat(moment.contains(101)).isFalse();
  }

  @Test
  void transactionsBeforeTheIdsWrappedAroundAreContained() {
    Moment moment = new Moment("id", 0, 5, Set.of(0xFFFFFFFEL));

    assertThat(moment.contains(0xFFFFFFFFL)).isTrue();
    assertThat(moment.contains(0xFFFFFFFEL)).isFalse();
    assertThat(moment.contains(4)).isTrue();
    assertThat(moment.contains(5)).isFalse();
  }

  @Test
  void transactionsAfterTheIdsWrapAroundAreNotContained() {
    Moment moment = new Moment("id", 0, 0xFFFFFFF0L, Set.of());

    assertThat(moment.contains(3)).isFalse();
    assertThat(moment.contains(0xFFFFFFEFL)).isTrue();
  }
}
