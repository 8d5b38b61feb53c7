/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import software.amazon.awscdk.assertions.Match;

class OrchestrationStackTest {

  @Test
  void jobsRunInFlowOrder() {
    assertThat(StateMachineText.of(Synthesised.of("dev"), "run").path("run: bronze"))
        .containsExactly(
            "run: bronze", "run: silver", "run: gold", "run: check", "run: did one fail?");
    assertThat(StateMachineText.of(Synthesised.of("dev"), "nightly").path("nightly: maintain"))
        .containsExactly("nightly: maintain", "nightly: verify", "nightly: did one fail?");
  }

  /** Bronze fails for one table's gap when it has carried all others. */
  @Test
  void jobThatFailsHoldsUpNoneBehindItAndFailsTheRunInTheEnd() {
    StateMachineText run = StateMachineText.of(Synthesised.of("dev"), "run");

    for (String job : List.of("bronze", "silver", "gold", "check")) {
      JsonNode step = run.state("run: " + job);
      assertThat(step.at("/Catch/0/ErrorEquals").toString()).isEqualTo("[\"States.ALL\"]");
      assertThat(step.at("/Catch/0/Next")).isEqualTo(step.get("Next"));
      assertThat(step.at("/Catch/0/ResultPath").asText()).isEqualTo("$.failed." + job);
      assertThat(step.at("/Retry/0/MaxAttempts").asInt()).isEqualTo(1);
    }
    assertThat(run.choice("run: did one fail?", "{\"failed\":{\"bronze\":{\"Error\":\"E\"}}}"))
        .isEqualTo("run: at least one failed");
    assertThat(run.state("run: at least one failed").get("Type").asText()).isEqualTo("Fail");
    assertThat(run.choice("run: did one fail?", "{\"run\":{}}")).isEqualTo("run: all ended well");
  }

  @Test
  void connectStartsAnewWithARotatedPassword() {
    assertThat(definition("prod", "restart-connect")).contains("ForceNewDeployment");
  }

  @Test
  void eveningStopsReadersFirstAndMorningStartsTheSourceFirst() {
    String evening = definition("dev", "evening");
    String morning = definition("dev", "morning");

    assertThat(List.of("Stop Connect", "Stop Kafka", "Stop the database"))
        .extracting(step -> evening.indexOf("\\\"" + step + "\\\":{"))
        .isSorted()
        .doesNotContain(-1);
    assertThat(List.of("Start the database", "Start Kafka", "Start Connect"))
        .extracting(step -> morning.indexOf("\\\"" + step + "\\\":{"))
        .isSorted()
        .doesNotContain(-1);
  }

  @Test
  void morningWaitsUntilTheDatabaseAnswers() {
    assertThat(definition("dev", "morning"))
        .contains("describeDBInstances")
        .contains("\\\"Default\\\":\\\"Let the database start\\\"");
  }

  @Test
  void runWaitsForNothingWhileAnotherGoesOn() {
    assertThat(definition("dev", "run")).contains("listExecutions", "The last run goes on");
  }

  @Test
  void scheduleOfDevKeepsToTheDay() {
    assertThat(Synthesised.of("dev").texts("AWS::Scheduler::Schedule", "ScheduleExpression"))
        .containsExactlyInAnyOrder(
            "cron(0 8-19/1 ? * MON-FRI *)",
            "cron(30 18 ? * MON-FRI *)",
            "cron(0 20 ? * * *)",
            "cron(0 7 ? * MON-FRI *)");
  }

  @Test
  void prodStreamsAndAirflowStartsTheRest() {
    Synthesised prod = Synthesised.of("prod");

    assertThat(definition("prod", "keep-streaming")).contains("cdc-demo-prod-stream");
    assertThat(prod.texts("AWS::Scheduler::Schedule", "Name"))
        .containsExactly("cdc-demo-prod-keep-streaming");
    prod.template("Orchestration").resourceCountIs("AWS::MWAA::Environment", 1);
  }

