/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cdclake.bench.ChangeBatch.Change;
import java.io.IOException;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class ChangeBatchTest {

  private static final long ROWS = 100_000;

  @Test
  void batchesFollowEachOtherOnTheTopic() {
    List<ChangeBatch> plan = ChangeBatch.plan(ROWS, Sizes.STANDARD, 20);

    assertThat(plan).hasSize(20);
    assertThat(plan.stream().filter(batch -> batch.size() == 1_000).map(ChangeBatch::number))
        .containsExactly(3, 12, 16);
    for (int i = 1; i < plan.size(); i++) {
      assertThat(plan.get(i).firstOffset()).isEqualTo(plan.get(i - 1).nextOffset());
    }
  }

  @Test
  void ofTenChangesEightUpdateOneInsertsAndOneDeletes() {
    ChangeBatch batch = new ChangeBatch(1, 10, 0, ROWS);
    List<Change> changes = LongStream.range(0, 10).mapToObj(batch::change).toList();

    assertThat(changes.stream().map(Change::op))
        .containsExactly("c", "d", "u", "u", "u", "u", "u", "u", "u", "u");
    assertThat(changes.get(0).id()).isGreaterThan(ROWS);
    assertThat(changes.stream().skip(1).map(Change::id)).allMatch(id -> id >= 1 && id <= ROWS);
    assertThat(changes).isEqualTo(LongStream.range(0, 10).mapToObj(batch::change).toList());
  }

  @Test
  void eventHasTheColumnsOfTheTable() throws IOException {
    JsonNode event = new ObjectMapper().readTree(new OrderVersion(7, 3).json());

    assertThat(event.fieldNames())
        .toIterable()
        .containsExactly(SourceShape.NARROW.types().fieldNames());
    assertThat(event.path("id").asLong()).isEqualTo(7);
    assertThat(event.path("customer_id").asInt()).isEqualTo(OrderVersion.customer(7));
  }

  @Test
  void tablesHaveTheirNumberOfColumns() {
    assertThat(SourceShape.NARROW.types().size()).isEqualTo(10);
    assertThat(SourceShape.WIDE.types().size()).isEqualTo(60);
  }
}
