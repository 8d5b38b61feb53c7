/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import io.github.cdklabs.cdknag.NagPackSuppression;
import io.github.cdklabs.cdknag.NagSuppressions;
import java.util.List;
import software.amazon.awscdk.Stack;
import software.constructs.IConstruct;

/** Accepts a finding of cdk-nag where it stands, with the reason. */
final class Reasons {

  private static final List<String> LAMBDAS_OF_CDK =
      List.of("Custom::CDKBucketDeployment", "AWS679f53fac002430cb0da5b7982bd2287");

  private Reasons() {}

  /** Accepts a rule's findings on a construct and everything below it. */
  static void accept(IConstruct construct, String rule, String reason) {
    NagSuppressions.addResourceSuppressions(
        construct,
        List.of(NagPackSuppression.builder().id("AwsSolutions-" + rule).reason(reason).build()),
        true);
  }

  /** Accepts what the CDK's own Lambdas, which upload files and ask AWS for addresses, bring. */
  static void acceptLambdasOfCdk(Stack stack) {
    for (IConstruct child : stack.getNode().findAll()) {
      String id = child.getNode().getId();
      if (LAMBDAS_OF_CDK.stream().anyMatch(id::startsWith)) {
        accept(child, "IAM4", "Made by the CDK: basic execution, which only writes logs.");
        accept(child, "IAM5", "Made by the CDK: it copies files of any name into our own bucket.");
        accept(child, "L1", "Made by the CDK, which gives its Lambdas their runtime.");
      }
    }
  }
}
