/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import java.util.Optional;
import software.amazon.awscdk.services.ecs.FargateService;
import software.amazon.awscdk.services.ecs.ICluster;
import software.amazon.awscdk.services.secretsmanager.ISecret;

/**
 * What can be stopped at night and is started again in the morning, in flow order.
 *
 * @param cluster where containers run
 * @param database identifier of our own PostgreSQL
 * @param credentials what Connect reads when it starts
 * @param kafka our Kafka node on Fargate
 * @param connect the Connect worker
 */
record Servers(
    ICluster cluster,
    Optional<String> database,
    ISecret credentials,
    Optional<FargateService> kafka,
    FargateService connect) {

  /** Gathers them from the stacks that made them. */
  static Servers of(
      SourceStack.Outputs source, StreamingStack.Outputs streaming, CaptureStack.Outputs capture) {
    return new Servers(
        streaming.servers(),
        source.instance(),
        source.credentials(),
        streaming.node(),
        capture.worker());
  }
}
