/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.line;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class StandstillTest {

  private static final Duration ALLOWED = Duration.ofMinutes(5);

  private long seconds;
  private Optional<Object> state = Optional.of("as it was");
  private final Standstill standstill =
      new Standstill(ALLOWED, () -> state, () -> Duration.ofSeconds(seconds).toNanos());

  @Test
  void whatMovesOnlyNowAndThenGoesOn() {
    for (int minute = 0; minute < 60; minute += 4) {
      state = Optional.of(minute);
      assertThat(reachedWithin(Duration.ofMinutes(4))).isFalse();
    }
  }

  @Test
  void whatDoesNotMoveStandsStill() {
    assertThat(reachedWithin(Duration.ofMinutes(4))).isFalse();
    assertThat(reachedWithin(Duration.ofMinutes(2))).isTrue();
  }

  @Test
  void whatTellsThatItGoesOnDoes() {
    assertThat(reachedWithin(Duration.ofMinutes(4))).isFalse();
    standstill.moved();
    assertThat(reachedWithin(Duration.ofMinutes(4))).isFalse();
  }

  @Test
  void whatCannotBeSeenHasNotMoved() {
    assertThat(reachedWithin(Duration.ofMinutes(4))).isFalse();
    state = Optional.empty();
    assertThat(reachedWithin(Duration.ofMinutes(2))).isTrue();
  }

  private boolean reachedWithin(Duration time) {
    long end = seconds + time.toSeconds();
    while (seconds < end) {
      seconds++;
      if (standstill.isReached()) {
        return true;
      }
    }
    return false;
  }
}
