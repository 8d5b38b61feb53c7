/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.verify.SourceSnapshot.Moment;
import java.util.Set;
import org.junit.jupiter.api.Test;

class MomentTest {

  @Test
  void transactionsThatHadEndedAreContained() {
    Moment moment = new Moment("id", 50, 60, 100, Set.of(97L));

    assertThat(moment.contains(99, 55)).isTrue();
    assertThat(moment.contains(3, 55)).isTrue();
  }

  @Test
  void transactionsThatWereRunningAreNotContained() {
    Moment moment = new Moment("id", 50, 60, 100, Set.of(97L));

    assertThat(moment.contains(97, 55)).isFalse();
  }

  @Test
  void transactionsThatHadNotBegunAreNotContained() {
    Moment moment = new Moment("id", 50, 60, 100, Set.of());

    assertThat(moment.contains(100, 55)).isFalse();
    assertThat(moment.contains(101, 55)).isFalse();
  }

  @Test
  void transactionsBeforeTheIdsWrappedAroundAreContained() {
    Moment moment = new Moment("id", 50, 60, 5, Set.of(0xFFFFFFFEL));

    assertThat(moment.contains(0xFFFFFFFFL, 55)).isTrue();
    assertThat(moment.contains(0xFFFFFFFEL, 55)).isFalse();
    assertThat(moment.contains(4, 55)).isTrue();
    assertThat(moment.contains(5, 55)).isFalse();
  }

  @Test
  void transactionsAfterTheIdsWrapAroundAreNotContained() {
    Moment moment = new Moment("id", 50, 60, 0xFFFFFFF0L, Set.of());

    assertThat(moment.contains(3, 55)).isFalse();
    assertThat(moment.contains(0xFFFFFFEFL, 55)).isTrue();
  }

  @Test
  void changeThatWasLoggedBeforeIsOlderThoughItsIdIsFarAround() {
    Moment moment = new Moment("id", 50, 60, 3_000_000_000L, Set.of());

    assertThat(moment.contains(100, 40)).isTrue();
    assertThat(moment.contains(100, 55)).isFalse();
  }
}
