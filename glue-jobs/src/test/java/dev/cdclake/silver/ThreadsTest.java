/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ThreadsTest {

  @Test
  void sharesHoldAllRowsInTheirOrder() {
    for (int count : new int[] {0, 1, 999, 1_000, 1_001, 2_500, 100_000}) {
      List<Integer> rows = IntStream.range(0, count).boxed().toList();

      List<List<Integer>> shares = Threads.shares(rows);

      assertThat(shares).hasSizeLessThanOrEqualTo(Threads.COUNT).doesNotContain(List.of());
      assertThat(shares.stream().flatMap(List::stream)).containsExactlyElementsOf(rows);
    }
  }

  @Test
  void resultsComeInTheOrderOfTheirShares() {
    List<Integer> shares = IntStream.range(0, 50).boxed().toList();

    assertThat(Threads.each(shares, share -> share * 2))
        .isEqualTo(IntStream.range(0, 50).mapToObj(share -> share * 2).toList());
    assertThat(Threads.each(List.of(), share -> share)).isEmpty();
  }

  @Test
  void failureReachesTheCallerAsItIsWhenAllSharesAreDone() {
    IllegalStateException first = new IllegalStateException("share 3");
    IllegalStateException second = new IllegalStateException("share 7");
    AtomicInteger done = new AtomicInteger();

    assertThatThrownBy(
            () ->
                Threads.each(
                    IntStream.range(0, 20).boxed().toList(),
                    share -> {
                      done.incrementAndGet();
                      if (share == 3 || share == 7) {
                        throw share == 3 ? first : second;
                      }
                      return share;
                    }))
        .isSameAs(first)
        .satisfies(thrown -> assertThat(thrown.getSuppressed()).containsExactly(second));
    assertThat(done).hasValue(20);
  }
}
