/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import dev.cdclake.contract.JobName;
import dev.cdclake.contract.Layer;
import dev.cdclake.contract.Pipeline;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.iam.PolicyStatement;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.iam.ServicePrincipal;
import software.amazon.awscdk.services.iam.ServicePrincipalOpts;

/** The role of one job: what {@link JobSpec} says it touches, and nothing else. */
final class JobRole {

  private final Stack stack;
  private final Line line;
  private final LakeStack.Outputs lake;

  JobRole(Stack stack, Line line, LakeStack.Outputs lake) {
    this.stack = stack;
    this.line = line;
    this.lake = lake;
  }

  Role create(JobSpec spec, NetworkStack.Outputs network, Addresses addresses) {
    JobName job = spec.job();
    Role role =
        Role.Builder.create(stack, "Role-" + job.label())
            .roleName(line.pipeline().jobName(job))
            .description("Job " + job.label() + " of " + line.pipeline().prefix())
            .assumedBy(
                new ServicePrincipal(
                    "glue.amazonaws.com",
                    ServicePrincipalOpts.builder()
                        .conditions(
                            Map.of("StringEquals", Map.of("aws:SourceAccount", stack.getAccount())))
                        .build()))
            .build();
    catalog(role, spec);
    files(role, spec);
    lake.key().grantEncryptDecrypt(role);
    addresses.grantSecrets(role);
    addresses
        .streaming()
        .msk()
        .ifPresent(msk -> topics(spec, msk).forEach(role::addToPrincipalPolicy));
    logs(role, network);
    attachToNetwork(role, spec, network);
    Reasons.accept(
        role,
        "IAM5",
        "Tables, files and topics of this line by their prefix, which are made while it runs; log"
            + " groups of jobs, which Glue names; network interfaces, which Glue makes in one subnet"
            + " with one security group; data keys of any kind, of two keys of this line; describing"
            + " the network and publishing metrics take no narrower resource.");
    return role;
  }

  private List<PolicyStatement> topics(JobSpec spec, MskCluster msk) {
    return switch (spec.topics()) {
      case NONE -> List.of();
      case READS -> msk.read(line);
      case WRITES -> msk.readAnew(line);
    };
  }

  /** A database's tables come and go with the pipeline file: its own, by its name. */
  private void catalog(Role role, JobSpec spec) {
    Set<Layer> readable = new TreeSet<>(spec.reads());
    readable.addAll(spec.writes());
    role.addToPrincipalPolicy(
        statement(
            List.of("glue:GetDatabase", "glue:GetTable", "glue:GetTables", "glue:GetTableVersions"),
            catalogOf(readable)));
    if (!spec.writes().isEmpty()) {
      role.addToPrincipalPolicy(
          statement(
              List.of("glue:CreateTable", "glue:UpdateTable", "glue:DeleteTable"),
              catalogOf(spec.writes())));
    }
  }

  private List<String> catalogOf(Set<Layer> layers) {
    Pipeline pipeline = line.pipeline();
    List<String> resources = new ArrayList<>(List.of(arn("glue", "catalog")));
    for (Layer layer : layers) {
      resources.add(arn("glue", "database/" + pipeline.database(layer)));
      resources.add(arn("glue", "table/%s/*".formatted(pipeline.database(layer))));
    }
    return resources;
  }

  private void files(Role role, JobSpec spec) {
    Set<Layer> readable = new TreeSet<>(spec.reads());
    readable.addAll(spec.writes());
    role.addToPrincipalPolicy(
        statement(
            List.of("s3:GetBucketLocation", "s3:ListBucket"),
            List.of(
                lake.lake().getBucketArn(),
                lake.scratch().getBucketArn(),
                lake.artifacts().getBucketArn())));
    role.addToPrincipalPolicy(
        statement(
            List.of("s3:GetObject"),
            List.of(lake.artifacts().arnForObjects(JobsStack.PIPELINE_PREFIX + "/*"))));
    role.addToPrincipalPolicy(statement(List.of("s3:GetObject"), filesOf(readable)));
    if (!spec.writes().isEmpty()) {
      role.addToPrincipalPolicy(
          statement(
              List.of("s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"),
              filesOf(spec.writes())));
    }
    role.addToPrincipalPolicy(
        statement(
            List.of("s3:GetObject", "s3:PutObject", "s3:DeleteObject"),
            List.of(lake.scratch().arnForObjects("jobs/%s/*".formatted(spec.job().label())))));
  }

  private List<String> filesOf(Set<Layer> layers) {
    return new TreeSet<>(layers)
        .stream().map(layer -> lake.lake().arnForObjects(LakeStack.prefix(layer) + "*")).toList();
  }

  /**
   * Glue writes to groups of its own names, and metrics of any name space. Those that the template
   * makes would be narrower; a job whose log has another name would not run at all.
   */
  private void logs(Role role, NetworkStack.Outputs network) {
    role.addToPrincipalPolicy(
        statement(
            List.of(
                "logs:CreateLogGroup",
                "logs:CreateLogStream",
                "logs:PutLogEvents",
                "logs:AssociateKmsKey"),
            List.of(arnWithColon("logs", "log-group:/aws-glue/jobs/*"))));
    network.key().grantEncryptDecrypt(role);
    role.addToPrincipalPolicy(
        PolicyStatement.Builder.create()
            .actions(List.of("cloudwatch:PutMetricData"))
            .resources(List.of("*"))
            .conditions(
                Map.of(
                    "StringEquals",
                    Map.of("cloudwatch:namespace", List.of("Glue", Metrics.NAMESPACE))))
            .build());
  }

  /**
   * A job in a network makes network interfaces where its connection says, and may tag nothing
   * else.
   *
   * @see <a href="https://docs.aws.amazon.com/glue/latest/dg/create-service-policy.html">Policy of
   *     the Glue service role</a>
   */
  private void attachToNetwork(Role role, JobSpec spec, NetworkStack.Outputs network) {
    role.addToPrincipalPolicy(
        statement(
            List.of(
                "ec2:DescribeVpcEndpoints",
                "ec2:DescribeRouteTables",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcAttribute"),
            List.of("*")));
    role.addToPrincipalPolicy(
        statement(
            List.of("ec2:CreateNetworkInterface"),
            List.of(
                arn("ec2", "network-interface/*"),
                arn("ec2", "subnet/" + JobsStack.subnet(network).getSubnetId()),
                arn(
                    "ec2",
                    "security-group/" + spec.group(network.groups()).getSecurityGroupId()))));
    role.addToPrincipalPolicy(
        PolicyStatement.Builder.create()
            .actions(List.of("ec2:DeleteNetworkInterface", "ec2:CreateTags", "ec2:DeleteTags"))
            .resources(List.of(arn("ec2", "network-interface/*")))
            .conditions(
                Map.of(
                    "ForAllValues:StringEquals",
                    Map.of("aws:TagKeys", List.of("aws-glue-service-resource"))))
            .build());
    role.addToPrincipalPolicy(
        statement(
            List.of("glue:GetConnection"),
            List.of(arn("glue", "catalog"), arn("glue", "connection/" + spec.connection(line)))));
  }

  private static PolicyStatement statement(List<String> actions, List<String> resources) {
    return PolicyStatement.Builder.create().actions(actions).resources(resources).build();
  }

  private String arn(String service, String resource) {
    return "arn:%s:%s:%s:%s:%s"
        .formatted(stack.getPartition(), service, stack.getRegion(), stack.getAccount(), resource);
  }

  private String arnWithColon(String service, String resource) {
    return arn(service, resource) + ":*";
  }
}
