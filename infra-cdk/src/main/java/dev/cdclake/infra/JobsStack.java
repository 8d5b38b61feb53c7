/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import dev.cdclake.contract.JobName;
import dev.cdclake.contract.Profile;
import dev.cdclake.infra.DeploymentSettings.Form;
import dev.cdclake.infra.DeploymentSettings.Jobs;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.ec2.ISubnet;
import software.amazon.awscdk.services.glue.CfnConnection;
import software.amazon.awscdk.services.glue.CfnJob;
import software.amazon.awscdk.services.glue.CfnSecurityConfiguration;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.kms.IKey;
import software.amazon.awscdk.services.s3.assets.Asset;
import software.amazon.awscdk.services.s3.deployment.BucketDeployment;
import software.amazon.awscdk.services.s3.deployment.ISource;
import software.amazon.awscdk.services.s3.deployment.Source;
import software.constructs.Construct;

/**
 * The lake's jobs on Glue: one per {@link JobName}, each with a role of its own.
 *
 * <p>Jar, scripts and pipeline file are uploaded below names that follow from their content, so an
 * earlier template brings back what ran then.
 */
final class JobsStack extends Stack {

  /** Where the pipeline file and the models lie in the artifacts' bucket. */
  static final String PIPELINE_PREFIX = "pipeline";

  private static final String EXTENSIONS =
      "spark.sql.extensions=org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions";

  /** How long a turn of bronze and silver takes, generously. */
  private static final Duration TURN_MARGIN = Duration.ofMinutes(30);

  /** Less than the limit of the job's run. */
  private static final Duration MOST_PATIENCE = Duration.ofHours(7);

  private final Line line;
  private final LakeStack.Outputs lake;
  private final String security;
  private final Asset jar;
  private final List<BucketDeployment> uploads = new ArrayList<>();
  private final String pipelineFile;

  JobsStack(
      Construct scope,
      Line line,
      NetworkStack.Outputs network,
      Addresses addresses,
      LakeStack.Outputs lake) {
    super(scope, "Jobs", line.stack("jobs", "The lake's jobs"));
    this.line = line;
    this.lake = lake;
    connection("Connection", network, JobSpec.of(JobName.BRONZE));
    connection("ConnectionToConnect", network, JobSpec.of(JobName.RESNAPSHOT));
    this.security = security(network.key());
    this.jar = asset("Jar", line.artifacts().jobJar().toString());
    this.pipelineFile = upload();
    Map<String, String> arguments = addresses.arguments(this);
    JobRole roles = new JobRole(this, line, lake);
    for (JobSpec spec : JobSpec.all()) {
      Role role = roles.create(spec, network, addresses);
      logs(spec.job(), network.key());
      job(spec, role, arguments);
    }
    Reasons.acceptLambdasOfCdk(this);
  }

  /** Jobs reach the network through one subnet: its zone is where they run. */
  static ISubnet subnet(NetworkStack.Outputs network) {
    return network.vpc().selectSubnets(network.jobs()).getSubnets().get(0);
  }

  /** Makes what leads into the security group of a job, and of all that are in the same one. */
  private void connection(String id, NetworkStack.Outputs network, JobSpec spec) {
    ISubnet subnet = subnet(network);
    CfnConnection.Builder.create(this, id)
        .catalogId(getAccount())
        .connectionInput(
            CfnConnection.ConnectionInputProperty.builder()
                .name(spec.connection(line))
                .connectionType("NETWORK")
                .physicalConnectionRequirements(
                    CfnConnection.PhysicalConnectionRequirementsProperty.builder()
                        .subnetId(subnet.getSubnetId())
                        .availabilityZone(subnet.getAvailabilityZone())
                        .securityGroupIdList(
                            List.of(spec.group(network.groups()).getSecurityGroupId()))
                        .build())
                .build())
        .build();
  }

  /** How jobs encrypt logs and files. */
  private String security(IKey logs) {
    return CfnSecurityConfiguration.Builder.create(this, "Security")
        .name(line.name("jobs"))
        .encryptionConfiguration(
            CfnSecurityConfiguration.EncryptionConfigurationProperty.builder()
                .s3Encryptions(
                    List.of(
                        CfnSecurityConfiguration.S3EncryptionProperty.builder()
                            .s3EncryptionMode("SSE-KMS")
                            .kmsKeyArn(lake.key().getKeyArn())
                            .build()))
                .cloudWatchEncryption(
                    CfnSecurityConfiguration.CloudWatchEncryptionProperty.builder()
                        .cloudWatchEncryptionMode("SSE-KMS")
                        .kmsKeyArn(logs.getKeyArn())
                        .build())
                .jobBookmarksEncryption(
                    CfnSecurityConfiguration.JobBookmarksEncryptionProperty.builder()
                        .jobBookmarksEncryptionMode("CSE-KMS")
                        .kmsKeyArn(lake.key().getKeyArn())
                        .build())
                .build())
        .build()
        .getRef();
  }

  /**
   * By the names that Glue gives the groups of a job whose logs have a key: after that security
   * configuration and the job's role, which here bears the job's name.
   *
   * @see <a
   *     href="https://docs.aws.amazon.com/glue/latest/dg/monitor-continuous-logging.html">Logging
   *     for jobs</a>
   */
  private void logs(JobName job, IKey key) {
    for (String what : List.of("error", "output")) {
      Logs.group(
          this, "Log-%s-%s".formatted(job.label(), what), line, logGroup(line, job, what), key);
    }
  }

  static String logGroup(Line line, JobName job, String what) {
    return "/aws-glue/jobs/%s-role/%s/%s"
        .formatted(line.name("jobs"), line.pipeline().jobName(job), what);
  }

