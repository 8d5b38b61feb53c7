/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import dev.cdclake.contract.Layer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.athena.CfnNamedQuery;
import software.amazon.awscdk.services.athena.CfnWorkGroup;
import software.amazon.awscdk.services.iam.ManagedPolicy;
import software.amazon.awscdk.services.iam.PolicyStatement;
import software.constructs.Construct;

/**
 * Athena over the lake: a workgroup that limits what a query may read, questions to begin with, and
 * a policy for those who ask.
 */
final class QueryStack extends Stack {

  private static final String RESULTS = "athena/";
  private static final long GIBIBYTE = 1L << 30;

  private final Line line;
  private final LakeStack.Outputs lake;

  QueryStack(Construct scope, Line line, LakeStack.Outputs lake) {
    super(scope, "Query", line.stack("query", "Athena over the lake"));
    this.line = line;
    this.lake = lake;
    CfnWorkGroup workGroup = workGroup();
    for (Layer layer : Layer.values()) {
      for (Path file : queries(layer)) {
        namedQuery(workGroup, layer, file);
      }
    }
    analysts(workGroup);
  }

  private CfnWorkGroup workGroup() {
    return CfnWorkGroup.Builder.create(this, "WorkGroup")
        .name(line.pipeline().prefix())
        .description("Queries over the lake of " + line.pipeline().prefix())
        .recursiveDeleteOption(!line.settings().isDurable())
        .workGroupConfiguration(
            CfnWorkGroup.WorkGroupConfigurationProperty.builder()
                .enforceWorkGroupConfiguration(true)
                .publishCloudWatchMetricsEnabled(true)
                .bytesScannedCutoffPerQuery(line.settings().query().scanLimitGb() * GIBIBYTE)
                .engineVersion(
                    CfnWorkGroup.EngineVersionProperty.builder()
                        .selectedEngineVersion("Athena engine version 3")
                        .build())
                .resultConfiguration(
                    CfnWorkGroup.ResultConfigurationProperty.builder()
                        .outputLocation(
                            "s3://%s/%s".formatted(lake.scratch().getBucketName(), RESULTS))
                        .encryptionConfiguration(
                            CfnWorkGroup.EncryptionConfigurationProperty.builder()
                                .encryptionOption("SSE_KMS")
                                .kmsKey(lake.key().getKeyArn())
                                .build())
                        .build())
                .build())
        .build();
  }

  /** A question is a file below its layer's folder; the layer's database is what it is asked. */
  private void namedQuery(CfnWorkGroup workGroup, Layer layer, Path file) {
    String name = file.getFileName().toString().replace(".sql", "");
    CfnNamedQuery query =
        CfnNamedQuery.Builder.create(this, "Query-" + name)
            .name(name)
            .database(line.pipeline().database(layer))
            .workGroup(line.pipeline().prefix())
            .queryString(read(file))
            .build();
    query.getNode().addDependency(workGroup);
  }

  private List<Path> queries(Layer layer) {
    Path folder = line.artifacts().queries().resolve(layer.label());
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(".sql")).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot list '" + folder + "'.", e);
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read '" + file + "'.", e);
    }
  }

  /** Analysts read gold, through this workgroup alone; attach the policy to their role. */
  private void analysts(CfnWorkGroup workGroup) {
    String gold = line.pipeline().database(Layer.GOLD);
    ManagedPolicy policy =
        ManagedPolicy.Builder.create(this, "Analysts")
            .managedPolicyName(line.name("analysts"))
            .description("Reads gold through Athena's workgroup " + line.pipeline().prefix())
            .statements(
                List.of(
                    allow(
                        List.of(
                            "athena:StartQueryExecution",
                            "athena:StopQueryExecution",
                            "athena:GetQueryExecution",
                            "athena:GetQueryResults",
                            "athena:GetWorkGroup",
                            "athena:ListNamedQueries",
                            "athena:GetNamedQuery"),
                        List.of(arn("athena", "workgroup/" + line.pipeline().prefix()))),
                    allow(
                        List.of("glue:GetDatabase", "glue:GetTable", "glue:GetTables"),
                        List.of(
                            arn("glue", "catalog"),
                            arn("glue", "database/" + gold),
                            arn("glue", "table/%s/*".formatted(gold)))),
                    allow(
                        List.of("s3:GetBucketLocation", "s3:ListBucket"),
                        List.of(lake.lake().getBucketArn(), lake.scratch().getBucketArn())),
                    allow(
                        List.of("s3:GetObject"),
                        List.of(lake.lake().arnForObjects(LakeStack.prefix(Layer.GOLD) + "*"))),
                    allow(
                        List.of("s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"),
                        List.of(lake.scratch().arnForObjects(RESULTS + "*"))),
                    allow(
                        List.of("kms:Decrypt", "kms:GenerateDataKey"),
                        List.of(lake.key().getKeyArn()))))
            .build();
    policy.getNode().addDependency(workGroup);
    Reasons.accept(
        policy, "IAM5", "Gold's tables and files, which come and go with its models, and results.");
  }

  private static PolicyStatement allow(List<String> actions, List<String> resources) {
    return PolicyStatement.Builder.create().actions(actions).resources(resources).build();
  }

  private String arn(String service, String resource) {
    return "arn:%s:%s:%s:%s:%s"
        .formatted(getPartition(), service, getRegion(), getAccount(), resource);
  }
}
