/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import dev.cdclake.contract.JobName;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.ecs.FargateService;
import software.amazon.awscdk.services.stepfunctions.CatchProps;
import software.amazon.awscdk.services.stepfunctions.Chain;
import software.amazon.awscdk.services.stepfunctions.Choice;
import software.amazon.awscdk.services.stepfunctions.Condition;
import software.amazon.awscdk.services.stepfunctions.Fail;
import software.amazon.awscdk.services.stepfunctions.IChainable;
import software.amazon.awscdk.services.stepfunctions.IntegrationPattern;
import software.amazon.awscdk.services.stepfunctions.Pass;
import software.amazon.awscdk.services.stepfunctions.RetryProps;
import software.amazon.awscdk.services.stepfunctions.State;
import software.amazon.awscdk.services.stepfunctions.Succeed;
import software.amazon.awscdk.services.stepfunctions.Wait;
import software.amazon.awscdk.services.stepfunctions.WaitTime;
import software.amazon.awscdk.services.stepfunctions.tasks.CallAwsService;
import software.amazon.awscdk.services.stepfunctions.tasks.GlueStartJobRun;

/** The state machines' steps: what each does stands here, when it does it in the stack. */
final class Steps {

  /** Where a run of jobs notes which of them failed, and why. */
  private static final String FAILED = "$.failed";

  private final Stack stack;
  private final Line line;
  private final Servers servers;

  Steps(Stack stack, Line line, Servers servers) {
    this.stack = stack;
    this.line = line;
    this.servers = servers;
  }

  String credentialsArn() {
    return servers.credentials().getSecretArn();
  }

  /** Gives the worker the password that was rotated: it reads secrets when it starts. */
  IChainable restartConnect() {
    return CallAwsService.Builder.create(stack, "Start Connect anew")
        .service("ecs")
        .action("updateService")
        .parameters(
            Map.of(
                "Cluster",
                servers.cluster().getClusterName(),
                "Service",
                servers.connect().getServiceName(),
                "ForceNewDeployment",
                true))
        .iamResources(List.of(servers.connect().getServiceArn()))
        .build();
  }

  /** Runs jobs one after the other, unless the last run still goes on. */
  IChainable run(List<JobName> jobs) {
    CallAwsService ask =
        CallAwsService.Builder.create(stack, "Ask for runs that go on")
            .service("sfn")
            .action("listExecutions")
            .parameters(
                Map.of(
                    "StateMachineArn.$",
                    "$$.StateMachine.Id",
                    "StatusFilter",
                    "RUNNING",
                    "MaxResults",
                    2))
            .iamAction("states:ListExecutions")
            .iamResources(List.of(arn("states", "stateMachine:" + line.name("run"))))
            .resultPath("$.runs")
            .build();
    return Chain.start(ask)
        .next(
            Choice.Builder.create(stack, "Does another one go on?")
                .build()
                .when(
                    Condition.isPresent("$.runs.Executions[1]"),
                    Succeed.Builder.create(stack, "The last run goes on").build())
                .otherwise(jobs("run", jobs)));
  }

  /**
   * Runs jobs one after the other; each is tried twice, because a batch may be repeated. One that
   * fails does not hold up those behind it: bronze fails for the one table that it cannot carry on,
   * and has carried the others. The execution fails in the end.
   */
  IChainable jobs(String what, List<JobName> jobs) {
    State next =
        Choice.Builder.create(stack, what + ": did one fail?")
            .build()
            .when(
                Condition.isPresent(FAILED),
                Fail.Builder.create(stack, what + ": at least one failed")
                    .error("JobFailed")
                    .causePath("States.JsonToString(%s)".formatted(FAILED))
                    .build())
            .otherwise(Succeed.Builder.create(stack, what + ": all ended well").build());
    for (int i = jobs.size() - 1; i >= 0; i--) {
      JobName job = jobs.get(i);
      GlueStartJobRun step = start(job, what + ": " + job.label(), IntegrationPattern.RUN_JOB);
      step.addRetry(RetryProps.builder().maxAttempts(1).interval(Duration.minutes(1)).build());
      step.addCatch(next, CatchProps.builder().resultPath(FAILED + "." + job.label()).build());
      step.next(next);
      next = step;
    }
    return next;
  }

