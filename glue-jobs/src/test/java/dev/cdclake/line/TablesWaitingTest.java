/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.line;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.PipelineException;
import dev.cdclake.fixture.Changes;
import dev.cdclake.fixture.SparkTest;
import dev.cdclake.fixture.TestLake;
import dev.cdclake.silver.SilverRun;
import java.util.Set;
import org.junit.jupiter.api.Test;

@SparkTest
class TablesWaitingTest {

  private static final Set<Stage> SILVER = Set.of(Stage.SILVER);

  @Test
  void tableThatSilverCannotFoldWaits(TestLake lake) {
    try (LakeLine line = line(lake, "    expect:", "      bad: \"nothing > 0\"")) {
      assertThat(line.tablesWaiting()).isZero();
      assertThatThrownBy(() -> line.runAvailable(SILVER)).isInstanceOf(PipelineException.class);
      assertThat(line.tablesWaiting()).isOne();
    }
  }

  @Test
  void tableThatSilverFoldsDoesNot(TestLake lake) {
    try (LakeLine line = line(lake, "    expect:", "      good: \"id > 0\"")) {
      line.runAvailable(SILVER);
      assertThat(line.tablesWaiting()).isZero();
    }
  }

  private static LakeLine line(TestLake lake, String... expectation) {
    Pipeline pipeline =
        lake.pipeline("tables:", "  - name: orders", expectation[0], expectation[1]);
    new SilverRun(lake, pipeline)
        .feed(Changes.of("orders").key().column("status", "string").insert(1).at(10));
    return new LakeLine(lake.spark(), pipeline, report -> {});
  }
}
