/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import java.util.List;

/**
 * How much is measured.
 *
 * @param events change events on the topic of ten columns, no more than a batch of bronze takes;
 *     that of sixty has three of ten of them
 * @param targets rows of the silver tables that are changed
 * @param batch changes of a large batch
 * @param smallBatch changes of a small batch
 * @param batches large and small batches after which queries are timed
 * @param rounds how often each contender runs, in turn with the others
 * @param rates changes a second that are committed while delays are measured
 * @param seconds how long each rate is kept up
 * @param tables that one line carries
 * @param memory largest heap of every contender, in the words of {@code -Xmx}
 */
record Sizes(
    long events,
    List<Long> targets,
    int batch,
    int smallBatch,
    int batches,
    int rounds,
    List<Integer> rates,
    long seconds,
    int tables,
    String memory) {

  /** What the page shows. */
  static final Sizes STANDARD =
      new Sizes(
          990_000,
          List.of(1_000_000L, 5_000_000L, 20_000_000L),
          50_000,
          1_000,
          20,
          3,
          List.of(200, 1_000, 5_000),
          120,
          200,
          "4g");

  Sizes {
    targets = List.copyOf(targets);
    rates = List.copyOf(rates);
  }

  /** Returns the rows of silver under the gold model: of a trial, the first of its targets. */
  long orderLines() {
    return targets.equals(STANDARD.targets) ? 10_000_000 : targets.get(0);
  }

  /** Whether these are the sizes that the page is about; others are a trial. */
  boolean isStandard() {
    return equals(STANDARD);
  }
}
