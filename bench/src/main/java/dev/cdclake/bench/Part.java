/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import java.util.Locale;

/**
 * What can be measured by itself: first what reads the captured topics, so their servers can go.
 */
enum Part {
  BRONZE,
  VERIFY,
  SILVER,
  GOLD,
  LATENCY,
  TABLES;

  /** Whether it needs PostgreSQL, Kafka and Connect with the captured tables. */
  boolean readsTopics() {
    return this == BRONZE || this == VERIFY;
  }

  /** Returns the name that options, files and marks of the page carry. */
  String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
