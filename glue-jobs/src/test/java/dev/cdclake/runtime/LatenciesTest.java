/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LatenciesTest {

  @Test
  void batchWithoutChangesHasNoLatency() {
    assertThat(Latencies.none().quantile(0.5, 1_000)).isEqualTo(-1);
  }

  @Test
  void quantileIsTheLatencyThatTheShareDoesNotExceed() {
    Latencies latencies = Latencies.none();
    for (int waited = 1; waited <= 100; waited++) {
      latencies.add(1_000 - waited);
    }

    assertThat(latencies.quantile(0.5, 1_000)).isEqualTo(50);
    assertThat(latencies.quantile(0.99, 1_000)).isEqualTo(99);
    assertThat(latencies.quantile(1, 1_000)).isEqualTo(100);
  }

  @Test
  void changesOfOneMillisecondAllCount() {
    Latencies latencies = Latencies.none();
    for (int i = 0; i < 99; i++) {
      latencies.add(990);
    }
    latencies.add(0);

    assertThat(latencies.quantile(0.99, 1_000)).isEqualTo(10);
    assertThat(latencies.quantile(1, 1_000)).isEqualTo(1_000);
  }

  @Test
  void changesOfSeveralTasksAreCountedTogether() {
    Latencies one = Latencies.none();
    one.add(900);
    Latencies other = Latencies.none();
    other.add(900);
    other.add(500);

    one.addAll(other);

    assertThat(one.changesByCommit()).containsEntry(900L, 2L).containsEntry(500L, 1L);
  }

  @Test
  void clockOfTheSourceThatRunsAheadYieldsZero() {
    Latencies latencies = Latencies.none();
    latencies.add(2_000);

    assertThat(latencies.quantile(0.5, 1_000)).isZero();
  }
}
