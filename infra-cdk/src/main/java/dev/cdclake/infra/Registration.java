/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import dev.cdclake.infra.DeploymentSettings.Egress;
import java.util.List;
import java.util.Map;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.customresources.AwsCustomResource;
import software.amazon.awscdk.customresources.AwsCustomResourcePolicy;
import software.amazon.awscdk.customresources.AwsSdkCall;
import software.amazon.awscdk.customresources.PhysicalResourceId;
import software.amazon.awscdk.services.ecs.FargateService;
import software.amazon.awscdk.services.ecs.FargateTaskDefinition;
import software.amazon.awscdk.services.ecs.ICluster;
import software.amazon.awscdk.services.events.EventPattern;
import software.amazon.awscdk.services.events.Rule;
import software.amazon.awscdk.services.events.targets.SfnStateMachine;
import software.amazon.awscdk.services.iam.PolicyStatement;
import software.amazon.awscdk.services.sqs.Queue;
import software.amazon.awscdk.services.stepfunctions.IntegrationPattern;
import software.amazon.awscdk.services.stepfunctions.RetryProps;
import software.amazon.awscdk.services.stepfunctions.StateMachine;
import software.amazon.awscdk.services.stepfunctions.Timeout;
import software.amazon.awscdk.services.stepfunctions.tasks.EcsFargateLaunchTarget;
import software.amazon.awscdk.services.stepfunctions.tasks.EcsRunTask;

/**
 * Registers the connector after each deployment of the worker, the first one included.
 *
 * <p>It stands in the worker's stack: the task changes with every deployment, and what one stack
 * exports to another can never change.
 */
final class Registration {

  private final Stack stack;
  private final Line line;
  private final NetworkStack.Outputs network;

  Registration(Stack stack, Line line, NetworkStack.Outputs network) {
    this.stack = stack;
    this.line = line;
    this.network = network;
  }

  /** Makes the state machine and what starts it; doing it twice changes nothing. */
  StateMachine create(
      ICluster cluster, FargateService worker, FargateTaskDefinition task, Queue undelivered) {
    StateMachine machine =
        Machines.create(stack, line, network.key(), "register", register(cluster, task));
    afterDeployment(machine, worker, undelivered);
    atOnce(machine, worker);
    return machine;
  }

  private EcsRunTask register(ICluster cluster, FargateTaskDefinition task) {
    EcsRunTask register =
        EcsRunTask.Builder.create(stack, "Register the connector")
            .cluster(cluster)
            .taskDefinition(task)
            .launchTarget(new EcsFargateLaunchTarget())
            .securityGroups(List.of(network.groups().connect()))
            .subnets(network.servers())
            .assignPublicIp(line.settings().egress() == Egress.PUBLIC)
            .integrationPattern(IntegrationPattern.RUN_JOB)
            .taskTimeout(Timeout.duration(Duration.minutes(15)))
            .build();
    register.addRetry(
        RetryProps.builder().maxAttempts(3).interval(Duration.seconds(30)).backoffRate(2).build());
    return register;
  }

  /** ECS says when a deployment is complete; the registration then finds a worker that answers. */
  private void afterDeployment(StateMachine machine, FargateService worker, Queue undelivered) {
    Rule.Builder.create(stack, "Deployed")
        .ruleName(line.name("deployed"))
        .description("The worker was deployed: its connector is registered")
        .eventPattern(
            EventPattern.builder()
                .source(List.of("aws.ecs"))
                .detailType(List.of("ECS Deployment State Change"))
                .resources(List.of(worker.getServiceArn()))
                .detail(Map.of("eventName", List.of("SERVICE_DEPLOYMENT_COMPLETED")))
                .build())
        .targets(
            List.of(SfnStateMachine.Builder.create(machine).deadLetterQueue(undelivered).build()))
        .build();
  }

  /** The first worker is deployed before the rule hears of it. */
  private void atOnce(StateMachine machine, FargateService worker) {
    AwsCustomResource first =
        AwsCustomResource.Builder.create(stack, "Registered")
            .onCreate(
                AwsSdkCall.builder()
                    .service("SFN")
                    .action("StartExecution")
                    .parameters(Map.of("stateMachineArn", machine.getStateMachineArn()))
                    .physicalResourceId(PhysicalResourceId.of(line.name("registered")))
                    .build())
            .installLatestAwsSdk(false)
            .policy(
                AwsCustomResourcePolicy.fromStatements(
                    List.of(
                        PolicyStatement.Builder.create()
                            .actions(List.of("states:StartExecution"))
                            .resources(List.of(machine.getStateMachineArn()))
                            .build())))
            .build();
    first.getNode().addDependency(worker);
  }
}
