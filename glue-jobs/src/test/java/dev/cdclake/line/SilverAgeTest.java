/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.line;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.fixture.SparkTest;
import dev.cdclake.fixture.TestLake;
import dev.cdclake.lake.ConsistentSnapshots;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.lake.Watermark;
import dev.cdclake.lake.Watermarks;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.apache.iceberg.Table;
import org.junit.jupiter.api.Test;

@SparkTest
class SilverAgeTest {

  @Test
  void silverThatShowsAllOfBronzeIsAsOldAsTheNewestWatermark(TestLake lake) {
    Pipeline pipeline = lake.pipeline("tables:", "  - name: orders");
    show(lake.tables(), pipeline, 70);
    state(lake.tables(), pipeline, 70);

    assertThat(ageAfterAnHour(lake.tables(), pipeline, pipeline.watermark()))
        .isEqualTo(Duration.ofHours(1));
  }

  @Test
  void silverThatDoesNotFollowIsAsOldAsWhatItShows(TestLake lake) {
    Pipeline pipeline = lake.pipeline("tables:", "  - name: orders");
    show(lake.tables(), pipeline, 70);
    state(lake.tables(), pipeline, 90);

    assertThat(ageAfterAnHour(lake.tables(), pipeline, pipeline.consistentSnapshots()))
        .isEqualTo(Duration.ofHours(1));
  }

  private static void show(LakeTables tables, Pipeline pipeline, long lsn) {
    new ConsistentSnapshots(1, lsn, Map.of()).publish(tables, pipeline);
  }

  private static void state(LakeTables tables, Pipeline pipeline, long lsn) {
    new Watermarks(tables, pipeline).write(new Watermark(1, lsn, true, 0, Map.of()));
  }

  private static Duration ageAfterAnHour(LakeTables tables, Pipeline pipeline, LakeTable table) {
    Table written = tables.find(table).orElseThrow();
    Instant then = Instant.ofEpochMilli(written.currentSnapshot().timestampMillis());
    return SilverAge.of(tables, pipeline, then.plus(Duration.ofHours(1))).orElseThrow();
  }
}
