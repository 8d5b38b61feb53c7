/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bronze;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.bronze.ChangeWriter.Output;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.fixture.Changes;
import dev.cdclake.fixture.SparkTest;
import dev.cdclake.fixture.TestLake;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

@SparkTest
class SchemaOfRejectedEventTest {

  private static final Changes ORDERS = Changes.of("orders").column("status", "string");

  @Test
  void schemaOfARejectedFirstEventIsStoredForThoseThatFollow(TestLake lake) {
    Pipeline pipeline = lake.pipeline("tables:", "  - name: orders");
    FedBronze bronze =
        new FedBronze(lake.spark(), lake.tables(), pipeline, pipeline.tables().get(0));
    Output output =
        bronze.write(
            List.of(
                bronze.record(
                    0, "{".getBytes(StandardCharsets.UTF_8), ORDERS.insert(1).value(), Map.of()),
                bronze.record(0, ORDERS.insert(2).key(), ORDERS.insert(2).value(), Map.of())));

    assertThat(output.schemas()).hasSize(1);
  }
}
