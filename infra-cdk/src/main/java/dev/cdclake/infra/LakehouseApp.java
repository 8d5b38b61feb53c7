/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Profile;
import dev.cdclake.contract.SettingsException;
import io.github.cdklabs.cdknag.AwsSolutionsChecks;
import io.github.cdklabs.cdknag.NagPackProps;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import software.amazon.awscdk.App;
import software.amazon.awscdk.AppProps;
import software.amazon.awscdk.Aspects;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.Tags;

/**
 * The line on AWS, in flow order: each stack is given what the ones before it made.
 *
 * <p>In come the pipeline file and one environment's settings; out come templates, which cdk-nag
 * and CloudFormation's own rules have checked. Nothing is looked up in an account.
 */
public final class LakehouseApp {

  /** The tag that every resource bears; its value is the resources' prefix. */
  static final String TAG = "line";

  /** Behaviour of the CDK that is not the default; here, so that tests and deployments agree. */
  private static final Map<String, Object> RULES =
      Map.of(
          "@aws-cdk/core:validateAgainstDefaultRules", true,
          "@aws-cdk/core:checkSecretUsage", true,
          "@aws-cdk/aws-iam:minimizePolicies", true,
          "@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy", true,
          "@aws-cdk/aws-kms:reduceCrossAccountRegionPolicyScope", true,
          "@aws-cdk/aws-ecs:reduceEc2FargateCloudWatchPermissions", true,
          "@aws-cdk/aws-efs:denyAnonymousAccess", true);

  private final App app;
  private final Map<String, Stack> stacks = new LinkedHashMap<>();

  private LakehouseApp(App app) {
    this.app = app;
  }

  /**
   * Makes the templates of one environment.
   *
   * <p>Context: {@code env}, the environment; {@code pipeline} and {@code environments}, the files;
   * {@code built}, whether everything that is uploaded has to be there.
   */
  public static void main(String[] arguments) {
    try {
      NodeJs.require("node");
      App app = app(Map.of());
      build(app, line(app));
      app.synth();
    } catch (SettingsException e) {
      System.err.println(e.getMessage());
      System.exit(2);
    }
  }

  static Line line(App app) {
    Path repository = Path.of(context(app, "repository", "."));
    Path pipelineFile = repository.resolve(context(app, "pipeline", "pipeline.yaml"));
    Path environments =
        repository.resolve(context(app, "environments", "infra-cdk/environments.yaml"));
    String environment = context(app, "env", "dev");
    DeploymentSettings settings = DeploymentFile.read(environments, environment);
    Pipeline pipeline = Pipeline.read(pipelineFile, environment, Profile.AWS);
    Artifacts artifacts =
        Artifacts.of(repository, pipelineFile, pipeline.gold().models())
            .builtFor(settings.jobs().scalaVersion());
    return new Line(
        pipeline,
        settings,
        Boolean.parseBoolean(context(app, "built", "false"))
            ? artifacts.present()
            : artifacts.orStandIns(repository.resolve("infra-cdk/target/stand-ins")));
  }

  static String context(App app, String key, String otherwise) {
    Object value = app.getNode().tryGetContext(key);
    return value == null ? otherwise : value.toString();
  }

  /** Returns an app in which CloudFormation's own rules are errors. */
  static App app(Map<String, Object> context) {
    Map<String, Object> all = new LinkedHashMap<>(context);
    all.putAll(RULES);
    return new App(AppProps.builder().context(all).analyticsReporting(false).build());
  }

  /** Adds the stacks of one environment. */
  static LakehouseApp build(App app, Line line) {
    LakehouseApp lakehouse = new LakehouseApp(app);
    lakehouse.stacks(line);
    Tags.of(app).add(TAG, line.pipeline().prefix());
    Aspects.of(app).add(new AwsSolutionsChecks(NagPackProps.builder().verbose(true).build()));
    return lakehouse;
  }

  private void stacks(Line line) {
    NetworkStack network = add(new NetworkStack(app, line));
    SourceStack source = add(new SourceStack(app, line, network.outputs()));
    StreamingStack streaming = add(new StreamingStack(app, line, network.outputs()));
    Addresses addresses = new Addresses(line, source.outputs(), streaming.outputs());
    CaptureStack capture = add(new CaptureStack(app, line, network.outputs(), addresses));
    LakeStack lake = add(new LakeStack(app, line));
    JobsStack jobs = add(new JobsStack(app, line, network.outputs(), addresses, lake.outputs()));
    add(new QueryStack(app, line, lake.outputs()));
    Servers servers = Servers.of(source.outputs(), streaming.outputs(), capture.outputs());
    OrchestrationStack orchestration =
        add(new OrchestrationStack(app, line, network.outputs(), servers, lake.outputs()));
    orchestration.addStackDependency(jobs);
    add(
        new WatchStack(
            app,
            line,
            network.outputs(),
            source.outputs(),
            streaming.outputs(),
            capture.outputs(),
            orchestration.outputs()));
  }

  private <S extends Stack> S add(S stack) {
    stacks.put(stack.getNode().getId(), stack);
    return stack;
  }

  /** Returns the stacks by their ids, in flow order. */
  Map<String, Stack> byId() {
    return stacks;
  }
}
