/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

import java.util.HashMap;
import java.util.Map;

/**
 * What this process looks its secrets up in: its environment and, where a scheduler hands out only
 * the names of secrets, what was fetched at its start.
 */
public final class Secrets {

  private static volatile Map<String, String> fetched = Map.of();

  private Secrets() {}

  /** Returns values by the variables that the pipeline file names; fetched ones come first. */
  public static Map<String, String> known() {
    if (fetched.isEmpty()) {
      return System.getenv();
    }
    Map<String, String> known = new HashMap<>(System.getenv());
    known.putAll(fetched);
    return known;
  }

  /** Makes fetched values known, in place of what was fetched before. */
  public static void fetched(Map<String, String> values) {
    fetched = Map.copyOf(values);
  }
}
