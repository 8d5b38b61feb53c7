/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.glue;

import dev.cdclake.contract.JobName;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Secrets;
import dev.cdclake.contract.ServerAddresses;
import dev.cdclake.failure.PipelineException;
import dev.cdclake.glue.AwsSecrets.Login;
import dev.cdclake.lake.LakeSession;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs one job of the contract as Glue starts it; the entry scripts call it.
 *
 * <p>A run that ends is good; one that throws has failed, and its message says what to do. Running
 * it again is always safe.
 */
public final class GlueMain {

  private static final Logger LOG = LoggerFactory.getLogger(GlueMain.class);

  private GlueMain() {}

  /**
   * Runs a job.
   *
   * @param job one of {@link JobName}
   * @param given as Glue passes them, see {@link GlueArguments}
   */
  public static void run(String job, String[] given) {
    JobName name = JobName.valueOf(job);
    GlueArguments arguments = GlueArguments.parse(name, given);
    try {
      run(name, arguments);
    } catch (PipelineException e) {
      LOG.error("Job {} failed in {}: {}", name, e.stage().label(), e.code(), e);
      // Glue shows the message and nothing else.
      throw new IllegalStateException(
          "%s (%s, %s, remedy %s)"
              .formatted(e.getMessage(), e.stage().label(), e.code(), e.code().remedy()),
          e);
    }
  }

  private static void run(JobName name, GlueArguments arguments) {
    Path pipelineFile = PipelineFolder.fetch(arguments.pipelineFile(), arguments.region());
    Login login = secrets(arguments);
    Pipeline pipeline = pipeline(arguments, pipelineFile, login);
    Map<String, String> values = new HashMap<>(login.others());
    values.put(pipeline.source().password().variable(), login.password());
    Secrets.fetched(values);
    SparkSession spark = LakeSession.open(pipeline, name.label());
    try (LineMetrics metrics =
        LineMetrics.open(arguments.region(), arguments.metricsNamespace(), pipeline.prefix())) {
      new GlueJob(spark, pipeline, arguments, metrics).run(name);
    } finally {
      spark.stop();
    }
  }

  private static Login secrets(GlueArguments arguments) {
    try (AwsSecrets secrets = AwsSecrets.open(arguments.region())) {
      return secrets.login(arguments.sourceSecret(), arguments.secrets());
    }
  }

  /** The pipeline of the file, on the servers and in the lake that the arguments name. */
  private static Pipeline pipeline(GlueArguments arguments, Path file, Login login) {
    return Pipeline.read(file, arguments.environment(), arguments.profile())
        .at(
            new ServerAddresses(
                arguments.sourceHost(),
                arguments.sourcePort(),
                login.user(),
                arguments.sourceSslMode(),
                arguments.kafkaBootstrap(),
                arguments.kafkaSecurity()))
        .withLake(arguments.warehouse(), Map.of("client.region", arguments.region()));
  }
}
