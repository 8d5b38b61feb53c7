/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import dev.cdclake.contract.JobName;
import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.LineMetric;
import dev.cdclake.infra.DeploymentSettings.Form;
import dev.cdclake.infra.DeploymentSettings.OrchestratorKind;
import dev.cdclake.infra.DeploymentSettings.Source;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.cloudwatch.Alarm;
import software.amazon.awscdk.services.cloudwatch.ComparisonOperator;
import software.amazon.awscdk.services.cloudwatch.IMetric;
import software.amazon.awscdk.services.cloudwatch.MathExpression;
import software.amazon.awscdk.services.cloudwatch.Metric;
import software.amazon.awscdk.services.cloudwatch.TreatMissingData;
import software.amazon.awscdk.services.sqs.Queue;
import software.amazon.awscdk.services.stepfunctions.StateMachine;

/** The alarms, in flow order; each says in its description what to do. */
final class Alarms {

  private static final Duration FIVE_MINUTES = Duration.minutes(5);
  private static final long GIBIBYTE = 1L << 30;

  private final Stack stack;
  private final Line line;
  private final List<Alarm> alarms = new ArrayList<>();

  Alarms(Stack stack, Line line) {
    this.stack = stack;
    this.line = line;
  }

  List<Alarm> all(
      SourceStack.Outputs source,
      StreamingStack.Outputs streaming,
      CaptureStack.Outputs capture,
      OrchestrationStack.Outputs orchestration,
      Queue unsent) {
    source.instance().ifPresent(instance -> database(line.name("source")));
    streaming.msk().ifPresent(msk -> brokers(msk.name()));
    connect(capture);
    lake();
    orchestration(orchestration);
    waiting("unsent", "A message about a failed job was not sent: look into the queue.", unsent);
    return List.copyOf(alarms);
  }

  private void database(String instance) {
    Source source = line.settings().source();
    above(
        "source-log-held",
        "A slot holds back the source's log: is Connect running? See docs/aws.md, 'The connector"
            + " was off'.",
        rds("OldestReplicationSlotLag", instance),
        source.storageGb() * GIBIBYTE / 4,
        3);
    alarm(
        "source-disk",
        "The database's disk is nearly full.",
        rds("FreeStorageSpace", instance),
        source.storageGb() * GIBIBYTE / 5,
        ComparisonOperator.LESS_THAN_THRESHOLD,
        3,
        TreatMissingData.NOT_BREACHING);
  }

  /**
   * What AWS advises to watch.
   *
   * @see <a href="https://docs.aws.amazon.com/msk/latest/developerguide/bestpractices.html">Best
   *     practices</a>
   */
  private void brokers(String cluster) {
    above(
        "kafka-offline-partitions",
        "Partitions have no leader: look at the brokers.",
        kafka("OfflinePartitionsCount", cluster),
        0,
        1);
    for (int broker = 1; broker <= line.settings().broker().brokers(); broker++) {
      String id = String.valueOf(broker);
      above(
          "kafka-under-min-isr-" + id,
          "Too few copies are in step: nothing can be written there.",
          kafka("UnderMinIsrPartitionCount", cluster, id),
          0,
          2);
      above(
          "kafka-disk-" + id,
          "A broker's disk is filling faster than it grows.",
          kafka("KafkaDataLogsDiskUsed", cluster, id),
          85,
          3);
      above(
          "kafka-heap-" + id,
          "A broker is short of memory: take a larger type.",
          kafka("HeapMemoryAfterGC", cluster, id),
          60,
          3);
    }
  }

  /** At night none is wanted and none runs. */
  private void connect(CaptureStack.Outputs capture) {
    above(
        "connect-away",
        "Connect is wanted and does not run: look at log group '%s'."
            .formatted(line.logGroup(CaptureStack.CONTAINER)),
        MathExpression.Builder.create()
            .expression("wanted - running")
            .usingMetrics(
                Map.of(
                    "wanted", ecs("DesiredTaskCount"),
                    "running", ecs("RunningTaskCount")))
            .period(FIVE_MINUTES)
            .label("Connect")
            .build(),
        0,
        3);
    waiting(
        "unregistered",
        "A deployment of Connect was not followed by a registration: look into the queue.",
        capture.undelivered());
    failed(
        capture.registration(),
        ("The connector is not registered, or does not run: log group '%s' names the code. See"
                + " docs/aws.md, 'Reading tables anew'.")
            .formatted(line.logGroup(CaptureStack.REGISTER)));
  }

