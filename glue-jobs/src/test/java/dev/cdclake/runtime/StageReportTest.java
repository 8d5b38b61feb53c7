/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.contract.Stage;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class StageReportTest {

  private static final StageReport REPORT =
      new StageReport(
          Stage.SILVER,
          "orders",
          1_250,
          1_200,
          30,
          15,
          5,
          7,
          42,
          Instant.parse("2026-11-21T03:00:00.123456Z"),
          1_834,
          900,
          -1);

  @Test
  void jsonIsOneLineWithEveryNumber() {
    assertThat(REPORT.toJson())
        .isEqualTo(
            "{\"stage\":\"silver\",\"table\":\"orders\",\"read\":1250,\"written\":1200,"
                + "\"superseded\":30,\"deleted\":15,\"rejected\":5,\"behind\":7,\"snapshot\":42,"
                + "\"committed_at\":\"2026-11-21T03:00:00.123Z\",\"took_ms\":1834,"
                + "\"latency_ms\":{\"p50\":900,\"p99\":-1}}");
  }

  @Test
  void textIsForAPerson() {
    assertThat(REPORT.toText())
        .isEqualTo(
            "silver orders         read 1,250, written 1,200, deleted 15, superseded 30,"
                + " rejected 5 in 1,834 ms");
  }
}
