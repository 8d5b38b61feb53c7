/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

import java.util.Map;
import java.util.Optional;

/**
 * A reference to a secret, never the secret itself: the name of an environment variable.
 *
 * @param variable the variable's name
 */
public record Secret(String variable) {

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
