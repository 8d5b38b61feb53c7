/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import software.amazon.awscdk.services.ecs.AwsLogDriverMode;
import software.amazon.awscdk.services.ecs.AwsLogDriverProps;
import software.amazon.awscdk.services.ecs.CpuArchitecture;
import software.amazon.awscdk.services.ecs.LogDriver;
import software.amazon.awscdk.services.ecs.OperatingSystemFamily;
import software.amazon.awscdk.services.ecs.RuntimePlatform;
import software.amazon.awscdk.services.logs.LogGroup;
import software.constructs.Construct;

/** What all containers of the line share. */
final class Containers {

  /** Graviton: a fifth cheaper than x86. */
  static final RuntimePlatform ARM =
      RuntimePlatform.builder()
          .cpuArchitecture(CpuArchitecture.ARM64)
          .operatingSystemFamily(OperatingSystemFamily.LINUX)
          .build();

  private Containers() {}

  /** Makes the log group of a container. */
  static LogDriver log(Construct scope, Line line, NetworkStack.Outputs network, String container) {
    LogGroup group =
        Logs.group(scope, container + "-log", line, line.logGroup(container), network.key());
    return LogDriver.awsLogs(
        AwsLogDriverProps.builder()
            .logGroup(group)
            .streamPrefix(container)
            // A full buffer must not stop the capture.
            .mode(AwsLogDriverMode.NON_BLOCKING)
            .build());
  }
}
