/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.chaos;

import java.util.Set;

/**
 * How the play of a script ended.
 *
 * @param text what was found, in words; empty for {@link Kind#EQUAL}
 * @param refused numbers of the steps whose statements PostgreSQL refused
 */
record FuzzOutcome(Kind kind, String text, Set<Integer> refused) {

  /** What was found. */
  enum Kind {
    /** Silver equals the source. */
    EQUAL,
    /** Silver lacks what was rejected, and the script says why that had to be. */
    EXPLAINED,
    /** PostgreSQL refused the tables or the rows before the snapshot; nothing was played. */
    INVALID,
    /** Verify found missing, extra or different rows. */
    DIFFERENT,
    /** Events were rejected that nothing in the script explains. */
    REJECTED,
    /** Bronze has an event twice. */
    DOUBLED,
    /** A job or verify failed. */
    CRASHED,
    /** The connector failed or did not get through. */
    NOT_CAPTURED
  }

  FuzzOutcome {
    refused = Set.copyOf(refused);
  }

  boolean failed() {
    return kind.compareTo(Kind.INVALID) > 0;
  }

  /** Returns what tells this failure from others: of an exception its first line, without names. */
  String signature() {
    String first = text.lines().findFirst().orElse("");
    boolean told = kind == Kind.CRASHED || kind == Kind.REJECTED;
    return told
        ? kind + " " + first.replaceAll("[\\w.]*\\d[\\w.]*|'[^']*'|of \\{.*", "")
        : kind.name();
  }
}
