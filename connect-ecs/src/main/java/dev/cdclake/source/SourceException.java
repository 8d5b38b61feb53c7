/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.source;

/** Says why the source database cannot be used, and what to do about it. */
public final class SourceException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  public SourceException(String message) {
    super(message);
  }

  public SourceException(String message, Throwable cause) {
    super(message, cause);
  }
}
