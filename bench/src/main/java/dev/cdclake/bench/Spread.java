/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import java.util.Collection;

/**
 * The middle of some figures, and their ends.
 *
 * @param median the lower one of two in the middle
 */
record Spread(double median, double least, double most) {

  static Spread of(Collection<Double> figures) {
    double[] sorted = figures.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    return new Spread(sorted[(sorted.length - 1) / 2], sorted[0], sorted[sorted.length - 1]);
  }

  /** Returns the least of some figures that so many of a hundred do not exceed; -1 of none. */
  static long percentile(Collection<Long> figures, int percent) {
    long[] sorted = figures.stream().mapToLong(Long::longValue).sorted().toArray();
    return sorted.length == 0 ? -1 : sorted[(sorted.length * percent + 99) / 100 - 1];
  }
}