  private Asset asset(String id, String path) {
    return Asset.Builder.create(this, id).path(path).build();
  }

  /** Uploads the pipeline file and, where it says, the models; returns the file's address. */
  private String upload() {
    Artifacts artifacts = line.artifacts();
    String folder = PIPELINE_PREFIX + "/" + Uploads.version(artifacts);
    deploy("Pipeline", folder, Source.data("pipeline.yaml", Uploads.text(artifacts)));
    deploy(
        "Models",
        folder + "/" + Uploads.modelsBesidePipeline(artifacts),
        Source.asset(artifacts.models().toString()));
    return "s3://%s/%s/pipeline.yaml".formatted(lake.artifacts().getBucketName(), folder);
  }

  /** Earlier versions stay for earlier templates. */
  private void deploy(String id, String folder, ISource source) {
    uploads.add(
        BucketDeployment.Builder.create(this, id)
            .destinationBucket(lake.artifacts())
            .destinationKeyPrefix(folder)
            .sources(List.of(source))
            .prune(false)
            .retainOnDelete(true)
            .build());
  }

  private void job(JobSpec spec, Role role, Map<String, String> addresses) {
    JobName job = spec.job();
    Asset script = asset("Script-" + job.label(), line.artifacts().script(job).toString());
    script.grantRead(role);
    jar.grantRead(role);
    Jobs settings = line.settings().jobs();
    CfnJob.Builder glue =
        CfnJob.Builder.create(this, "Job-" + job.label())
            .name(line.pipeline().jobName(job))
            .description(job.label())
            .role(role.getRoleArn())
            .glueVersion(settings.glueVersion())
            .workerType(settings.worker())
            .numberOfWorkers(settings.workers())
            .command(
                CfnJob.JobCommandProperty.builder()
                    .name(spec.ends() ? "glueetl" : "gluestreaming")
                    .scriptLocation(script.getS3ObjectUrl())
                    .build())
            .defaultArguments(arguments(spec, addresses))
            .connections(
                CfnJob.ConnectionsListProperty.builder()
                    .connections(List.of(spec.connection(line)))
                    .build())
            .securityConfiguration(security)
            .timeout(spec.limit().toMinutes())
            // One writer a table.
            .executionProperty(
                CfnJob.ExecutionPropertyProperty.builder().maxConcurrentRuns(1).build())
            // A run that may be repeated is repeated by what started it.
            .maxRetries(0);
    if (spec.ends()) {
      glue.executionClass(settings.flex() ? "FLEX" : "STANDARD");
    } else {
      glue.maintenanceWindow("Sun:4");
    }
    CfnJob made = glue.build();
    made.getNode().addDependency(role);
    // A job that was changed is started at once where it streams.
    uploads.forEach(upload -> made.getNode().addDependency(upload));
  }

  /** Glue's own arguments, then the line's; {@code --trigger} tells the two forms apart. */
  private Map<String, String> arguments(JobSpec spec, Map<String, String> addresses) {
    JobName job = spec.job();
    Map<String, String> arguments = new LinkedHashMap<>();
    arguments.put("--job-language", "scala");
    arguments.put("--class", job.entry());
    arguments.put("--extra-jars", jar.getS3ObjectUrl());
    arguments.put("--datalake-formats", "iceberg");
    // Without the region S3A talks to us-east-2.
    arguments.put(
        "--conf",
        EXTENSIONS + " --conf spark.hadoop.fs.s3a.endpoint.region=" + line.settings().region());
    arguments.put("--enable-metrics", "true");
    arguments.put("--enable-observability-metrics", "true");
    arguments.put("--enable-continuous-cloudwatch-log", "true");
    arguments.put("--enable-auto-scaling", "true");
    arguments.put(
        "--TempDir", "s3://%s/jobs/%s/".formatted(lake.scratch().getBucketName(), job.label()));
    arguments.put("--pipeline", pipelineFile);
    arguments.put("--profile", Profile.AWS);
    arguments.put("--region", line.settings().region());
    arguments.put("--warehouse", "s3://" + lake.lake().getBucketName());
    arguments.put("--trigger", spec.ends() ? "available-now" : "continuous");
    arguments.put("--metrics-namespace", Metrics.NAMESPACE);
    if (job == JobName.VERIFY) {
      arguments.put("--wait", patience(1).toMinutes() + "m");
    }
    if (spec.captures()) {
      arguments.put("--connect", CaptureStack.url(line));
      // One turn folds what was read, the next one what ends the rows that were not.
      arguments.put("--wait", patience(2).toMinutes() + "m");
    }
    arguments.putAll(addresses);
    return arguments;
  }

  /** Silver that runs in turns has what a job looks for after so many of them. */
  private Duration patience(int turns) {
    Jobs jobs = line.settings().jobs();
    Duration turn = jobs.form() == Form.STREAM ? Duration.ZERO : jobs.every();
    Duration wanted = turn.plus(TURN_MARGIN).multipliedBy(turns);
    return wanted.compareTo(MOST_PATIENCE) < 0 ? wanted : MOST_PATIENCE;
  }

  /** Returns the jobs that run one after the other, again and again. */
  static List<JobName> inTurn(Form form) {
    return form == Form.STREAM
        ? List.of(JobName.GOLD, JobName.CHECK)
        : List.of(JobName.BRONZE, JobName.SILVER, JobName.GOLD, JobName.CHECK);
  }

  /** Returns the jobs that run once a night. */
  static List<JobName> nightly() {
    return List.of(JobName.MAINTAIN, JobName.VERIFY);
  }
}
