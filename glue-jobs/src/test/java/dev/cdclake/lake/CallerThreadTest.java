/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.iceberg.util.Tasks;
import org.junit.jupiter.api.Test;

class CallerThreadTest {

  @Test
  void partsOfIcebergsWorkAreDoneWhenTheyAreHandedOver() {
    List<String> threads = new ArrayList<>();
    long start = System.nanoTime();

    for (int call = 0; call < 100; call++) {
      Tasks.foreach(IntStream.range(0, 10).boxed().toList())
          .executeWith(CallerThread.forCommits())
          .run(part -> threads.add(Thread.currentThread().getName()));
    }

    assertThat(threads).hasSize(1000).containsOnly(Thread.currentThread().getName());
    // Iceberg's own pool takes 10 ms a call.
    assertThat(System.nanoTime() - start).isLessThan(500_000_000L);
  }
}
