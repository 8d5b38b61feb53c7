/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.contract.Layer;
import dev.cdclake.contract.LineMetric;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awscdk.assertions.Match;

class WatchStackTest {

  /** What stands in quotes; an apostrophe stands behind a letter. */
  private static final Pattern NAMED = Pattern.compile("(?<!\\w)'([^']+)'");

  @ParameterizedTest
  @ValueSource(strings = {"dev", "staging", "prod"})
  void everyAlarmTellsSomebodyWhatToDo(String environment) {
    assertThat(Synthesised.of(environment).resources("AWS::CloudWatch::Alarm"))
        .isNotEmpty()
        .allSatisfy(
            (id, alarm) -> {
              assertThat(alarm.at("/Properties/AlarmActions")).as(id).hasSize(1);
              assertThat(alarm.at("/Properties/AlarmDescription").asText()).as(id).isNotBlank();
            });
  }

  @ParameterizedTest
  @ValueSource(strings = {"dev", "staging", "prod"})
  void whatAnAlarmNamesIsThere(String environment) throws IOException {
    Synthesised line = Synthesised.of(environment);
    Set<String> there = new HashSet<>(line.texts("AWS::Glue::Job", "Name"));
    there.addAll(line.texts("AWS::Logs::LogGroup", "LogGroupName"));
    there.addAll(line.texts("AWS::StepFunctions::StateMachine", "StateMachineName"));
    Files.readAllLines(Path.of("..", "docs", "aws.md")).stream()
        .filter(text -> text.startsWith("## "))
        .forEach(heading -> there.add(heading.substring(3)));

    List<String> descriptions = line.texts("AWS::CloudWatch::Alarm", "AlarmDescription");
    assertThat(descriptions.stream().flatMap(WatchStackTest::named)).isNotEmpty().isSubsetOf(there);
    assertThat(descriptions)
        .anyMatch(
            text ->
                text.contains("\"%s\"".formatted(line.pipeline().database(Layer.BRONZE)))
                    && text.contains("\"_rejected_rows\""));
  }

  private static Stream<String> named(String description) {
    return NAMED.matcher(description).results().map(found -> found.group(1));
  }

  @Test
  void lineThatStandsStillIsAnAlarmEvenIfItSaysNothing() {
    Synthesised.of("prod")
        .template("Watch")
        .hasResourceProperties(
            "AWS::CloudWatch::Alarm",
            Map.of(
                "MetricName", "SecondsBehind", "Threshold", 900, "TreatMissingData", "breaching"));
  }

  /** In turns the job itself fails, and whoever is told of failed jobs is told. */
  @Test
  void tableThatAStreamCannotCarryOnIsAnAlarmThatNamesTheWayOut() {
    Synthesised.of("prod")
        .template("Watch")
        .hasResourceProperties(
            "AWS::CloudWatch::Alarm",
            Map.of(
                "AlarmName",
                "cdc-demo-prod-tables-waiting",
                "MetricName",
                "TablesWaiting",
                "EvaluationPeriods",
                3,
                "AlarmDescription",
                Match.stringLikeRegexp(".*KAFKA_GAP.*'Reading tables anew'.*")));
    assertThat(Synthesised.of("dev").texts("AWS::CloudWatch::Alarm", "MetricName"))
        .doesNotContain("TablesWaiting");
  }

  @Test
  void goldThatMissesItsTurnsIsAnAlarmEvenIfNothingStartsIt() {
    Synthesised.of("prod")
        .template("Watch")
        .hasResourceProperties(
            "AWS::CloudWatch::Alarm",
            Map.of(
                "MetricName",
                "GoldRuns",
                "Period",
                900,
                "EvaluationPeriods",
                3,
                "ComparisonOperator",
                "LessThanThreshold",
                "TreatMissingData",
                "breaching"));
    assertThat(Synthesised.of("dev").texts("AWS::CloudWatch::Alarm", "MetricName"))
        .doesNotContain("GoldRuns");
  }

  @Test
  void airflowThatSaysNothingAndItsFailedTasksAreAlarms() {
    Synthesised.of("prod")
        .template("Watch")
        .hasResourceProperties(
            "AWS::CloudWatch::Alarm",
            Map.of(
                "Namespace", "AmazonMWAA",
                "MetricName", "SchedulerHeartbeat",
                "Dimensions",
                    List.of(
                        Map.of("Name", "Environment", "Value", "cdc-demo-prod-airflow"),
                        Map.of("Name", "Function", "Value", "Scheduler")),
                "TreatMissingData", "breaching"));
    assertThat(Synthesised.of("prod").texts("AWS::CloudWatch::Alarm", "AlarmName"))
        .contains("cdc-demo-prod-airflow-task-failed");
    assertThat(Synthesised.of("staging").texts("AWS::CloudWatch::Alarm", "Namespace"))
        .doesNotContain("AmazonMWAA");
  }

  @Test
  void everyMetricOfTheLineIsWatchedOrShown() {
    String watch = Synthesised.of("prod").tree("Watch").toString();

    assertThat(LineMetric.values()).allMatch(metric -> watch.contains(metric.label()));
  }

  @Test
  void everyBrokerIsWatched() {
    assertThat(Synthesised.of("prod").texts("AWS::CloudWatch::Alarm", "AlarmName"))
        .contains("cdc-demo-prod-kafka-disk-1", "cdc-demo-prod-kafka-disk-3")
        .doesNotContain("cdc-demo-prod-kafka-disk-4");
  }

  @Test
  void failedJobIsToldWithItsMessage() {
    Synthesised.of("dev")
        .template("Watch")
        .hasResourceProperties(
            "AWS::Events::Rule",
            Map.of(
                "EventPattern",
                Match.objectLike(
                    Map.of(
                        "detail",
                        Map.of(
                            "jobName",
                            List.of(Map.of("prefix", "cdc-demo-dev-")),
                            "state",
                            List.of("FAILED", "TIMEOUT"))))));
  }

  @Test
  void budgetCountsWhatBearsTheLinesTag() {
    Synthesised.of("dev")
        .template("Watch")
        .hasResourceProperties(
            "AWS::Budgets::Budget",
            Map.of(
                "Budget",
                Match.objectLike(
                    Map.of(
                        "BudgetLimit",
                        Map.of("Amount", 150, "Unit", "USD"),
                        "CostFilters",
                        Map.of("TagKeyValue", List.of("user:line$cdc-demo-dev"))))));
  }

  @Test
  void messagesAreEncryptedAndSentByTlsAlone() {
    Synthesised.of("dev")
        .template("Watch")
        .hasResourceProperties("AWS::SNS::Topic", Map.of("KmsMasterKeyId", Match.anyValue()));
    assertThat(Synthesised.of("dev").resources("AWS::SNS::TopicPolicy").values())
        .singleElement()
        .satisfies(policy -> assertThat(policy.toString()).contains("aws:SecureTransport"));
  }
}
