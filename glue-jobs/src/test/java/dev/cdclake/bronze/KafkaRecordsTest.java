/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bronze;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.bronze.KafkaRecords.Slice;
import dev.cdclake.bronze.TopicRanges.Range;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class KafkaRecordsTest {

  @Test
  void smallRangesOfManyTopicsShareATask() {
    List<List<Slice>> shares =
        KafkaRecords.share(
            new TreeMap<>(
                Map.of("orders", Map.of(0, new Range(5, 9)), "users", Map.of(1, new Range(0, 1)))),
            4);

    assertThat(shares)
        .containsExactly(List.of(new Slice("orders", 0, 5, 9), new Slice("users", 1, 0, 1)));
  }

  @Test
  void largeRangeIsDividedEvenlyAmongTheTasksThatRunAtATime() {
    List<List<Slice>> shares =
        KafkaRecords.share(Map.of("orders", Map.of(0, new Range(100, 60_100))), 2);

    assertThat(shares)
        .containsExactly(
            List.of(new Slice("orders", 0, 100, 30_100)),
            List.of(new Slice("orders", 0, 30_100, 60_100)));
  }

  @Test
  void noTaskReadsMoreThanItShouldRepeat() {
    List<List<Slice>> shares =
        KafkaRecords.share(Map.of("orders", Map.of(0, new Range(0, 1_000_000))), 1);

    assertThat(shares).hasSize(4);
  }

  @Test
  void everyOffsetIsInOneSlice() {
    Map<String, Map<Integer, Range>> ranges =
        new TreeMap<>(
            Map.of(
                "orders",
                new TreeMap<>(Map.of(0, new Range(7, 33_333), 1, new Range(1, 2))),
                "users",
                Map.of(0, new Range(10, 25_000))));

    for (int tasks = 1; tasks < 9; tasks++) {
      List<Slice> slices =
          KafkaRecords.share(ranges, tasks).stream().flatMap(List::stream).toList();
      ranges.forEach(
          (topic, partitions) ->
              partitions.forEach(
                  (partition, range) -> {
                    long at = range.from();
                    for (Slice slice : slices) {
                      if (slice.topic().equals(topic) && slice.partition() == partition) {
                        assertThat(slice.from()).isEqualTo(at);
                        at = slice.to();
                      }
                    }
                    assertThat(at).isEqualTo(range.to());
                  }));
    }
  }
}
