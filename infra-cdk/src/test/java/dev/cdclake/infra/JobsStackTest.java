/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cdclake.contract.JobName;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awscdk.assertions.Match;

class JobsStackTest {

  @Test
  void jobsRunOnGlueSixWithIcebergAndTheirOwnRegion() {
    Synthesised.of("prod")
        .template("Jobs")
        .allResourcesProperties(
            "AWS::Glue::Job",
            Match.objectLike(
                Map.of(
                    "GlueVersion",
                    "6.0",
                    "DefaultArguments",
                    Match.objectLike(
                        Map.of(
                            "--datalake-formats",
                            "iceberg",
                            "--job-language",
                            "scala",
                            "--conf",
                            Match.stringLikeRegexp(".*s3a.endpoint.region=us-east-1"),
                            "--environment",
                            "prod",
                            "--profile",
                            "aws",
                            "--region",
                            "us-east-1")))));
  }

  @Test
  void everyTableHasOneWriterAtATime() {
    Synthesised.of("prod")
        .template("Jobs")
        .allResourcesProperties(
            "AWS::Glue::Job",
            Match.objectLike(Map.of("ExecutionProperty", Map.of("MaxConcurrentRuns", 1))));
  }

  /** What starts a stream anew looks at when its job was changed. */
  @Test
  void jobIsChangedOnceItsPipelineFileAndModelsAreUploaded() {
    assertThat(Synthesised.of("prod").resources("AWS::Glue::Job"))
        .hasSize(JobName.values().length)
        .allSatisfy(
            (id, job) ->
                assertThat(job.get("DependsOn").toString())
                    .as(id)
                    .contains("\"PipelineCustomResource")
                    .contains("\"ModelsCustomResource"));
  }

  @Test
  void jobsEncryptLogsAndFiles() {
    Synthesised.of("prod")
        .template("Jobs")
        .allResourcesProperties(
            "AWS::Glue::Job", Match.objectLike(Map.of("SecurityConfiguration", Match.anyValue())));
  }

  @Test
  void logGroupsThatGlueNamesAreThereBeforeItWritesToThem() {
    assertThat(Synthesised.of("prod").texts("AWS::Logs::LogGroup", "LogGroupName"))
        .contains(
            "/aws-glue/jobs/cdc-demo-prod-jobs-role/cdc-demo-prod-gold/error",
            "/aws-glue/jobs/cdc-demo-prod-jobs-role/cdc-demo-prod-gold/output")
        .filteredOn(name -> name.startsWith("/aws-glue/"))
        .hasSize(2 * JobName.values().length);
  }

  @Test
  void onlyTheStreamNeverEnds() {
    for (JsonNode job : Synthesised.of("prod").resources("AWS::Glue::Job").values()) {
      boolean streams = job.at("/Properties/Description").asText().equals("stream");
      assertThat(job.at("/Properties/Command/Name").asText())
          .isEqualTo(streams ? "gluestreaming" : "glueetl");
      assertThat(job.at("/Properties/DefaultArguments/--trigger").asText())
          .isEqualTo(streams ? "continuous" : "available-now");
      assertThat(job.at("/Properties/Timeout").asInt()).isPositive();
    }
  }

  @Test
  void verifyWaitsForTheNextTurnOfSilver() {
    assertThat(argument("dev", "verify", "wait")).isEqualTo("90m");
    assertThat(argument("prod", "verify", "wait")).isEqualTo("30m");
  }

  @Test
  void whatReadsTablesAnewWaitsForTwoTurnsOfSilver() {
    assertThat(argument("dev", "resnapshot", "wait")).isEqualTo("180m");
    assertThat(argument("prod", "resnapshot", "wait")).isEqualTo("60m");
  }

  @ParameterizedTest
  @ValueSource(strings = {"dev", "staging", "prod"})
  void onlyTheJobThatReadsTablesAnewIsToldOfConnect(String environment) {
    assertThat(argument(environment, "resnapshot", "connect"))
        .isEqualTo("http://connect.cdc-demo-%s.connect.internal:8083".formatted(environment));
    assertThat(
            Synthesised.of(environment).resources("AWS::Glue::Job").values().stream()
                .filter(job -> job.at("/Properties/DefaultArguments").has("--connect")))
        .hasSize(1);
  }

  @Test
  void onlyTheJobThatReadsTablesAnewIsInItsSecurityGroup() {
    Synthesised prod = Synthesised.of("prod");

    assertThat(prod.texts("AWS::Glue::Connection", "ConnectionInput/Name"))
        .containsExactlyInAnyOrder("cdc-demo-prod-jobs", "cdc-demo-prod-resnapshot");
    assertThat(
            prod.resources("AWS::Glue::Job").values().stream()
                .filter(
                    job ->
                        job.at("/Properties/Connections/Connections/0")
                            .asText()
                            .equals("cdc-demo-prod-resnapshot"))
                .map(job -> job.at("/Properties/Description").asText()))
        .containsExactly("resnapshot");
    assertThat(policy("resnapshot").toString())
        .contains("ResnapshotGroup", ":connection/cdc-demo-prod-resnapshot")
        .doesNotContain("JobsGroup");
    assertThat(policy("bronze").toString()).contains("JobsGroup").doesNotContain("ResnapshotGroup");
  }