  private void lake() {
    alarm(
        "behind",
        "Silver is older than it may be: look at the runs of Glue job %s, then at log group '%s'."
            .formatted(writersOfSilver(), line.logGroup(CaptureStack.CONTAINER)),
        secondsBehind(),
        line.settings().alerts().behind().toSeconds(),
        ComparisonOperator.GREATER_THAN_THRESHOLD,
        1,
        // Who stands still says nothing. At night that is as it should be.
        line.settings().night().isPresent()
            ? TreatMissingData.NOT_BREACHING
            : TreatMissingData.BREACHING);
    if (line.settings().night().isEmpty()) {
      gold();
    }
    if (line.settings().jobs().form() == Form.STREAM) {
      tablesWaiting();
    }
    LakeTable rejected = line.pipeline().rejectedRows();
    above(
        "rejected-rows",
        ("Rows were rejected. Ask Athena: select reason, detail, topic, rejected_at from"
                + " \"%s\".\"%s\" where replayed_at is null order by rejected_at desc. After a fix"
                + " Glue job '%s' puts them through again, or, where the reason asks for it, '%s'"
                + " reads the table anew: see docs/aws.md, 'Reading tables anew'.")
            .formatted(
                rejected.database(),
                rejected.name(),
                line.pipeline().jobName(JobName.REPLAY),
                line.pipeline().jobName(JobName.RESNAPSHOT)),
        rejectedRows(),
        0,
        1);
    above(
        "rows-different",
        ("Silver is not the source: the log of the last run of Glue job '%s' says where. Glue job"
                + " '%s' reads a table anew: see docs/aws.md, 'Reading tables anew'.")
            .formatted(
                line.pipeline().jobName(JobName.VERIFY),
                line.pipeline().jobName(JobName.RESNAPSHOT)),
        rowsDifferent(),
        0,
        1);
  }

  /** In turns the job that cannot carry a table on fails; a stream goes on with the others. */
  private void tablesWaiting() {
    String stream = line.pipeline().jobName(JobName.STREAM);
    above(
        "tables-waiting",
        ("Glue job '%s' cannot carry on some tables; the others go on. Log group '%s' says which"
                + " and why; where changes are lost (KAFKA_GAP) see docs/aws.md, 'Reading tables"
                + " anew'.")
            .formatted(stream, JobsStack.logGroup(line, JobName.STREAM, "error")),
        own(LineMetric.TABLES_WAITING, "Maximum", 5),
        0,
        3);
  }

  private String writersOfSilver() {
    return line.settings().jobs().form() == Form.STREAM
        ? "'%s'".formatted(line.pipeline().jobName(JobName.STREAM))
        : "'%s' and '%s'"
            .formatted(
                line.pipeline().jobName(JobName.BRONZE), line.pipeline().jobName(JobName.SILVER));
  }

  /** Where there is a night, nothing runs for hours; a run that fails there is an alarm too. */
  private void gold() {
    alarm(
        "gold-stale",
        "Gold missed three turns: look at the runs of Glue job '%s', and at what starts it."
            .formatted(line.pipeline().jobName(JobName.GOLD)),
        goldRuns(),
        1,
        ComparisonOperator.LESS_THAN_THRESHOLD,
        3,
        TreatMissingData.BREACHING);
  }

  private void orchestration(OrchestrationStack.Outputs orchestration) {
    if (line.settings().orchestrator().kind() == OrchestratorKind.MWAA) {
      airflow();
    }
    waiting(
        "undelivered",
        "A schedule or an event could not start what it starts: look into the queue.",
        orchestration.undelivered());
    orchestration
        .machines()
        .forEach(
            machine ->
                failed(
                    machine,
                    "State machine '%s' failed: its execution says where."
                        .formatted(line.name(name(machine)))));
  }

