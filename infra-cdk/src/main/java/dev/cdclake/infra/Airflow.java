/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import dev.cdclake.contract.JobName;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.iam.PolicyStatement;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.iam.ServicePrincipal;
import software.amazon.awscdk.services.iam.ServicePrincipalOpts;
import software.amazon.awscdk.services.logs.LogGroup;
import software.amazon.awscdk.services.mwaa.CfnEnvironment;
import software.amazon.awscdk.services.s3.deployment.BucketDeployment;
import software.amazon.awscdk.services.s3.deployment.Source;
import software.constructs.Construct;
import software.constructs.Node;

/** Managed Airflow with the DAGs of the repository; it may start the line's jobs, and no others. */
final class Airflow extends Construct {

  private static final String DAGS = "dags";

  private final Stack stack;
  private final Line line;
  private final NetworkStack.Outputs network;
  private final LakeStack.Outputs lake;
  private final String name;

  Airflow(Stack stack, Line line, NetworkStack.Outputs network, LakeStack.Outputs lake) {
    super(stack, "Airflow");
    this.stack = stack;
    this.line = line;
    this.network = network;
    this.lake = lake;
    this.name = line.name("airflow");
    BucketDeployment dags =
        BucketDeployment.Builder.create(this, "Dags")
            .destinationBucket(lake.artifacts())
            .destinationKeyPrefix(DAGS)
            .sources(List.of(Source.asset(line.artifacts().dags().toString())))
            .build();
    Node environment = environment(role()).getNode();
    environment.addDependency(dags);
    logs().forEach(environment::addDependency);
  }

  /** By the names that Airflow gives them: it writes to groups that are there. */
  private List<LogGroup> logs() {
    return Stream.of("DAGProcessing", "Scheduler", "Task", "WebServer", "Worker")
        .map(
            part ->
                Logs.group(
                    this,
                    "Log-" + part,
                    line,
                    "airflow-%s-%s".formatted(name, part),
                    network.key()))
        .toList();
  }

  private CfnEnvironment environment(Role role) {
    List<String> subnets =
        network.vpc().selectSubnets(network.servers()).getSubnetIds().subList(0, 2);
    return CfnEnvironment.Builder.create(this, "Environment")
        .name(name)
        .airflowVersion(line.settings().orchestrator().airflowVersion())
        .environmentClass(line.settings().orchestrator().airflowClass())
        .minWorkers(1)
        .maxWorkers(line.settings().orchestrator().mostWorkers())
        .sourceBucketArn(lake.artifacts().getBucketArn())
        .dagS3Path(DAGS)
        .executionRoleArn(role.getRoleArn())
        .kmsKey(network.key().getKeyArn())
        .webserverAccessMode("PRIVATE_ONLY")
        .networkConfiguration(
            CfnEnvironment.NetworkConfigurationProperty.builder()
                .subnetIds(subnets)
                .securityGroupIds(List.of(network.groups().airflow().getSecurityGroupId()))
                .build())
        .airflowConfigurationOptions(options())
        .loggingConfiguration(
            CfnEnvironment.LoggingConfigurationProperty.builder()
                .dagProcessingLogs(log("WARNING"))
                .schedulerLogs(log("WARNING"))
                .taskLogs(log("INFO"))
                .webserverLogs(log("WARNING"))
                .workerLogs(log("WARNING"))
                .build())
        .build();
  }

  /** How the DAGs know which jobs are theirs, which of them run in turn, and how often. */
  private Map<String, String> options() {
    DeploymentSettings.Jobs jobs = line.settings().jobs();
    return Map.of(
        "core.dags_are_paused_at_creation",
        "False",
        "cdclake.prefix",
        line.pipeline().prefix(),
        "cdclake.form",
        jobs.form().name().toLowerCase(Locale.ROOT),
        "cdclake.minutes",
        String.valueOf(jobs.every().toMinutes()));
  }

