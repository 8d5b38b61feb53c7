/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.runtime;

import java.io.Serializable;
import java.util.Map;
import java.util.TreeMap;

/**
 * Commit times of the changes in a batch, from which their latencies follow once the batch is
 * visible.
 *
 * @param changesByCommit number of changes by the time the source committed them, milliseconds
 */
public record Latencies(TreeMap<Long, Long> changesByCommit) implements Serializable {

  /** No changes. */
  public static Latencies none() {
    return new Latencies(new TreeMap<>());
  }

  /** Counts one change. */
  public void add(long committedAtMillis) {
    add(committedAtMillis, 1);
  }

  /** Counts changes that were committed at the same time. */
  public void add(long committedAtMillis, long changes) {
    if (changes > 0) {
      changesByCommit.merge(committedAtMillis, changes, Long::sum);
    }
  }

  /** Adds the changes of another batch to this one. */
  public void addAll(Latencies other) {
    for (Map.Entry<Long, Long> entry : other.changesByCommit.entrySet()) {
      changesByCommit.merge(entry.getKey(), entry.getValue(), Long::sum);
    }
  }

  /**
   * Returns the latency that the given share of changes does not exceed, in milliseconds.
   *
   * @param share from 0 to 1
   * @param visibleAtMillis when the batch became visible
   * @return -1 if there are no changes
   */
  public long quantile(double share, long visibleAtMillis) {
    long total = changesByCommit.values().stream().mapToLong(Long::longValue).sum();
    long wanted = (long) Math.ceil(total * share);
    long seen = 0;
    for (Map.Entry<Long, Long> entry : changesByCommit.descendingMap().entrySet()) {
      seen += entry.getValue();
      if (seen >= wanted) {
        return Math.max(0, visibleAtMillis - entry.getKey());
      }
    }
    return -1;
  }
}
