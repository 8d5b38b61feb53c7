/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.crash;

import java.util.ArrayList;
import java.util.List;

/**
 * What a comparison of source and lake found.
 *
 * @param lost rows or events that the source has and a layer lacks, or has in another form
 * @param doubled rows or events that a layer has more often than the source
 * @param findings what was found where, in words
 */
record Damage(long lost, long doubled, List<String> findings) {

  static final Damage NONE = new Damage(0, 0, List.of());

  Damage {
    findings = List.copyOf(findings);
  }

  boolean isNone() {
    return lost == 0 && doubled == 0;
  }

  /** Returns this with what else was found; nothing is added for zeros. */
  Damage plus(long moreLost, long moreDoubled, String where) {
    if (moreLost == 0 && moreDoubled == 0) {
      return this;
    }
    List<String> all = new ArrayList<>(findings);
    all.add("%s: %d lost, %d doubled".formatted(where, moreLost, moreDoubled));
    return new Damage(lost + moreLost, doubled + moreDoubled, all);
  }

  Damage plus(Damage other) {
    List<String> all = new ArrayList<>(findings);
    all.addAll(other.findings);
    return new Damage(lost + other.lost, doubled + other.doubled, all);
  }
}
