/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Changes of random rows, always the same ones: of ten, eight update a row, one inserts and one
 * deletes.
 *
 * @param number of the batch, from 1
 * @param size how many changes
 * @param firstOffset where they begin on the topic
 * @param target rows that the table had before all batches
 */
record ChangeBatch(int number, int size, long firstOffset, long target) implements Serializable {

  private static final long BATCH_RANGE = 10_000_000;

  /** One of a process that has just begun, the others of one that is warm. */
  private static final Set<Integer> SMALL = Set.of(3, 12, 16);

  /** One change: the row it is about, and the place in the log, which is the row's version too. */
  record Change(String op, long id, long lsn) {}

  /**
   * Plans batches: large ones, with small ones among them.
   *
   * @param count how many
   */
  static List<ChangeBatch> plan(long target, Sizes sizes, int count) {
    List<ChangeBatch> plan = new ArrayList<>();
    long offset = SilverPreparation.FIRST_ROWS;
    for (int number = 1; number <= count; number++) {
      int size = SMALL.contains(number) ? sizes.smallBatch() : sizes.batch();
      plan.add(new ChangeBatch(number, size, offset, target));
      offset += size;
    }
    return plan;
  }

  /** Returns a change of the batch. */
  Change change(long index) {
    long lsn = (long) number * BATCH_RANGE + index;
    long random = 1 + Long.remainderUnsigned(OrderVersion.mixed(lsn), target);
    return switch ((int) (index % 10)) {
      case 0 -> new Change("c", target + lsn, lsn);
      case 1 -> new Change("d", random, lsn);
      default -> new Change("u", random, lsn);
    };
  }

  long nextOffset() {
    return firstOffset + size;
  }

  /** Whether it is one of the small ones. */
  boolean isSmall(Sizes sizes) {
    return size == sizes.smallBatch();
  }
}
