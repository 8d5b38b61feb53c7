/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import dev.cdclake.contract.JobName;
import dev.cdclake.infra.DeploymentSettings.Form;
import dev.cdclake.infra.DeploymentSettings.Night;
import dev.cdclake.infra.DeploymentSettings.OrchestratorKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.TimeZone;
import software.amazon.awscdk.services.events.EventPattern;
import software.amazon.awscdk.services.events.Rule;
import software.amazon.awscdk.services.events.targets.SfnStateMachine;
import software.amazon.awscdk.services.kms.IKey;
import software.amazon.awscdk.services.scheduler.Schedule;
import software.amazon.awscdk.services.scheduler.ScheduleExpression;
import software.amazon.awscdk.services.scheduler.targets.StepFunctionsStartExecution;
import software.amazon.awscdk.services.sqs.Queue;
import software.amazon.awscdk.services.stepfunctions.IChainable;
import software.amazon.awscdk.services.stepfunctions.StateMachine;
import software.constructs.Construct;

/**
 * What starts what, and when: the jobs in turn, the stream, the worker with a new password, the
 * night.
 *
 * <p>Airflow, where it is asked for, takes over the jobs that end; the rest stays here.
 */
final class OrchestrationStack extends Stack {

  /**
   * What can fail here without anybody looking.
   *
   * @param undelivered events and schedules that could not start what they were to start
   * @param machines the state machines
   */
  record Outputs(Queue undelivered, List<StateMachine> machines) {}

  /** How soon after a deployment a running stream is started anew, at most; docs/aws.md says so. */
  private static final java.time.Duration LOOKS = java.time.Duration.ofMinutes(15);

  private final Line line;
  private final Queue undelivered;
  private final IKey key;
  private final Steps steps;
  private final Outputs outputs;

  OrchestrationStack(
      Construct scope,
      Line line,
      NetworkStack.Outputs network,
      Servers servers,
      LakeStack.Outputs lake) {
    super(scope, "Orchestration", line.stack("orchestration", "What starts what, and when"));
    this.line = line;
    this.undelivered = Undelivered.queue(this, line, "undelivered", network.key());
    this.key = network.key();
    this.steps = new Steps(this, line, servers);
    List<StateMachine> machines = new ArrayList<>();
    machines.add(restartAfterRotation());
    if (line.settings().jobs().form() == Form.STREAM) {
      machines.add(keepStreaming());
    }
    if (line.settings().orchestrator().kind() == OrchestratorKind.MWAA) {
      new Airflow(this, line, network, lake);
    } else {
      machines.add(jobsInTurn());
      machines.add(nightly());
    }
    line.settings().night().ifPresent(night -> machines.addAll(night(night)));
    this.outputs = new Outputs(undelivered, machines);
    Reasons.acceptLambdasOfCdk(this);
  }

  Outputs outputs() {
    return outputs;
  }

  /** The source's password was changed: the worker still has the old one. */
  private StateMachine restartAfterRotation() {
    StateMachine machine = machine("restart-connect", steps.restartConnect());
    Rule.Builder.create(this, "Rotated")
        .ruleName(line.name("rotated"))
        .description("The source's password was rotated: Connect starts anew")
        .eventPattern(
            EventPattern.builder()
                .source(List.of("aws.secretsmanager"))
                .detailType(List.of("AWS Service Event via CloudTrail"))
                .detail(
                    Map.of(
                        "eventName",
                        List.of("RotationSucceeded"),
                        "additionalEventData",
                        Map.of("SecretId", List.of(steps.credentialsArn()))))
                .build())
        .targets(List.of(target(machine)))
        .build();
    return machine;
  }

  /** Starts the streaming job unless it runs: when it ended, and from time to time. */
  private StateMachine keepStreaming() {
    StateMachine machine = machine("keep-streaming", steps.keepStreaming());
    Rule.Builder.create(this, "StreamEnded")
        .ruleName(line.name("stream-ended"))
        .description("The streaming job ended: it is started again")
        .eventPattern(
            EventPattern.builder()
                .source(List.of("aws.glue"))
                .detailType(List.of("Glue Job State Change"))
                .detail(
                    Map.of(
                        "jobName",
                        List.of(line.pipeline().jobName(JobName.STREAM)),
                        "state",
                        List.of("FAILED", "TIMEOUT", "SUCCEEDED", "EXPIRED")))
                .build())
        .targets(List.of(target(machine)))
        .build();
    schedule("keep-streaming", machine, times(LOOKS));
    return machine;
  }

  private StateMachine jobsInTurn() {
    StateMachine machine =
        machine("run", steps.run(JobsStack.inTurn(line.settings().jobs().form())));
    schedule("run", machine, times(line.settings().jobs().every()));
    return machine;
  }

  /** While servers are up: verify writes its marks into the source. */
  private StateMachine nightly() {
    StateMachine machine = machine("nightly", steps.jobs("nightly", JobsStack.nightly()));
    Optional<Night> night = line.settings().night();
    int hour = night.map(times -> times.stop().minusHours(2).getHour()).orElse(2);
    String days = night.isPresent() ? "MON-FRI" : "*";
    schedule("nightly", machine, cron("30 %d ? * %s *".formatted(hour, days)));
    return machine;
  }

  private List<StateMachine> night(Night night) {
    StateMachine evening = machine("evening", steps.evening());
    schedule(
        "evening",
        evening,
        cron("%d %d ? * * *".formatted(night.stop().getMinute(), night.stop().getHour())));
    StateMachine morning = machine("morning", steps.morning());
    schedule(
        "morning",
        morning,
        cron("%d %d ? * MON-FRI *".formatted(night.start().getMinute(), night.start().getHour())));
    return List.of(evening, morning);
  }

  /** Again and again; where there is a night, only while servers are up. */
  private ScheduleExpression times(java.time.Duration every) {
    Optional<Night> night = line.settings().night();
    if (night.isEmpty()) {
      return ScheduleExpression.rate(Duration.minutes(every.toMinutes()));
    }
    return cron(DayTimes.every(every, night.get()));
  }

  private ScheduleExpression cron(String fields) {
    String zone = line.settings().night().map(night -> night.zone().getId()).orElse("Etc/UTC");
    return ScheduleExpression.expression("cron(%s)".formatted(fields), TimeZone.of(zone));
  }

  private void schedule(String what, StateMachine machine, ScheduleExpression when) {
    Schedule.Builder.create(this, "Schedule-" + what)
        .scheduleName(line.name(what))
        .description("Starts " + what)
        .schedule(when)
        .target(
            StepFunctionsStartExecution.Builder.create(machine)
                .deadLetterQueue(undelivered)
                .retryAttempts(3)
                .build())
        .build();
  }

  private StateMachine machine(String what, IChainable definition) {
    return Machines.create(this, line, key, what, definition);
  }

  private SfnStateMachine target(StateMachine machine) {
    return SfnStateMachine.Builder.create(machine).deadLetterQueue(undelivered).build();
  }
}
