/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import java.util.List;
import java.util.Map;
import software.amazon.awscdk.Aws;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.iam.PolicyStatement;
import software.amazon.awscdk.services.iam.ServicePrincipal;
import software.amazon.awscdk.services.kms.Key;

/** The key of logs, alarms and messages, with what AWS's services may do with it. */
final class OperationsKey {

  private OperationsKey() {}

  static Key create(Stack stack, Line line) {
    Key key =
        Key.Builder.create(stack, "Key")
            .alias(line.name("operations"))
            .description("Logs, alarms and messages of " + line.pipeline().prefix())
            .enableKeyRotation(true)
            .removalPolicy(line.removal())
            .build();
    key.addToResourcePolicy(logs(line.settings().region()));
    key.addToResourcePolicy(messages());
    return key;
  }

  /**
   * CloudWatch Logs names the log group in the context of every call.
   *
   * @see <a
   *     href="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html">Encrypt
   *     log data</a>
   */
  private static PolicyStatement logs(String region) {
    return PolicyStatement.Builder.create()
        .principals(List.of(new ServicePrincipal("logs.%s.amazonaws.com".formatted(region))))
        .actions(
            List.of(
                "kms:Encrypt",
                "kms:Decrypt",
                "kms:ReEncrypt*",
                "kms:GenerateDataKey*",
                "kms:DescribeKey"))
        .resources(List.of("*"))
        .conditions(
            Map.of(
                "ArnLike",
                Map.of(
                    "kms:EncryptionContext:aws:logs:arn",
                    "arn:%s:logs:%s:%s:log-group:*"
                        .formatted(Aws.PARTITION, region, Aws.ACCOUNT_ID))))
        .build();
  }

  /**
   * Alarms, rules, budgets and schedules of this account publish to encrypted topics and queues.
   */
  private static PolicyStatement messages() {
    return PolicyStatement.Builder.create()
        .principals(
            List.of(
                new ServicePrincipal("cloudwatch.amazonaws.com"),
                new ServicePrincipal("events.amazonaws.com"),
                new ServicePrincipal("budgets.amazonaws.com"),
                new ServicePrincipal("scheduler.amazonaws.com"),
                new ServicePrincipal("sns.amazonaws.com")))
        .actions(List.of("kms:Decrypt", "kms:GenerateDataKey*"))
        .resources(List.of("*"))
        .conditions(Map.of("StringEquals", Map.of("aws:SourceAccount", Aws.ACCOUNT_ID)))
        .build();
  }
}
