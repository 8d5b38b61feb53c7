/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.maintain;

import java.time.Duration;
import java.time.Instant;

/** The time that maintenance may take; work that was begun is finished. */
record Budget(Instant until) {

  static Budget of(Duration time) {
    return new Budget(Instant.now().plus(time));
  }

  boolean isSpent() {
    return !Instant.now().isBefore(until);
  }
}
