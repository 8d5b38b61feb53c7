/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

/**
 * The same work again and again in one process, for a minute, so that Java has compiled what it
 * will; twice at least and ten times at most.
 */
final class Passes {

  private static final int FEWEST = 2;
  private static final int MOST = 10;
  private static final double SECONDS = 60;

  private int number = 1;
  private double seconds;

  /** Whether the pass of {@link #number} is to be done. */
  boolean goOn() {
    return number <= FEWEST || (number <= MOST && seconds < SECONDS);
  }

  void next() {
    number++;
  }

  /** Returns the number of the pass, from 1. */
  int number() {
    return number;
  }

  /** Whether it is the first work of a process, in which Java compiles. */
  boolean isFirst() {
    return number == 1;
  }

  /** Counts the time of a pass. */
  void worked(Sample sample) {
    seconds += sample.seconds();
  }
}