  /** A deployment reaches a stream by a new run alone: the old one has what it began with. */
  @Test
  void streamThatIsOlderThanItsJobIsStoppedAndStartedAnew() {
    StateMachineText keep = StateMachineText.of(Synthesised.of("prod"), "keep-streaming");

    for (String alive : List.of("STARTING", "RUNNING", "WAITING")) {
      assertThat(keep.choice("Is it alive?", stream(alive, "09:00:00.125Z", "09:00:01Z")))
          .isEqualTo("Stop the run of the old job");
      assertThat(keep.choice("Is it alive?", stream(alive, "09:00:01.000Z", "09:00:00.875Z")))
          .isEqualTo("It streams");
    }
    assertThat(keep.path("Stop the run of the old job"))
        .containsExactly(
            "Stop the run of the old job",
            "Let the old run end",
            "Ask for the newest run",
            "Is it alive?");
    assertThat(keep.choice("Is it alive?", stream("STOPPED", "09:00:00Z", "09:00:01Z")))
        .isEqualTo("Start streaming");
  }

  /** The evening stops it for good; whoever else does starts it again. */
  @Test
  void streamThatIsBeingStoppedIsLeftAlone() {
    StateMachineText keep = StateMachineText.of(Synthesised.of("prod"), "keep-streaming");

    assertThat(keep.choice("Is it alive?", stream("STOPPING", "09:00:00Z", "09:00:01Z")))
        .isEqualTo("It is being stopped");
    assertThat(keep.path("It is being stopped")).containsExactly("It is being stopped");
  }

  @Test
  void streamThatEndedOrNeverRanIsStarted() {
    StateMachineText keep = StateMachineText.of(Synthesised.of("prod"), "keep-streaming");

    assertThat(keep.choice("Is it alive?", "{\"newest\":{\"JobRuns\":[]}}"))
        .isEqualTo("Start streaming");
    for (String ended : List.of("SUCCEEDED", "FAILED", "TIMEOUT", "ERROR", "EXPIRED")) {
      assertThat(keep.choice("Is it alive?", stream(ended, "09:00:01Z", "09:00:00Z")))
          .isEqualTo("Start streaming");
    }
  }

  @Test
  void whatKeepsStreamingMayStopAndStartTheStreamAlone() {
    List<String> glue = List.of("GetJob", "GetJobRuns", "BatchStopJobRun");
    Map<String, String> granted = new TreeMap<>();
    for (JsonNode policy : Synthesised.of("prod").resources("AWS::IAM::Policy").values()) {
      for (JsonNode statement : policy.at("/Properties/PolicyDocument/Statement")) {
        String action = statement.get("Action").toString();
        glue.stream()
            .filter(one -> action.contains("\"glue:" + one + "\""))
            .filter(one -> policy.toString().contains("keepstreaming"))
            .forEach(one -> granted.put(one, statement.get("Resource").toString()));
      }
    }

    assertThat(granted).containsOnlyKeys(glue);
    assertThat(granted.values()).allMatch(arn -> arn.endsWith(":job/cdc-demo-prod-stream\"]]}"));
  }

  private static String stream(String state, String started, String changed) {
    return """
    {"newest": {"JobRuns": [{"JobRunState": "%s", "StartedOn": "2026-11-30T%s"}]},
     "asked": {"Job": {"LastModifiedOn": "2026-11-30T%s"}}}"""
        .formatted(state, started, changed);
  }

  @Test
  void airflowIsToldWhoseJobsItStartsAndHowOften() {
    Synthesised.of("prod")
        .template("Orchestration")
        .hasResourceProperties(
            "AWS::MWAA::Environment",
            Map.of(
                "AirflowConfigurationOptions",
                Match.objectLike(
                    Map.of(
                        "cdclake.prefix", "cdc-demo-prod",
                        "cdclake.form", "stream",
                        "cdclake.minutes", "15"))));
  }

