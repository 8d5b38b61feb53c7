/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.api.Test;

class WriterPauseTest {

  private static final Instant ASKED = Instant.parse("2026-11-21T10:00:00Z");
  private static final Instant UNTIL = ASKED.plusSeconds(30);

  @Test
  void pauseIsWaitedForUntilItEnds() {
    Instant started = ASKED.minusSeconds(60);

    assertThat(WriterPause.isAsked(UNTIL, ASKED.plusSeconds(29), started)).isTrue();
    assertThat(WriterPause.isAsked(UNTIL, ASKED.plusSeconds(30), started)).isFalse();
  }

  @Test
  void pauseThatWasAskedBeforeTheWriterStartedIsNotWaitedFor() {
    assertThat(WriterPause.isAsked(UNTIL, ASKED.plusSeconds(5), ASKED.plusSeconds(1))).isFalse();
    assertThat(WriterPause.isAsked(UNTIL, ASKED.plusSeconds(5), ASKED)).isTrue();
  }
}
