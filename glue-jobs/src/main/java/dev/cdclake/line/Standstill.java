/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.line;

import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** Tells work of others that takes long from work that does not go on. */
final class Standstill {

  /** So many looks while the work stands still, before it is called that. */
  private static final int LOOKS = 30;

  private final Duration allowed;
  private final Supplier<Optional<Object>> state;
  private final LongSupplier nanoTime;
  private Optional<Object> last = Optional.empty();
  private long lastMove;
  private long lastLook;

  /**
   * Begins to watch.
   *
   * @param allowed how long nothing may move
   * @param state differs from look to look while the work goes on; empty if it cannot be told now
   * @param nanoTime as {@link System#nanoTime}
   */
  Standstill(Duration allowed, Supplier<Optional<Object>> state, LongSupplier nanoTime) {
    this.allowed = allowed;
    this.state = state;
    this.nanoTime = nanoTime;
    this.lastMove = nanoTime.getAsLong();
    this.lastLook = lastMove;
  }

  /** Takes note that the work goes on. */
  void moved() {
    lastMove = nanoTime.getAsLong();
  }

  /** Whether nothing has moved for longer than is allowed; looks itself, but not at every call. */
  boolean isReached() {
    long now = nanoTime.getAsLong();
    if (now - lastLook >= allowed.toNanos() / LOOKS) {
      lastLook = now;
      Optional<Object> seen = state.get();
      if (seen.isPresent() && !seen.equals(last)) {
        last = seen;
        lastMove = now;
      }
    }
    return now - lastMove >= allowed.toNanos();
  }
}
