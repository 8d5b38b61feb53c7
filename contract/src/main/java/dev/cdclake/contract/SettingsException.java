/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

import java.util.List;

/** Says that settings cannot be used, and names every problem found in them at once. */
public final class SettingsException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final transient List<String> problems;

  public SettingsException(String subject, List<String> problems) {
    super(
        "Cannot use %s: %d %s.%n  %s"
            .formatted(
                subject,
                problems.size(),
                problems.size() == 1 ? "problem" : "problems",
                String.join(System.lineSeparator() + "  ", problems)));
    this.problems = List.copyOf(problems);
  }

  /** Returns the problems in the order they stand in the file, one sentence each. */
  public List<String> problems() {
    return problems;
  }
}
