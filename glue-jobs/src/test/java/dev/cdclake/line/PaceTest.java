/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.line;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Waits between batches. */
class PaceTest {

  @Test
  void batchesBeginAtASteadyRate() {
    Pace pace = new Pace(Duration.ofMillis(500), 1);
    assertThat(pace.after(Duration.ofMillis(200))).hasMillis(300);
    assertThat(pace.after(Duration.ofMillis(700))).isZero();
  }

  @Test
  void stageWorksAPartOfTheTime() {
    Pace pace = new Pace(Duration.ofSeconds(1), 4);
    pace.after(Duration.ofSeconds(2));
    assertThat(pace.after(Duration.ofSeconds(3))).hasSeconds(6);
    assertThat(pace.after(Duration.ofSeconds(3))).hasSeconds(9);
    assertThat(pace.after(Duration.ofMillis(100))).hasMillis(900);
  }

  @Test
  void oneLongBatchIsNotFollowedByALongRest() {
    Pace pace = new Pace(Duration.ofSeconds(1), 4);
    assertThat(pace.after(Duration.ofSeconds(5))).as("behind the first").isZero();
    assertThat(pace.after(Duration.ofMillis(600))).hasMillis(1800);
    assertThat(pace.after(Duration.ofSeconds(7))).hasMillis(1800);
    assertThat(pace.after(Duration.ofSeconds(7))).hasSeconds(21);
  }
}