  @Test
  void airflowIsSmallAndRunsInTwoPrivateSubnets() {
    Synthesised prod = Synthesised.of("prod");
    JsonNode airflow = airflow(prod);

    assertThat(airflow.at("/EnvironmentClass").asText()).isEqualTo("mw1.small");
    assertThat(airflow.at("/AirflowVersion").asText()).isEqualTo("3.2.1");
    assertThat(airflow.at("/MinWorkers").asInt()).isEqualTo(1);
    assertThat(airflow.at("/MaxWorkers").asInt()).isEqualTo(2);
    assertThat(airflow.at("/NetworkConfiguration/SubnetIds").toString())
        .contains("VpcprivateSubnet1", "VpcprivateSubnet2")
        .doesNotContain("VpcprivateSubnet3", "Vpcdata");
    assertThat(airflow.at("/NetworkConfiguration/SecurityGroupIds")).hasSize(1);
  }

  /** Both of MWAA's principals, and only for this account. */
  @Test
  void roleOfAirflowIsTakenByMwaaAlone() {
    Synthesised prod = Synthesised.of("prod");
    JsonNode role =
        prod.resources("AWS::IAM::Role").values().stream()
            .filter(found -> name(found).equals(prod.line().name("airflow")))
            .findFirst()
            .orElseThrow();
    JsonNode trust = role.at("/Properties/AssumeRolePolicyDocument/Statement");

    assertThat(trust).hasSize(1);
    assertThat(trust.at("/0/Principal").toString())
        .isEqualTo("{\"Service\":[\"airflow-env.amazonaws.com\",\"airflow.amazonaws.com\"]}");
    assertThat(trust.at("/0/Condition").toString())
        .isEqualTo("{\"StringEquals\":{\"aws:SourceAccount\":{\"Ref\":\"AWS::AccountId\"}}}");
    assertThat(airflow(prod).get("ExecutionRoleArn").toString()).contains("AirflowRole");
  }

  private static String name(JsonNode role) {
    return role.at("/Properties/RoleName").asText();
  }

  private static JsonNode airflow(Synthesised line) {
    return line.resources("AWS::MWAA::Environment").values().iterator().next().get("Properties");
  }

  @Test
  void airflowIsPrivateEncryptedAndWritesAllItsLogs() {
    Synthesised.of("prod")
        .template("Orchestration")
        .hasResourceProperties(
            "AWS::MWAA::Environment",
            Map.of(
                "WebserverAccessMode",
                "PRIVATE_ONLY",
                "KmsKey",
                Match.anyValue(),
                "LoggingConfiguration",
                Match.objectLike(
                    Map.of(
                        "TaskLogs",
                        Match.objectLike(Map.of("Enabled", true)),
                        "SchedulerLogs",
                        Match.objectLike(Map.of("Enabled", true))))));
  }

  @Test
  void logGroupsThatAirflowNamesAreThereBeforeIt() {
    assertThat(Synthesised.of("prod").texts("AWS::Logs::LogGroup", "LogGroupName"))
        .contains(
            "airflow-cdc-demo-prod-airflow-DAGProcessing",
            "airflow-cdc-demo-prod-airflow-Scheduler",
            "airflow-cdc-demo-prod-airflow-Task",
            "airflow-cdc-demo-prod-airflow-WebServer",
            "airflow-cdc-demo-prod-airflow-Worker");
  }

  @Test
  void airflowMayUseTheKeyOfItsQueueAndLogs() {
    Synthesised.of("prod")
        .template("Orchestration")
        .hasResourceProperties(
            "AWS::IAM::Policy",
            Map.of(
                "PolicyDocument",
                Match.objectLike(
                    Map.of(
                        "Statement",
                        Match.arrayWith(
                            List.of(
                                Match.objectLike(
                                    Map.of(
                                        "Action",
                                        List.of(
                                            "kms:Decrypt",
                                            "kms:DescribeKey",
                                            "kms:Encrypt",
                                            "kms:GenerateDataKey*")))))))));
  }

  @Test
  void whatCannotBeDeliveredIsKept() {
    Synthesised.of("dev")
        .template("Orchestration")
        .allResourcesProperties(
            "AWS::Scheduler::Schedule",
            Match.objectLike(
                Map.of(
                    "Target",
                    Match.objectLike(
                        Map.of(
                            "DeadLetterConfig",
                            Match.objectLike(Map.of("Arn", Match.anyValue())))))));
  }

  private static String definition(String environment, String machine) {
    return StateMachineText.property(Synthesised.of(environment), machine).toString();
  }
}
