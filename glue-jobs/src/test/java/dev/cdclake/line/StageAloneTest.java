/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.line;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Layer;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Stage;
import dev.cdclake.fixture.SparkTest;
import dev.cdclake.fixture.TestLake;
import java.time.Instant;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A job of one stage has the rights of that stage: it must not need those of others. */
@SparkTest
class StageAloneTest {

  @Test
  void goldReachesNeitherKafkaNorATableOfBronze(TestLake lake) {
    Pipeline pipeline = lake.pipeline("tables:", "  - name: orders");

    run(lake, pipeline, Stage.GOLD);

    assertThat(lake.tables().all(pipeline))
        .extracting(LakeTable::layer)
        .doesNotContain(Layer.BRONZE);
  }

  @Test
  void silverRunsBeforeBronzeEverDid(TestLake lake) {
    Pipeline pipeline = lake.pipeline("tables:", "  - name: orders");

    run(lake, pipeline, Stage.SILVER);

    assertThat(SilverAge.of(lake.tables(), pipeline, Instant.now())).isEmpty();
  }

  private static void run(TestLake lake, Pipeline pipeline, Stage stage) {
    try (LakeLine line = new LakeLine(lake.spark(), pipeline, report -> {})) {
      line.runAvailable(Set.of(stage));
    }
  }
}
