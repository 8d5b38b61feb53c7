/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awscdk.assertions.Match;

class NetworkStackTest {

  @Test
  void devHasNoNatAndOneEndpointInOneZone() {
    Synthesised dev = Synthesised.of("dev");

    dev.template("Network").resourceCountIs("AWS::EC2::NatGateway", 0);
    dev.template("Network").resourceCountIs("AWS::EC2::VPCEndpoint", 2);
    dev.template("Network")
        .hasResourceProperties(
            "AWS::EC2::VPCEndpoint",
            Map.of(
                "VpcEndpointType",
                "Interface",
                "SubnetIds",
                Match.arrayEquals(List.of(Match.anyValue()))));
  }

  @Test
  void stagingLeavesThroughOneNatGateway() {
    Synthesised.of("staging").template("Network").resourceCountIs("AWS::EC2::NatGateway", 1);
  }

  @Test
  void prodHasNoWayOutToTheInternet() {
    Synthesised prod = Synthesised.of("prod");

    prod.template("Network").resourceCountIs("AWS::EC2::InternetGateway", 0);
    prod.template("Network").resourceCountIs("AWS::EC2::NatGateway", 0);
    assertThat(prod.resources("AWS::EC2::Route")).isEmpty();
  }

  @Test
  void prodHasSubnetsInThreeZones() {
    Synthesised.of("prod").template("Network").resourceCountIs("AWS::EC2::Subnet", 6);
  }

  @Test
  void allTrafficIsLogged() {
    Synthesised.of("prod")
        .template("Network")
        .hasResourceProperties("AWS::EC2::FlowLog", Map.of("TrafficType", "ALL"));
  }

  @Test
  void onlyConnectJobsAndRotationReachTheDatabase() {
    assertThat(
            Synthesised.of("dev").resources("AWS::EC2::SecurityGroupIngress").values().stream()
                .filter(rule -> rule.at("/Properties/FromPort").asInt() == 15432))
        .extracting(rule -> rule.at("/Properties/Description").asText())
        .containsExactlyInAnyOrder(
            "Connect reads the log",
            "Jobs compare rows",
            "Tables are read anew",
            "Passwords are changed");
  }

  @ParameterizedTest
  @ValueSource(strings = {"dev", "staging", "prod"})
  void connectIsReachedByItsOwnGroupAndTheJobThatReadsTablesAnew(String environment) {
    assertThat(ingress(environment, 8083))
        .allSatisfy(
            rule -> assertThat(rule.at("/Properties/GroupId").toString()).contains("Connect"))
        .extracting(rule -> rule.at("/Properties/SourceSecurityGroupId/Fn::GetAtt/0").asText())
        .satisfiesExactlyInAnyOrder(
            group -> assertThat(group).startsWith("ConnectGroup"),
            group -> assertThat(group).startsWith("ResnapshotGroup"));
  }

  @ParameterizedTest
  @CsvSource({"dev,9092", "staging,9098", "prod,9098"})
  void onlyConnectAndJobsReachTheBrokers(String environment, int port) {
    assertThat(ingress(environment, port))
        .extracting(rule -> rule.at("/Properties/Description").asText())
        .containsExactlyInAnyOrder(
            "Connect writes events", "Jobs read events", "Rows that are gone are ended");
  }

  private static List<JsonNode> ingress(String environment, int port) {
    return Synthesised.of(environment).resources("AWS::EC2::SecurityGroupIngress").values().stream()
        .filter(rule -> rule.at("/Properties/FromPort").asInt() == port)
        .toList();
  }

  @Test
  void pagesOfAirflowAreReachedFromTheNetworkAlone() {
    assertThat(
            Synthesised.of("prod").resources("AWS::EC2::SecurityGroup").values().stream()
                .filter(group -> group.at("/Properties/SecurityGroupIngress").isArray())
                .flatMap(group -> stream(group.at("/Properties/SecurityGroupIngress"))))
        .singleElement()
        .satisfies(
            rule -> {
              assertThat(rule.get("CidrIp").asText()).isEqualTo("10.60.0.0/16");
              assertThat(rule.get("FromPort").asInt()).isEqualTo(443);
              assertThat(rule.get("ToPort").asInt()).isEqualTo(443);
            });
  }

  @ParameterizedTest
  @CsvSource({"dev,1", "staging,0", "prod,2"})
  void endpointsOfSecretsAndCatalogLetNoOtherAccountThrough(String environment, int endpoints) {
    assertThat(
            Synthesised.of(environment).resources("AWS::EC2::VPCEndpoint").values().stream()
                .map(endpoint -> endpoint.at("/Properties/PolicyDocument/Statement"))
                .filter(JsonNode::isArray))
        .hasSize(endpoints)
        .allSatisfy(
            policy ->
                assertThat(policy)
                    .singleElement()
                    .extracting(statement -> statement.get("Condition").toString())
                    .isEqualTo(
                        "{\"StringEquals\":{\"aws:PrincipalAccount\":{\"Ref\":\"AWS::AccountId\"}}}"));
  }

  private static Stream<JsonNode> stream(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false);
  }
}
