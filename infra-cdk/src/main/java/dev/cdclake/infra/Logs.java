/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import software.amazon.awscdk.services.kms.IKey;
import software.amazon.awscdk.services.logs.LogGroup;
import software.constructs.Construct;

/**
 * Log groups: encrypted, and kept as long as the environment says.
 *
 * <p>A service that names its groups itself writes to one that is there; one that it made would be
 * kept for ever.
 */
final class Logs {

  private Logs() {}

  static LogGroup group(Construct scope, String id, Line line, String name, IKey key) {
    return LogGroup.Builder.create(scope, id)
        .logGroupName(name)
        .retention(line.logRetention())
        .encryptionKey(key)
        .removalPolicy(line.removal())
        .build();
  }
}