  @Test
  void whatReadsTablesAnewWritesToTopicsAndBronzeAlone() {
    assertThat(actions("resnapshot"))
        .contains("kafka-cluster:ReadData", "kafka-cluster:WriteData", "kafka-cluster:CreateTopic");
    assertThat(policy("resnapshot").toString())
        .contains("/shop.*")
        .doesNotContain("/shop-connect", "cdc_demo_prod_gold");
    assertThat(statement("resnapshot", "glue:UpdateTable").toString())
        .contains("cdc_demo_prod_bronze")
        .doesNotContain("cdc_demo_prod_silver");
    assertThat(statement("resnapshot", "s3:PutObject").toString())
        .doesNotContain("/silver/", "/gold/");
  }

  private static JsonNode statement(String job, String action) {
    for (JsonNode statement : policy(job).at("/Properties/PolicyDocument/Statement")) {
      if (statement.get("Action").toString().contains("\"" + action + "\"")) {
        return statement;
      }
    }
    throw new AssertionError(job + " may not " + action);
  }

  private static String argument(String environment, String job, String name) {
    return Synthesised.of(environment).resources("AWS::Glue::Job").values().stream()
        .filter(made -> made.at("/Properties/Description").asText().equals(job))
        .map(made -> made.at("/Properties/DefaultArguments/--" + name).asText())
        .findFirst()
        .orElseThrow();
  }

  @Test
  void everyJobHasARoleOfItsOwn() {
    assertThat(Synthesised.of("prod").resources("AWS::Glue::Job").values())
        .extracting(job -> job.at("/Properties/Role").toString())
        .doesNotHaveDuplicates()
        .hasSize(JobName.values().length);
  }

  @Test
  void verifyWritesNoTable() {
    assertThat(actions("verify")).noneMatch(action -> action.startsWith("glue:Create"));
    assertThat(actions("verify")).doesNotContain("glue:UpdateTable", "kafka-cluster:WriteData");
  }

  @Test
  void goldReachesNeitherKafkaNorBronze() {
    assertThat(actions("gold")).noneMatch(action -> action.startsWith("kafka-cluster:"));
    assertThat(policy("gold").toString())
        .contains("cdc_demo_prod_gold", "cdc_demo_prod_silver")
        .doesNotContain("cdc_demo_prod_bronze");
  }

  @Test
  void onlyReadersOfTopicsMayReadThem() {
    Set<String> readers =
        JobSpec.all().stream()
            .map(spec -> spec.job().label())
            .filter(job -> actions(job).contains("kafka-cluster:ReadData"))
            .collect(Collectors.toSet());

    assertThat(readers).containsExactlyInAnyOrder("stream", "bronze", "verify", "resnapshot");
  }

  @Test
  void onlyTheJobThatReadsTablesAnewWritesToTopics() {
    Set<String> writers =
        JobSpec.all().stream()
            .map(spec -> spec.job().label())
            .filter(job -> actions(job).contains("kafka-cluster:WriteData"))
            .collect(Collectors.toSet());

    assertThat(writers).containsExactly("resnapshot");
  }

  @Test
  void readersOfTopicsBelongToNoGroup() {
    assertThat(actions("stream")).noneMatch(action -> action.matches("kafka-cluster:.*Group"));
  }

  @Test
  void networkInterfacesAreMadeInOneSubnetWithOneSecurityGroup() {
    assertThat(policy("bronze").toString())
        .contains(":subnet/", ":security-group/", ":network-interface/*")
        .doesNotContain(":subnet/*", ":security-group/*");
  }

  @Test
  void logsAreThoseOfJobsAlone() {
    assertThat(policy("bronze").toString())
        .contains(":log-group:/aws-glue/jobs/*:*")
        .doesNotContain(":log-group:/aws-glue/*");
  }

  @Test
  void argumentsNameSecretsAndDoNotHoldThem() {
    Synthesised.of("prod")
        .template("Jobs")
        .allResourcesProperties(
            "AWS::Glue::Job",
            Match.objectLike(
                Map.of(
                    "DefaultArguments",
                    Match.objectLike(
                        Map.of(
                            "--source-secret",
                            Match.objectLike(Map.of("Fn::ImportValue", Match.anyValue())))))));
  }

  private static Set<String> actions(String job) {
    return policy(job).at("/Properties/PolicyDocument").findValues("Action").stream()
        .flatMap(
            actions ->
                actions.isTextual()
                    ? java.util.stream.Stream.of(actions.asText())
                    : java.util.stream.StreamSupport.stream(actions.spliterator(), false)
                        .map(JsonNode::asText))
        .collect(Collectors.toSet());
  }

  private static JsonNode policy(String job) {
    return Synthesised.of("prod").resources("AWS::IAM::Policy").entrySet().stream()
        .filter(policy -> policy.getKey().startsWith("Jobs/Role" + job + "DefaultPolicy"))
        .findFirst()
        .orElseThrow()
        .getValue();
  }
}
