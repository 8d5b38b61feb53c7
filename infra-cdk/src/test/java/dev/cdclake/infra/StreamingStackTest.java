/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.Test;
import software.amazon.awscdk.assertions.Match;

class StreamingStackTest {

  @Test
  void mskSpeaksTlsAndIamAlone() {
    Synthesised.of("prod")
        .template("Streaming")
        .hasResourceProperties(
            "AWS::MSK::Cluster",
            Map.of(
                "EncryptionInfo",
                Match.objectLike(
                    Map.of(
                        "EncryptionInTransit", Map.of("ClientBroker", "TLS", "InCluster", true))),
                "ClientAuthentication",
                Map.of(
                    "Sasl",
                    Map.of("Iam", Map.of("Enabled", true)),
                    "Unauthenticated",
                    Map.of("Enabled", false))));
  }

  @Test
  void configurationIsForTheClustersOwnVersion() {
    Synthesised.of("prod")
        .template("Streaming")
        .hasResourceProperties(
            "AWS::MSK::Configuration",
            Map.of("KafkaVersionsList", java.util.List.of("3.9.x.kraft")));
  }

  @Test
  void transactionsSurviveTheLossOfABroker() {
    assertThat(serverProperties("prod"))
        .contains("transaction.state.log.replication.factor=3")
        .contains("transaction.state.log.min.isr=2")
        .contains("auto.create.topics.enable=false");
  }

  @Test
  void twoBrokersHoldTwoCopies() {
    assertThat(serverProperties("staging"))
        .contains("transaction.state.log.replication.factor=2")
        .contains("transaction.state.log.min.isr=1");
  }

  @Test
  void topicsKeepTheirEventsWhenTheStackGoes() {
    Synthesised.of("staging")
        .template("Streaming")
        .allResources(
            "AWS::MSK::Topic",
            Match.objectLike(Map.of("DeletionPolicy", "Retain", "UpdateReplacePolicy", "Retain")));
  }

  @Test
  void topicsHaveTheContractsSettings() {
    String configs = Synthesised.of("staging").texts("AWS::MSK::Topic", "Configs").get(0);

    assertThat(new String(Base64.getDecoder().decode(configs), StandardCharsets.UTF_8))
        .isEqualTo(
            """
            cleanup.policy=delete
            compression.type=producer
            max.message.bytes=16777216
            retention.ms=604800000
            """);
  }

  @Test
  void devsNodeKeepsItsLogOnAnEncryptedFileSystem() {
    Synthesised dev = Synthesised.of("dev");

    dev.template("Streaming").resourceCountIs("AWS::MSK::Cluster", 0);
    dev.template("Streaming")
        .hasResourceProperties("AWS::EFS::FileSystem", Map.of("Encrypted", true));
    dev.template("Streaming")
        .hasResourceProperties(
            "AWS::ECS::TaskDefinition",
            Map.of(
                "Volumes",
                java.util.List.of(
                    Match.objectLike(
                        Map.of(
                            "EFSVolumeConfiguration",
                            Match.objectLike(Map.of("TransitEncryption", "ENABLED")))))));
  }

  @Test
  void devsNodeIsNeverTwo() {
    Synthesised.of("dev")
        .template("Streaming")
        .hasResourceProperties(
            "AWS::ECS::Service",
            Map.of(
                "DeploymentConfiguration",
                Match.objectLike(Map.of("MaximumPercent", 100, "MinimumHealthyPercent", 0))));
  }

  private static String serverProperties(String environment) {
    return Synthesised.of(environment).texts("AWS::MSK::Configuration", "ServerProperties").get(0);
  }
}
