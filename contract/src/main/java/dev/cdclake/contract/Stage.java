/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

import java.util.Locale;

/**
 * The stages of the line, declared in the order the data flows; the one authority on that order.
 */
public enum Stage {
  SOURCE,
  CAPTURE,
  BRONZE,
  SILVER,
  GOLD,
  SERVE;

  /** Returns the name that logs, failures and job names carry, for example {@code bronze}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
