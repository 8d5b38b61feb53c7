/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

/** A measurement that could not be made. The message says what happened and where to look. */
final class BenchException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  BenchException(String message) {
    super(message);
  }
}
