/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Room in memory for one batch that is folded without tasks. All such batches of a process have a
 * quarter of its heap together; a batch that finds too little is folded by tasks, which can spill.
 */
final class Room implements AutoCloseable {

  /** What an object of a row takes besides texts, about. */
  static final int BYTES_OF_A_ROW = 1_000;

  private static final AtomicLong FREE = new AtomicLong(Runtime.getRuntime().maxMemory() / 4);

  private final AtomicLong taken = new AtomicLong();
  private volatile boolean over;

  /** Returns how many bytes all batches have left. */
  static long free() {
    return FREE.get();
  }

  /** Takes room for what was read; false if there is none, now or before: then it is to be left. */
  boolean take(long bytes) {
    taken.addAndGet(bytes);
    if (FREE.addAndGet(-bytes) < 0) {
      over = true;
    }
    return !over;
  }

  /** Whether something found no room. */
  boolean isOver() {
    return over;
  }

  /** Gives everything back. */
  @Override
  public void close() {
    FREE.addAndGet(taken.getAndSet(0));
  }
}