  private GlueStartJobRun start(JobName job, String id, IntegrationPattern pattern) {
    return GlueStartJobRun.Builder.create(stack, id)
        .glueJobName(line.pipeline().jobName(job))
        .integrationPattern(pattern)
        .resultPath("$.run")
        .build();
  }

  /**
   * Starts the streaming job unless its newest run is alive. One that was started before the job
   * was changed is stopped first: it has the old jar, pipeline file and epoch for up to a week.
   */
  IChainable keepStreaming() {
    CallAwsService job =
        CallAwsService.Builder.create(stack, "Ask when the job was changed")
            .service("glue")
            .action("getJob")
            .parameters(Map.of("JobName", line.pipeline().jobName(JobName.STREAM)))
            .iamAction("glue:GetJob")
            .iamResources(List.of(jobArn(JobName.STREAM)))
            .resultPath("$.asked")
            .build();
    CallAwsService newest = newestRun("Ask for the newest run");
    IChainable stop =
        Chain.start(stopNewest("Stop the run of the old job"))
            .next(pause("Let the old run end"))
            .next(newest);
    Choice alive =
        Choice.Builder.create(stack, "Is it alive?")
            .build()
            // Who stops it starts it again, or wants it stopped; beside it none can be started.
            .when(
                isNewest("STOPPING"), Succeed.Builder.create(stack, "It is being stopped").build())
            .when(Condition.and(isAlive(), isOlderThanItsJob()), stop)
            .when(isAlive(), Succeed.Builder.create(stack, "It streams").build())
            .otherwise(
                start(JobName.STREAM, "Start streaming", IntegrationPattern.REQUEST_RESPONSE));
    newest.next(alive);
    return job.next(newest);
  }

  private CallAwsService newestRun(String id) {
    return CallAwsService.Builder.create(stack, id)
        .service("glue")
        .action("getJobRuns")
        .parameters(Map.of("JobName", line.pipeline().jobName(JobName.STREAM), "MaxResults", 1))
        .iamAction("glue:GetJobRuns")
        .iamResources(List.of(jobArn(JobName.STREAM)))
        .resultPath("$.newest")
        .build();
  }

  private static Condition isAlive() {
    return isNewest("RUNNING", "STARTING", "WAITING");
  }

  private static Condition isNewest(String... states) {
    String state = "$.newest.JobRuns[0].JobRunState";
    return Condition.and(
        Condition.isPresent(state),
        Condition.or(
            Stream.of(states)
                .map(one -> Condition.stringEquals(state, one))
                .toArray(Condition[]::new)));
  }

  private static Condition isOlderThanItsJob() {
    return Condition.timestampLessThanJsonPath(
        "$.newest.JobRuns[0].StartedOn", "$.asked.Job.LastModifiedOn");
  }

  private String jobArn(JobName job) {
    return arn("glue", "job/" + line.pipeline().jobName(job));
  }

  private String arn(String service, String resource) {
    return "arn:%s:%s:%s:%s:%s"
        .formatted(stack.getPartition(), service, stack.getRegion(), stack.getAccount(), resource);
  }

  /** Against the flow: readers first, so that nothing is written that nobody reads. */
  IChainable evening() {
    Chain chain = Chain.start(Pass.Builder.create(stack, "Evening").build());
    if (line.settings().jobs().form() == DeploymentSettings.Form.STREAM) {
      chain = chain.next(newestRun("Ask for the run to stop")).next(stopStreaming());
    }
    chain = chain.next(scale("Stop Connect", servers.connect(), 0)).next(pause("Let Connect end"));
    if (servers.kafka().isPresent()) {
      chain = chain.next(scale("Stop Kafka", servers.kafka().get(), 0));
    }
    if (servers.database().isPresent()) {
      chain = chain.next(database("Stop the database", "stopDBInstance", "rds:StopDBInstance"));
    }
    return chain;
  }

