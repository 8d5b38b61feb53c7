/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import dev.cdclake.infra.DeploymentSettings.Alerts;
import dev.cdclake.infra.DeploymentSettings.Slack;
import java.util.List;
import java.util.Map;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.budgets.CfnBudget;
import software.amazon.awscdk.services.chatbot.LoggingLevel;
import software.amazon.awscdk.services.chatbot.SlackChannelConfiguration;
import software.amazon.awscdk.services.cloudwatch.Alarm;
import software.amazon.awscdk.services.cloudwatch.AlarmStatusWidget;
import software.amazon.awscdk.services.cloudwatch.Dashboard;
import software.amazon.awscdk.services.cloudwatch.GraphWidget;
import software.amazon.awscdk.services.cloudwatch.actions.SnsAction;
import software.amazon.awscdk.services.events.EventField;
import software.amazon.awscdk.services.events.EventPattern;
import software.amazon.awscdk.services.events.Rule;
import software.amazon.awscdk.services.events.RuleTargetInput;
import software.amazon.awscdk.services.events.targets.SnsTopic;
import software.amazon.awscdk.services.iam.PolicyStatement;
import software.amazon.awscdk.services.iam.ServicePrincipal;
import software.amazon.awscdk.services.sns.Topic;
import software.amazon.awscdk.services.sns.subscriptions.EmailSubscription;
import software.amazon.awscdk.services.sqs.Queue;
import software.constructs.Construct;

/** Who is told what: alarms, failed jobs, the budget; by e-mail and, if wanted, in Slack. */
final class WatchStack extends Stack {

  private final Line line;
  private final Topic topic;

  WatchStack(
      Construct scope,
      Line line,
      NetworkStack.Outputs network,
      SourceStack.Outputs source,
      StreamingStack.Outputs streaming,
      CaptureStack.Outputs capture,
      OrchestrationStack.Outputs orchestration) {
    super(scope, "Watch", line.stack("watch", "Alarms, dashboard, budget"));
    this.line = line;
    this.topic = topic(network);
    Queue unsent = Undelivered.queue(this, line, "unsent", network.key());
    Alarms alarms = new Alarms(this, line);
    List<Alarm> all = alarms.all(source, streaming, capture, orchestration, unsent);
    all.forEach(alarm -> alarm.addAlarmAction(new SnsAction(topic)));
    failedJobs(unsent);
    dashboard(alarms, all);
    budget();
  }

  private Topic topic(NetworkStack.Outputs network) {
    Topic alerts =
        Topic.Builder.create(this, "Alerts")
            .topicName(line.name("alerts"))
            .displayName(line.pipeline().prefix())
            .masterKey(network.key())
            .enforceSsl(true)
            .build();
    alerts.addToResourcePolicy(
        PolicyStatement.Builder.create()
            .principals(
                List.of(
                    new ServicePrincipal("cloudwatch.amazonaws.com"),
                    new ServicePrincipal("budgets.amazonaws.com")))
            .actions(List.of("sns:Publish"))
            .resources(List.of(alerts.getTopicArn()))
            .conditions(Map.of("StringEquals", Map.of("aws:SourceAccount", getAccount())))
            .build());
    Alerts settings = line.settings().alerts();
    alerts.addSubscription(new EmailSubscription(settings.email()));
    settings.slack().ifPresent(slack -> slack(slack, alerts));
    return alerts;
  }

  private void slack(Slack slack, Topic alerts) {
    SlackChannelConfiguration.Builder.create(this, "Slack")
        .slackChannelConfigurationName(line.name("alerts"))
        .slackWorkspaceId(slack.workspace())
        .slackChannelId(slack.channel())
        .notificationTopics(List.of(alerts))
        .loggingLevel(LoggingLevel.ERROR)
        .build();
  }

  /** Glue's own words tell what a run died of. */
  private void failedJobs(Queue unsent) {
    Rule.Builder.create(this, "JobFailed")
        .ruleName(line.name("job-failed"))
        .description("A job of the line failed")
        .eventPattern(
            EventPattern.builder()
                .source(List.of("aws.glue"))
                .detailType(List.of("Glue Job State Change"))
                .detail(
                    Map.of(
                        "jobName",
                        List.of(Map.of("prefix", line.pipeline().prefix() + "-")),
                        "state",
                        List.of("FAILED", "TIMEOUT")))
                .build())
        .targets(
            List.of(
                SnsTopic.Builder.create(topic)
                    .deadLetterQueue(unsent)
                    .message(
                        RuleTargetInput.fromText(
                            "Job %s: %s. %s"
                                .formatted(
                                    EventField.fromPath("$.detail.jobName"),
                                    EventField.fromPath("$.detail.state"),
                                    EventField.fromPath("$.detail.message"))))
                    .build()))
        .build();
  }

  private void dashboard(Alarms alarms, List<Alarm> all) {
    Dashboard.Builder.create(this, "Dashboard")
        .dashboardName(line.pipeline().prefix())
        .widgets(
            List.of(
                List.of(
                    AlarmStatusWidget.Builder.create()
                        .title("Alarms")
                        .width(24)
                        .alarms(all)
                        .build()),
                List.of(
                    GraphWidget.Builder.create()
                        .title("Seconds behind the source")
                        .width(8)
                        .left(List.of(alarms.secondsBehind()))
                        .build(),
                    GraphWidget.Builder.create()
                        .title("Events that wait for the next batch")
                        .width(8)
                        .left(List.of(alarms.eventsWaiting()))
                        .build(),
                    GraphWidget.Builder.create()
                        .title("Rows that were rejected, or differ")
                        .width(8)
                        .left(List.of(alarms.rejectedRows(), alarms.rowsDifferent()))
                        .build())))
        .build();
  }

  /** Counts what bears the line's tag, which has to be activated for cost allocation once. */
  private void budget() {
    Alerts alerts = line.settings().alerts();
    CfnBudget.Builder.create(this, "Budget")
        .budget(
            CfnBudget.BudgetDataProperty.builder()
                .budgetName(line.pipeline().prefix())
                .budgetType("COST")
                .timeUnit("MONTHLY")
                .budgetLimit(
                    CfnBudget.SpendProperty.builder()
                        .amount(alerts.budgetUsd())
                        .unit("USD")
                        .build())
                .costFilters(
                    Map.of(
                        "TagKeyValue",
                        List.of(
                            "user:%s$%s".formatted(LakehouseApp.TAG, line.pipeline().prefix()))))
                .build())
        .notificationsWithSubscribers(
            List.of(notify("ACTUAL", 80), notify("ACTUAL", 100), notify("FORECASTED", 100)))
        .build();
  }

  private CfnBudget.NotificationWithSubscribersProperty notify(String type, int percent) {
    return CfnBudget.NotificationWithSubscribersProperty.builder()
        .notification(
            CfnBudget.NotificationProperty.builder()
                .notificationType(type)
                .comparisonOperator("GREATER_THAN")
                .threshold(percent)
                .thresholdType("PERCENTAGE")
                .build())
        .subscribers(
            List.of(
                CfnBudget.SubscriberProperty.builder()
                    .subscriptionType("EMAIL")
                    .address(line.settings().alerts().email())
                    .build()))
        .build();
  }
}