  /**
   * Airflow starts what no state machine here would miss.
   *
   * @see <a href="https://docs.aws.amazon.com/mwaa/latest/userguide/access-metrics-cw.html">Metrics
   *     of Airflow</a>
   */
  private void airflow() {
    alarm(
        "airflow-away",
        "Airflow's scheduler does not tell that it lives: nothing is started.",
        airflow("SchedulerHeartbeat", Map.of("Function", "Scheduler")),
        1,
        ComparisonOperator.LESS_THAN_THRESHOLD,
        3,
        TreatMissingData.BREACHING);
    above(
        "airflow-task-failed",
        "A task of Airflow failed: its log says whether its job ran at all.",
        airflow("TaskInstanceFailures", Map.of("DAG", "All", "Task", "All")),
        0,
        1);
  }

  private void failed(StateMachine machine, String description) {
    above("failed-" + name(machine), description, machine.metricFailed(), 0, 1);
  }

  private static String name(StateMachine machine) {
    return machine.getNode().getId().replace("Machine-", "");
  }

  private void waiting(String name, String description, Queue queue) {
    above(name, description, queue.metricApproximateNumberOfMessagesVisible(), 0, 1);
  }

  IMetric secondsBehind() {
    return own(LineMetric.SECONDS_BEHIND, "Maximum", line.settings().alerts().behind().toMinutes());
  }

  IMetric rejectedRows() {
    return own(LineMetric.REJECTED_ROWS, "Sum", 5);
  }

  IMetric rowsDifferent() {
    return own(LineMetric.ROWS_DIFFERENT, "Maximum", 5);
  }

  IMetric eventsWaiting() {
    return own(LineMetric.EVENTS_WAITING, "Maximum", 5);
  }

  private IMetric goldRuns() {
    return own(LineMetric.GOLD_RUNS, "Sum", line.settings().jobs().every().toMinutes());
  }

  private IMetric own(LineMetric metric, String statistic, long minutes) {
    return Metric.Builder.create()
        .namespace(Metrics.NAMESPACE)
        .metricName(metric.label())
        .dimensionsMap(Map.of(LineMetric.LINE, line.pipeline().prefix()))
        .statistic(statistic)
        .period(Duration.minutes(minutes))
        .build();
  }

  private static IMetric rds(String name, String instance) {
    return metric("AWS/RDS", name, Map.of("DBInstanceIdentifier", instance));
  }

  private static IMetric kafka(String name, String cluster) {
    return metric("AWS/Kafka", name, Map.of("Cluster Name", cluster));
  }

  private static IMetric kafka(String name, String cluster, String broker) {
    return metric("AWS/Kafka", name, Map.of("Cluster Name", cluster, "Broker ID", broker));
  }

  private IMetric ecs(String name) {
    return metric(
        "ECS/ContainerInsights",
        name,
        Map.of("ClusterName", line.name("servers"), "ServiceName", line.name("connect")));
  }

  private IMetric airflow(String name, Map<String, String> dimensions) {
    Map<String, String> all = new HashMap<>(dimensions);
    all.put("Environment", line.name("airflow"));
    return metric("AmazonMWAA", name, all);
  }

  private static IMetric metric(String namespace, String name, Map<String, String> dimensions) {
    return Metric.Builder.create()
        .namespace(namespace)
        .metricName(name)
        .dimensionsMap(dimensions)
        .statistic("Maximum")
        .period(FIVE_MINUTES)
        .build();
  }

  private void above(
      String name, String description, IMetric metric, Number threshold, int periods) {
    alarm(
        name,
        description,
        metric,
        threshold,
        ComparisonOperator.GREATER_THAN_THRESHOLD,
        periods,
        TreatMissingData.NOT_BREACHING);
  }

  private void alarm(
      String name,
      String description,
      IMetric metric,
      Number threshold,
      ComparisonOperator comparison,
      int periods,
      TreatMissingData missing) {
    alarms.add(
        Alarm.Builder.create(stack, "Alarm-" + name)
            .alarmName(line.name(name))
            .alarmDescription(description)
            .metric(metric)
            .threshold(threshold)
            .comparisonOperator(comparison)
            .evaluationPeriods(periods)
            .treatMissingData(missing)
            .build());
  }
}
