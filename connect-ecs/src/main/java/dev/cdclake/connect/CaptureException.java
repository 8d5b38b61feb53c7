/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.connect;

/** Says why changes are not being captured, and what to do about it. */
public final class CaptureException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  public CaptureException(String message) {
    super(message);
  }

  public CaptureException(String message, Throwable cause) {
    super(message, cause);
  }
}
