/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.glue;

import dev.cdclake.failure.FailureCode;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.exception.SdkServiceException;

/** Tells what a failed call of AWS was. */
final class AwsFailures {

  private static final int HTTP_SERVER_ERROR = 500;

  private AwsFailures() {}

  /** An outage, unless the service answered, and will answer the same again. */
  static FailureCode code(SdkException failure) {
    boolean isRefusal =
        failure instanceof SdkServiceException answer
            && answer.statusCode() < HTTP_SERVER_ERROR
            && !answer.isThrottlingException();
    return isRefusal ? FailureCode.CONFIG_INVALID : FailureCode.UNREACHABLE;
  }
}
