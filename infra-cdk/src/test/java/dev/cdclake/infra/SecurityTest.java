/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awscdk.App;
import software.amazon.awscdk.CfnResource;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.assertions.Annotations;
import software.amazon.awscdk.assertions.Match;

/** What holds over all stacks of every environment. */
class SecurityTest {

  /** What takes no narrower resource than everything; each with a reason where it is granted. */
  private static final Set<String> ON_EVERYTHING =
      Set.of(
          // Task execution: a login has no resource.
          "ecr:GetAuthorizationToken",
          // Metrics: bound to name spaces by a condition.
          "cloudwatch:PutMetricData",
          // State machines: tracing and the delivery of logs.
          "xray:PutTraceSegments",
          "xray:PutTelemetryRecords",
          "xray:GetSamplingRules",
          "xray:GetSamplingTargets",
          "logs:CreateLogDelivery",
          "logs:GetLogDelivery",
          "logs:UpdateLogDelivery",
          "logs:DeleteLogDelivery",
          "logs:ListLogDeliveries",
          "logs:PutResourcePolicy",
          "logs:DescribeResourcePolicies",
          "logs:DescribeLogGroups",
          // Jobs in a network: describing it.
          "ec2:DescribeVpcEndpoints",
          "ec2:DescribeRouteTables",
          "ec2:DescribeNetworkInterfaces",
          "ec2:DescribeSecurityGroups",
          "ec2:DescribeSubnets",
          "ec2:DescribeVpcAttribute",
          // Airflow looks whether the account's buckets are closed.
          "s3:GetAccountPublicAccessBlock",
          // Waiting for a task that a state machine runs: its name is not known before.
          "ecs:StopTask",
          "ecs:DescribeTasks");

  private static final Pattern LITERAL_SECRET =
      Pattern.compile("(?i)\"[^\"]*(password|secret|token)[^\"]*\":\"[^\"{}]+\"");

  /** Returns one of the repository's environments, or what settings may say besides. */
  private static Synthesised line(String name) {
    return switch (name) {
      case "variant" -> VariantTest.VARIANT;
      case "terse" -> VariantTest.TERSE;
      default -> Synthesised.of(name);
    };
  }

  @ParameterizedTest
  @ValueSource(strings = {"dev", "staging", "prod", "variant", "terse"})
  void nagFindsNothingThatHasNoReason(String name) {
    for (Stack stack : line(name).stacks().values()) {
      Annotations annotations = Annotations.fromStack(stack);
      annotations.hasNoError("*", Match.anyValue());
      annotations.hasNoWarning("*", Match.stringLikeRegexp("AwsSolutions-.*"));
    }
  }

  @Test
  void whatCloudFormationWouldRefuseIsNotSynthesised() {
    App app = LakehouseApp.app(Map.of());
    CfnResource.Builder.create(new Stack(app, "Wrong"), "Bucket")
        .type("AWS::S3::Bucket")
        .properties(Map.of("BucketNames", "no such property"))
        .build();

    assertThatThrownBy(app::synth).hasMessageContaining("Validation failed");
    assertThat(Path.of(app.getOutdir(), "validation-report.json"))
        .content()
        .contains("BucketNames", "CloudFormation Validate");
  }

  @ParameterizedTest
  @ValueSource(strings = {"dev", "staging", "prod", "variant", "terse"})
  void onlyWhatTakesNoNarrowerResourceIsGrantedOnEverything(String name) {
    Set<String> granted = new TreeSet<>();
    for (JsonNode statement : statements(line(name))) {
      if (!statement.has("Resource") || texts(statement.get("Resource")).contains("*")) {
        granted.addAll(texts(statement.path("Action")));
      }
    }

    assertThat(granted).isSubsetOf(ON_EVERYTHING);
  }

  @ParameterizedTest
  @ValueSource(strings = {"dev", "staging", "prod", "variant", "terse"})
  void noPolicyOfOursGrantsAllActionsOfAService(String name) {
    assertThat(statements(line(name)))
        .isNotEmpty()
        .allSatisfy(
            statement -> {
              assertThat(statement.has("NotAction")).isFalse();
              assertThat(statement.has("NotResource")).isFalse();
              assertThat(texts(statement.path("Action")))
                  .noneMatch(action -> action.equals("*") || action.endsWith(":*"));
            });
  }

  /** Of policies by themselves, managed ones among them, and of those that stand in a role. */
  private static List<JsonNode> statements(Synthesised line) {
    List<JsonNode> documents = new ArrayList<>();
    for (String type : List.of("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")) {
      line.resources(type)
          .values()
          .forEach(policy -> documents.add(policy.at("/Properties/PolicyDocument")));
    }
    line.resources("AWS::IAM::Role")
        .values()
        .forEach(
            role ->
                role.at("/Properties/Policies")
                    .forEach(policy -> documents.add(policy.get("PolicyDocument"))));
    List<JsonNode> statements = new ArrayList<>();
    documents.forEach(document -> document.get("Statement").forEach(statements::add));
    return statements;
  }

  @ParameterizedTest
  @ValueSource(strings = {"dev", "staging", "prod"})
  void logsAreEncryptedAndEnd(String environment) {
    Synthesised line = Synthesised.of(environment);

    assertThat(line.resources("AWS::Logs::LogGroup"))
        .isNotEmpty()
        .allSatisfy(
            (id, group) -> {
              assertThat(group.at("/Properties/KmsKeyId").isMissingNode()).as(id).isFalse();
              assertThat(group.at("/Properties/RetentionInDays").asInt())
                  .as(id)
                  .isEqualTo(line.line().settings().logDays());
            });
  }

  @ParameterizedTest
  @ValueSource(strings = {"dev", "staging", "prod"})
  void keysAreRotated(String environment) {
    assertThat(Synthesised.of(environment).resources("AWS::KMS::Key"))
        .isNotEmpty()
        .allSatisfy(
            (id, key) ->
                assertThat(key.at("/Properties/EnableKeyRotation").asBoolean()).as(id).isTrue());
  }

  @ParameterizedTest
  @ValueSource(strings = {"dev", "staging", "prod"})
  void nothingCanBeConnectedToFromOutside(String environment) {
    Synthesised line = Synthesised.of(environment);
    List<String> open = new ArrayList<>(line.texts("AWS::EC2::SecurityGroupIngress", "CidrIp"));
    for (JsonNode group : line.resources("AWS::EC2::SecurityGroup").values()) {
      group
          .at("/Properties/SecurityGroupIngress")
          .forEach(rule -> open.add(rule.path("CidrIp").asText(rule.toString())));
    }

    assertThat(open).allMatch(from -> from.isEmpty() || from.equals(NetworkStack.ADDRESSES));
  }

  @ParameterizedTest
  @ValueSource(strings = {"dev", "staging", "prod"})
  void noSecretStandsInAJobsArguments(String environment) {
    for (JsonNode job : Synthesised.of(environment).resources("AWS::Glue::Job").values()) {
      assertThat(LITERAL_SECRET.matcher(job.at("/Properties/DefaultArguments").toString()).find())
          .isFalse();
    }
  }

  private static List<String> texts(JsonNode node) {
    List<String> texts = new ArrayList<>();
    if (node.isArray()) {
      node.forEach(text -> texts.add(text.asText()));
    } else {
      texts.add(node.asText());
    }
    return texts;
  }
}
