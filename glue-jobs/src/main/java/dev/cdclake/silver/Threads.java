/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import java.util.List;
import java.util.concurrent.ForkJoinPool;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Threads of this process, for what is done before tasks could begin to do it. Silver has its own:
 * in the pool that all share it would wait behind the commits of bronze.
 */
final class Threads {

  /** Rows of which a thread has made something before another one could begin with half of them. */
  private static final int ROWS_OF_A_SHARE = 1_000;

  private static final int COUNT = Runtime.getRuntime().availableProcessors();
  private static final ForkJoinPool POOL = new ForkJoinPool(COUNT);

  private Threads() {}

  /** Returns what work makes of some shares, in their order; one alone is done by the caller. */
  static <T, R> List<R> each(List<T> shares, Function<T, R> work) {
    return shares.size() == 1
        ? List.of(work.apply(shares.get(0)))
        : POOL.submit(() -> shares.parallelStream().map(work).toList()).join();
  }

  /** Divides rows among the threads, in their order; few rows are one share, no rows none. */
  static <T> List<List<T>> shares(List<T> rows) {
    int size = Math.max(ROWS_OF_A_SHARE, (rows.size() + COUNT - 1) / COUNT);
    return IntStream.iterate(0, from -> from < rows.size(), from -> from + size)
        .mapToObj(from -> rows.subList(from, Math.min(rows.size(), from + size)))
        .toList();
  }
}