  /** With the flow: the database first, Connect last. */
  IChainable morning() {
    Chain chain = Chain.start(Pass.Builder.create(stack, "Morning").build());
    if (servers.database().isPresent()) {
      chain =
          chain
              .next(database("Start the database", "startDBInstance", "rds:StartDBInstance"))
              .next(untilDatabaseIsUp());
    }
    if (servers.kafka().isPresent()) {
      chain =
          chain.next(scale("Start Kafka", servers.kafka().get(), 1)).next(pause("Let Kafka start"));
    }
    return chain.next(scale("Start Connect", servers.connect(), 1));
  }

  private IChainable stopStreaming() {
    return carryOn(stopNewest("Stop streaming"), "It did not stream");
  }

  private CallAwsService stopNewest(String id) {
    return CallAwsService.Builder.create(stack, id)
        .service("glue")
        .action("batchStopJobRun")
        .parameters(
            Map.of(
                "JobName",
                line.pipeline().jobName(JobName.STREAM),
                "JobRunIds.$",
                "States.Array($.newest.JobRuns[0].Id)"))
        .iamAction("glue:BatchStopJobRun")
        .iamResources(List.of(jobArn(JobName.STREAM)))
        .resultPath("$.stopped")
        .build();
  }

  private CallAwsService scale(String id, FargateService service, int count) {
    return CallAwsService.Builder.create(stack, id)
        .service("ecs")
        .action("updateService")
        .parameters(
            Map.of(
                "Cluster",
                servers.cluster().getClusterName(),
                "Service",
                service.getServiceName(),
                "DesiredCount",
                count))
        .iamResources(List.of(service.getServiceArn()))
        .resultPath("$.scaled")
        .build();
  }

  /** A database that is where it should be already is no failure. */
  private IChainable database(String id, String action, String permission) {
    CallAwsService call =
        CallAwsService.Builder.create(stack, id)
            .service("rds")
            .action(action)
            .parameters(Map.of("DbInstanceIdentifier", servers.database().orElseThrow()))
            .iamAction(permission)
            .iamResources(List.of(databaseArn()))
            .resultPath("$.database")
            .build();
    return carryOn(call, id + ": it was so already");
  }

  private String databaseArn() {
    return arn("rds", "db:" + line.name("source"));
  }

  /** A connector that finds no database fails, and nobody starts it again. */
  private Chain untilDatabaseIsUp() {
    Wait wait = pause("Let the database start");
    CallAwsService ask =
        CallAwsService.Builder.create(stack, "Ask for the database")
            .service("rds")
            .action("describeDBInstances")
            .parameters(Map.of("DbInstanceIdentifier", servers.database().orElseThrow()))
            .iamAction("rds:DescribeDBInstances")
            .iamResources(List.of(databaseArn()))
            .resultPath("$.asked")
            .build();
    Pass up = Pass.Builder.create(stack, "The database is up").build();
    Choice isUp =
        Choice.Builder.create(stack, "Is the database up?")
            .build()
            .when(
                Condition.stringEquals("$.asked.DbInstances[0].DbInstanceStatus", "available"), up)
            .otherwise(wait);
    wait.next(ask).next(isUp);
    return Chain.custom(wait, List.of(up), up);
  }

  /** Goes on to what follows, whether the call succeeds or not. */
  private Chain carryOn(CallAwsService call, String otherwise) {
    Pass after = Pass.Builder.create(stack, otherwise).build();
    call.addCatch(after, CatchProps.builder().resultPath("$.error").build());
    return Chain.start(call.next(after));
  }

  private Wait pause(String id) {
    return Wait.Builder.create(stack, id).time(WaitTime.duration(Duration.minutes(3))).build();
  }
}
