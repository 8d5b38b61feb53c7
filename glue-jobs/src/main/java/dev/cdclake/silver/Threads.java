/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.function.Function;
import java.util.stream.IntStream;

/** As many threads of this process as it has cores, for what silver does without tasks. */
final class Threads {

  static final int COUNT = Runtime.getRuntime().availableProcessors();

  /** Rows of which a thread has made something before another one could begin with half of them. */
  private static final int ROWS_OF_A_SHARE = 1_000;

  private static final Executor POOL =
      Executors.newFixedThreadPool(
          COUNT,
          work -> {
            Thread thread = new Thread(work, "cdclake-silver");
            thread.setDaemon(true);
            return thread;
          });

  private Threads() {}

  /**
   * Returns what work makes of some shares, in their order; one alone is done by the caller.
   *
   * <p>Where shares fail, the first failure is thrown as it is, the others suppressed in it, once
   * all shares are done.
   */
  static <T, R> List<R> each(List<T> shares, Function<T, R> work) {
    if (shares.size() == 1) {
      return List.of(work.apply(shares.get(0)));
    }
    List<CompletableFuture<R>> running =
        shares.stream()
            .map(share -> CompletableFuture.supplyAsync(() -> work.apply(share), POOL))
            .toList();
    List<R> made = new ArrayList<>();
    Throwable failure = null;
    for (CompletableFuture<R> share : running) {
      try {
        made.add(share.join());
      } catch (CompletionException e) {
        if (failure == null) {
          failure = e.getCause();
        } else {
          failure.addSuppressed(e.getCause());
        }
      }
    }
    if (failure instanceof Error error) {
      throw error;
    }
    if (failure instanceof RuntimeException exception) {
      throw exception;
    }
    return made;
  }

  /** Divides rows among the threads, in their order; few rows are one share, no rows none. */
  static <T> List<List<T>> shares(List<T> rows) {
    int size = Math.max(ROWS_OF_A_SHARE, (rows.size() + COUNT - 1) / COUNT);
    return IntStream.iterate(0, from -> from < rows.size(), from -> from + size)
        .mapToObj(from -> rows.subList(from, Math.min(rows.size(), from + size)))
        .toList();
  }
}
