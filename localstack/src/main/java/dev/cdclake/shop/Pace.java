/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.shop;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/**
 * Spreads row changes evenly over time.
 *
 * <p>After a transaction of n rows the next one waits n times the interval. Time lost to a slow
 * database is not made up for in a burst, beyond a quarter of a second.
 */
final class Pace {

  private static final long LONGEST_SLEEP = Duration.ofMillis(50).toNanos();
  private static final long LONGEST_LAG = Duration.ofMillis(250).toNanos();

  private final long interval;
  private long due = System.nanoTime();

  Pace(int changesPerSecond) {
    this.interval = Duration.ofSeconds(1).toNanos() / changesPerSecond;
  }

  /** Waits until the changes just made are paid for, or until told to stop. */
  void await(long changes, BooleanSupplier stop) throws InterruptedException {
    due = Math.max(due + changes * interval, System.nanoTime() - LONGEST_LAG);
    long left = due - System.nanoTime();
    while (left > 0 && !stop.getAsBoolean()) {
      Thread.sleep(Duration.ofNanos(Math.min(left, LONGEST_SLEEP)).toMillis() + 1);
      left = due - System.nanoTime();
    }
  }
}
