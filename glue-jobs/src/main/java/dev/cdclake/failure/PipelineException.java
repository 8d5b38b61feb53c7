/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.failure;

import dev.cdclake.contract.Stage;

/** A run that failed: in which stage, with which code, and in words what to do about it. */
public final class PipelineException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final Stage stage;
  private final FailureCode code;

  public PipelineException(Stage stage, FailureCode code, String message) {
    this(stage, code, message, null);
  }

  public PipelineException(Stage stage, FailureCode code, String message, Throwable cause) {
    super(message, cause);
    this.stage = stage;
    this.code = code;
  }

  public Stage stage() {
    return stage;
  }

  public FailureCode code() {
    return code;
  }
}
