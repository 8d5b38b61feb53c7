/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import java.util.Locale;

/** What can be measured by itself, in the order the data flows. */
enum Part {
  BRONZE,
  SILVER,
  GOLD,
  LATENCY,
  TABLES,
  VERIFY;

  /** Returns the name that options, files and marks of the page carry. */
  String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
