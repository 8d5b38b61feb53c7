/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

import java.io.Serializable;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A reference to a secret, never the secret itself: the name of an environment variable.
 *
 * @param variable the variable's name
 */
public record Secret(String variable) implements Serializable {

  private static final Pattern REFERENCE = Pattern.compile("\\$\\{env:([A-Za-z_][A-Za-z0-9_]*)}");

  /**
   * Replaces the references in properties by the secrets themselves; a variable that is not set
   * becomes nothing.
   */
  public static Map<String, String> resolve(
      Map<String, String> properties, Map<String, String> environment) {
    Map<String, String> resolved = new TreeMap<>();
    properties.forEach(
        (key, value) ->
            resolved.put(
                key,
                REFERENCE
                    .matcher(value)
                    .replaceAll(
                        found ->
                            Matcher.quoteReplacement(
                                environment.getOrDefault(found.group(1), "")))));
    return resolved;
  }

  /** Returns what a text refers to, in its order. */
  public static List<Secret> namedIn(String text) {
    return REFERENCE.matcher(text).results().map(found -> new Secret(found.group(1))).toList();
  }

  /** Reads a reference; empty if the text is anything else. */
  static Optional<Secret> parse(String text) {
    Matcher matcher = REFERENCE.matcher(text);
    return matcher.matches() ? Optional.of(new Secret(matcher.group(1))) : Optional.empty();
  }

  /** Looks the secret up in an environment; empty when the variable is not set. */
  public Optional<String> in(Map<String, String> environment) {
    return Optional.ofNullable(environment.get(variable));
  }

  /** Returns the reference as the pipeline file and Kafka Connect write it. */
  @Override
  public String toString() {
    return "${env:" + variable + "}";
  }
}
