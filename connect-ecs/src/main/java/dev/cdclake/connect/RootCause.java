/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.connect;

import java.util.List;
import java.util.regex.Pattern;

/** Finds, in a stack trace, the lines that say what went wrong first. */
final class RootCause {

  private static final int LINES = 3;
  private static final Pattern FRAME = Pattern.compile("\\s+(at |\\.\\.\\. \\d+ ).*");
  private static final String CAUSED_BY = "Caused by: ";

  private RootCause() {}

  /** Returns the message of the innermost cause, at most three lines, frames left out. */
  static String of(String trace) {
    List<String> lines = trace.lines().toList();
    int start = 0;
    for (int i = 0; i < lines.size(); i++) {
      start = lines.get(i).startsWith(CAUSED_BY) ? i : start;
    }
    return lines.stream()
        .skip(start)
        .takeWhile(line -> !FRAME.matcher(line).matches())
        .limit(LINES)
        .map(line -> line.startsWith(CAUSED_BY) ? line.substring(CAUSED_BY.length()) : line)
        .map(String::strip)
        .reduce((first, second) -> first + " " + second)
        .orElse("");
  }
}
