/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import dev.cdclake.contract.Pipeline;
import software.amazon.awscdk.Environment;
import software.amazon.awscdk.RemovalPolicy;
import software.amazon.awscdk.StackProps;
import software.amazon.awscdk.services.logs.RetentionDays;

/**
 * What every stack is told: the pipeline, its environment's settings, and what was built for it.
 *
 * @param pipeline tables, topics, databases and jobs
 * @param settings what this environment differs in
 * @param artifacts what the other modules built
 */
record Line(Pipeline pipeline, DeploymentSettings settings, Artifacts artifacts) {

  /** Returns a resource's name, for example {@code cdc-demo-dev-connect}. */
  String name(String what) {
    return pipeline.prefix() + "-" + what;
  }

  /** Returns the name of a log group, for example {@code /cdc-demo-dev/connect}. */
  String logGroup(String what) {
    return "/" + pipeline.prefix() + "/" + what;
  }

  /** Returns a stack's settings; the account is the one that deploys. */
  StackProps stack(String what, String description) {
    return StackProps.builder()
        .stackName(name(what))
        .description(description)
        .env(Environment.builder().region(settings.region()).build())
        .terminationProtection(settings.isProtected())
        .build();
  }

  /** Returns what becomes of a resource that holds data when its stack is destroyed. */
  RemovalPolicy removal() {
    return settings.isDurable() ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
  }

  /** Returns how long logs are kept. */
  RetentionDays logRetention() {
    return switch (settings.logDays()) {
      case 1 -> RetentionDays.ONE_DAY;
      case 3 -> RetentionDays.THREE_DAYS;
      case 5 -> RetentionDays.FIVE_DAYS;
      case 7 -> RetentionDays.ONE_WEEK;
      case 14 -> RetentionDays.TWO_WEEKS;
      case 30 -> RetentionDays.ONE_MONTH;
      case 60 -> RetentionDays.TWO_MONTHS;
      case 90 -> RetentionDays.THREE_MONTHS;
      case 180 -> RetentionDays.SIX_MONTHS;
      default -> RetentionDays.ONE_YEAR;
    };
  }
}
