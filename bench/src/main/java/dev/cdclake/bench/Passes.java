/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

/**
 * The same work again and again in one process: each contender has as much time for Java to
 * compile, whether it is fast or slow.
 */
final class Passes {

  private static final int FEWEST = 3;
  private static final int MOST = 10;
  private static final double SECONDS = 30;

  private int number = 1;
  private double seconds;
  private boolean over;

  /** Whether the pass of {@link #number} is to be done. */
  boolean goOn() {
    if (over) {
      number++;
      over = false;
    }
    return number <= FEWEST || (number <= MOST && seconds < SECONDS);
  }

  /** Returns the number of the pass, from 1. */
  int number() {
    return number;
  }

  /** Whether it is the first work of a process, in which Java compiles. */
  boolean isFirst() {
    return number == 1;
  }

  /** Ends a pass. */
  void worked(Sample sample) {
    seconds += sample.seconds();
    over = true;
  }
}