  private static CfnEnvironment.ModuleLoggingConfigurationProperty log(String level) {
    return CfnEnvironment.ModuleLoggingConfigurationProperty.builder()
        .enabled(true)
        .logLevel(level)
        .build();
  }

  /**
   * What an environment needs, after AWS's own sample.
   *
   * @see <a
   *     href="https://docs.aws.amazon.com/mwaa/latest/userguide/mwaa-create-role.html">Execution
   *     role</a>
   */
  private Role role() {
    Role role =
        Role.Builder.create(this, "Role")
            .roleName(name)
            .assumedBy(principal("airflow.amazonaws.com"))
            .build();
    role.getAssumeRolePolicy()
        .addStatements(
            PolicyStatement.Builder.create()
                .principals(List.of(principal("airflow-env.amazonaws.com")))
                .actions(List.of("sts:AssumeRole"))
                .build());
    role.addToPolicy(
        allow(List.of("airflow:PublishMetrics"), List.of(arn("airflow", "environment/" + name))));
    role.addToPolicy(
        allow(
            List.of("s3:GetBucketLocation", "s3:GetBucketPublicAccessBlock", "s3:ListBucket"),
            List.of(lake.artifacts().getBucketArn())));
    role.addToPolicy(
        allow(
            List.of("s3:GetObject", "s3:GetObjectVersion"),
            List.of(lake.artifacts().arnForObjects(DAGS + "/*"))));
    role.addToPolicy(
        allow(List.of("s3:GetAccountPublicAccessBlock", "logs:DescribeLogGroups"), List.of("*")));
    role.addToPolicy(
        allow(
            List.of(
                "logs:CreateLogStream",
                "logs:CreateLogGroup",
                "logs:PutLogEvents",
                "logs:GetLogEvents",
                "logs:GetLogRecord",
                "logs:GetLogGroupFields",
                "logs:GetQueryResults"),
            List.of(arn("logs", "log-group:airflow-" + name + "-*"))));
    role.addToPolicy(
        PolicyStatement.Builder.create()
            .actions(List.of("cloudwatch:PutMetricData"))
            .resources(List.of("*"))
            .conditions(
                Map.of("StringEquals", Map.of("cloudwatch:namespace", List.of("AmazonMWAA"))))
            .build());
    // The queue is in an account of Airflow's own.
    role.addToPolicy(
        allow(
            List.of(
                "sqs:ChangeMessageVisibility",
                "sqs:DeleteMessage",
                "sqs:GetQueueAttributes",
                "sqs:GetQueueUrl",
                "sqs:ReceiveMessage",
                "sqs:SendMessage"),
            List.of(
                "arn:%s:sqs:%s:*:airflow-celery-*"
                    .formatted(stack.getPartition(), stack.getRegion()))));
    role.addToPolicy(
        allow(
            List.of("glue:StartJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:GetJob"),
            Stream.of(JobName.values())
                .map(job -> arn("glue", "job/" + line.pipeline().jobName(job)))
                .toList()));
    network
        .key()
        .grant(role, "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*", "kms:Encrypt");
    lake.key().grantDecrypt(role);
    Reasons.accept(
        role,
        "IAM5",
        "AWS's own sample: logs and the queue have names that Airflow gives, metrics and the"
            + " account's settings take no narrower resource.");
    return role;
  }

  private ServicePrincipal principal(String service) {
    return new ServicePrincipal(
        service,
        ServicePrincipalOpts.builder()
            .conditions(Map.of("StringEquals", Map.of("aws:SourceAccount", stack.getAccount())))
            .build());
  }

  private static PolicyStatement allow(List<String> actions, List<String> resources) {
    return PolicyStatement.Builder.create()
        .actions(new ArrayList<>(actions))
        .resources(resources)
        .build();
  }

  private String arn(String service, String resource) {
    return "arn:%s:%s:%s:%s:%s"
        .formatted(stack.getPartition(), service, stack.getRegion(), stack.getAccount(), resource);
  }
}
