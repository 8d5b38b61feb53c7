/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.line;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Stage;
import dev.cdclake.fixture.Changes;
import dev.cdclake.fixture.SparkTest;
import dev.cdclake.fixture.TestLake;
import dev.cdclake.silver.SilverRun;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Two lines over the same tables: not meant to be, and yet no row is doubled or lost. */
@SparkTest
class SecondWriterTest {

  private static final int LINES = 2;
  private static final int BATCHES = 8;

  @Test
  void rowsAreThereOnceWhenTwoLinesFoldTheSameChanges(TestLake lake) throws Exception {
    Changes orders = Changes.of("orders").key().column("status", "string");
    Pipeline pipeline = lake.pipeline("tables:", "  - name: orders");
    SilverRun silver = new SilverRun(lake, pipeline);
    silver.carry(orders.insert(0).at(1));
    ExecutorService threads = Executors.newFixedThreadPool(LINES);
    for (int batch = 1; batch <= BATCHES; batch++) {
      silver.feed(orders.insert(batch).at(batch * 10L), orders.insert(batch).at(batch * 10L + 1));
      List<Future<?>> lines = new ArrayList<>();
      for (int i = 0; i < LINES; i++) {
        lines.add(threads.submit(() -> fold(lake, pipeline)));
      }
      for (Future<?> line : lines) {
        line.get();
      }
    }
    threads.shutdown();

    assertThat(silver.rows("count(*)", "count(distinct _kafka_offset)", "count(distinct id)"))
        .containsExactly(List.of(1L + 2 * BATCHES, 1L + 2 * BATCHES, 1L + BATCHES));
  }

  private static void fold(TestLake lake, Pipeline pipeline) {
    try (LakeLine line = new LakeLine(lake.spark(), pipeline, report -> {})) {
      line.runAvailable(Set.of(Stage.SILVER));
    }
  }
}
