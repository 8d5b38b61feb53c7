/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.contract.Stage;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ReportLineTest {

  @Test
  void reportIsReadWithCountsTimeAndLatency() {
    Optional<ReportLine> report =
        ReportLine.parse(
            """
            {"stage":"bronze","table":"orders","read":120,"written":118,"superseded":2,"deleted":0,            "rejected":1,"behind":7,"snapshot":123,"committed_at":"2026-11-21T03:00:00.123Z",            "took_ms":420,"latency_ms":{"p50":800,"p99":1500}}""");

    assertThat(report)
        .contains(
            new ReportLine(
                Stage.BRONZE,
                "orders",
                120,
                118,
                1,
                7,
                Optional.of(Instant.parse("2026-11-21T03:00:00.123Z")),
                Optional.of(
                    new ReportLine.Latency(Duration.ofMillis(800), Duration.ofMillis(1500)))));
  }

  @Test
  void runThatCommittedNothingHasNeitherTimeNorLatency() {
    Optional<ReportLine> report =
        ReportLine.parse(
            """
            {"stage":"silver","table":"orders","committed_at":null,"latency_ms":null}""");

    assertThat(report).isPresent();
    assertThat(report.get().committedAt()).isEmpty();
    assertThat(report.get().latency()).isEmpty();
  }

  @Test
  void otherLinesAreNoReports() {
    assertThat(ReportLine.parse("{\"level\":\"info\"}")).isEmpty();
    assertThat(ReportLine.parse("{not json")).isEmpty();
    assertThat(ReportLine.parse("{\"stage\":\"mystery\",\"table\":\"orders\"}")).isEmpty();
    assertThat(ReportLine.parse("")).isEmpty();
  }
}
