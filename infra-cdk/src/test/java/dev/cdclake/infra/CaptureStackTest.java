/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import software.amazon.awscdk.assertions.Match;

class CaptureStackTest {

  @Test
  void oldWorkerGoesBeforeTheNewOneComes() {
    Synthesised.of("prod")
        .template("Capture")
        .hasResourceProperties(
            "AWS::ECS::Service",
            Map.of(
                "DesiredCount",
                1,
                "DeploymentConfiguration",
                Match.objectLike(
                    Map.of(
                        "MaximumPercent",
                        100,
                        "MinimumHealthyPercent",
                        0,
                        "DeploymentCircuitBreaker",
                        Map.of("Enable", true, "Rollback", true)))));
  }

  @Test
  void workersHaveNoPublicAddressWhereThereAreOtherWays() {
    Synthesised.of("prod")
        .template("Capture")
        .hasResourceProperties(
            "AWS::ECS::Service",
            Map.of(
                "NetworkConfiguration",
                Map.of(
                    "AwsvpcConfiguration",
                    Match.objectLike(Map.of("AssignPublicIp", "DISABLED")))));
  }

  @Test
  void passwordComesFromTheSecretAndIsNoVariable() {
    for (JsonNode task : Synthesised.of("dev").resources("AWS::ECS::TaskDefinition").values()) {
      JsonNode container = task.at("/Properties/ContainerDefinitions/0");
      assertThat(container.at("/Environment").findValuesAsText("Name"))
          .noneMatch(name -> name.contains("PASSWORD"));
      if (!container.get("Name").asText().equals("kafka")) {
        assertThat(container.at("/Secrets").findValuesAsText("Name"))
            .contains("CDCLAKE_SOURCE_PASSWORD", "CDCLAKE_SOURCE_USER");
      }
    }
  }

  @Test
  void workerAndRegistrationRunTheSameImage() {
    assertThat(Synthesised.of("dev").resources("AWS::ECS::TaskDefinition").entrySet())
        .filteredOn(task -> task.getKey().startsWith("Capture/"))
        .extracting(task -> task.getValue().at("/Properties/ContainerDefinitions/0/Image"))
        .hasSize(2)
        .allSatisfy(image -> assertThat(image.toString()).contains("container-assets"))
        .containsOnly(
            Synthesised.of("dev").resources("AWS::ECS::TaskDefinition").entrySet().stream()
                .filter(task -> task.getKey().startsWith("Capture/"))
                .findFirst()
                .orElseThrow()
                .getValue()
                .at("/Properties/ContainerDefinitions/0/Image"));
  }

  @Test
  void addressesOfBrokersAreAskedForAndNeverExported() {
    Synthesised prod = Synthesised.of("prod");

    prod.template("Capture").resourceCountIs("Custom::AWS", 2);
    prod.template("Jobs").resourceCountIs("Custom::AWS", 1);
    assertThat(prod.tree("Streaming").at("/Outputs").toString()).doesNotContain("Bootstrap");
  }

  @Test
  void connectorIsRegisteredAfterEveryDeploymentAndAfterTheFirst() {
    Synthesised.of("prod")
        .template("Capture")
        .hasResourceProperties(
            "AWS::Events::Rule",
            Map.of(
                "EventPattern",
                Match.objectLike(
                    Map.of(
                        "detail", Map.of("eventName", List.of("SERVICE_DEPLOYMENT_COMPLETED"))))));
    Synthesised.of("prod").template("Capture").resourceCountIs("Custom::AWS", 2);
  }

  @Test
  void registrationLooksAtTopicsAndReadsNone() {
    assertThat(
            Synthesised.of("prod").resources("AWS::IAM::Policy").entrySet().stream()
                .filter(policy -> policy.getKey().startsWith("Capture/RegistrationTaskRole"))
                .map(policy -> policy.getValue().toString()))
        .singleElement()
        .asString()
        .contains("kafka-cluster:DescribeTopic", "/shop.*")
        .doesNotContain("kafka-cluster:ReadData", "kafka-cluster:WriteData", "CreateTopic");
  }

  @Test
  void connectMayWriteOnlyTheTopicsOfThisLine() {
    assertThat(Synthesised.of("prod").tree("Capture").toString())
        .contains("kafka-cluster:WriteData")
        .contains("/shop.*")
        .contains("/shop-connect-*");
  }
}
