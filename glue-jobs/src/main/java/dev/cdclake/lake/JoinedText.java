/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

/** Joins texts so that two lists are equal exactly if their joined texts are. */
public final class JoinedText {

  private JoinedText() {}

  /** Joins texts: each with its length in front, which keeps (a, bc) apart from (ab, c). */
  public static String of(Iterable<String> texts) {
    StringBuilder joined = new StringBuilder();
    for (String text : texts) {
      joined.append(text.length()).append(':').append(text);
    }
    return joined.toString();
  }
}
