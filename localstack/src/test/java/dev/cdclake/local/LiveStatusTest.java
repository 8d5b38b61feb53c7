/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;

class LiveStatusTest {

  private final LiveStatus status =
      new LiveStatus(Clock.fixed(Instant.parse("2026-11-21T03:00:02Z"), ZoneOffset.UTC));

  @Test
  void tableShowsWhatCameInAndHowFarSilverIs() {
    status.accept("{\"stage\":\"bronze\",\"table\":\"orders\",\"read\":120,\"behind\":5}");
    status.accept(
        """
        {"stage":"silver","table":"orders","read":120,"behind":2,        "committed_at":"2026-11-21T03:00:00Z","latency_ms":{"p50":800,"p99":1500}}""");
    status.accept("{\"stage\":\"gold\",\"table\":\"sales_trends\",\"read\":9,\"behind\":0}");

    assertThat(status.lines())
        .containsExactly(
            "table              events  events/s  behind  last commit    p50    p99",
            "-----------------  ------  --------  ------  -----------  -----  -----",
            "orders                120        12       7  2.0 s ago    0.8 s  1.5 s",
            "gold.sales_trends       9         -       0  -                -      -");
    assertThat(status.summary())
        .isEqualTo(
            "120 events, 12/s, 7 behind, 0 rejected, latency p50 0.8 s p99 1.5 s, last commit 2.0 s"
                + " ago");
  }

  @Test
  void nothingReportedIsNoFailure() {
    status.accept("Spark says something");

    assertThat(status.summary()).startsWith("0 events, 0/s");
  }
}
