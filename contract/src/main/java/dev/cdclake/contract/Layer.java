/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

import java.util.Locale;

/** A layer of the lake: one database each, in flow order. */
public enum Layer {
  BRONZE,
  SILVER,
  GOLD;

  /** Returns the last part of the layer's database name, for example {@code silver}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
