/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.line;

import java.time.Duration;

/**
 * When a stage's next batch begins: not sooner than a time after the last one began, and so late
 * that it works a part of the time alone.
 *
 * <p>Of two batches that follow each other the shorter one counts: one that took long by way of
 * exception (the machine, or upkeep, had other work) would otherwise be followed by a rest several
 * times as long, and so would the first one, in which Java compiles.
 */
final class Pace {

  private final long shortest;
  private final int part;
  private long before;

  /**
   * Begins a stage's batches.
   *
   * @param every from the start of one batch to the start of the next, at least
   * @param part the stage works one of so many parts of the time; 1 lets it work all the time
   */
  Pace(Duration every, int part) {
    this.shortest = every.toNanos();
    this.part = part;
  }

  /** Returns how long to wait behind a batch that took so long. */
  Duration after(Duration batch) {
    long took = batch.toNanos();
    long rest = Math.min(took, before) * (part - 1);
    before = took;
    return Duration.ofNanos(Math.max(rest, shortest - took));
  }
}
