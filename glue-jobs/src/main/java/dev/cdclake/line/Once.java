/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.line;

import java.util.Optional;
import java.util.function.Supplier;

/**
 * What a stage works with, made when the stage first runs: who runs another stage may have no right
 * to reach it.
 */
final class Once<T> {

  private final Supplier<T> making;
  private T made;

  Once(Supplier<T> making) {
    this.making = making;
  }

  synchronized T get() {
    if (made == null) {
      made = making.get();
    }
    return made;
  }

  /** Returns it if it was made. */
  synchronized Optional<T> made() {
    return Optional.ofNullable(made);
  }
}
