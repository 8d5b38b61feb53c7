/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.infra.DeploymentSettings.Alerts;
import dev.cdclake.infra.DeploymentSettings.Broker;
import dev.cdclake.infra.DeploymentSettings.BrokerKind;
import dev.cdclake.infra.DeploymentSettings.FargateSize;
import dev.cdclake.infra.DeploymentSettings.Form;
import dev.cdclake.infra.DeploymentSettings.Jobs;
import dev.cdclake.infra.DeploymentSettings.Slack;
import dev.cdclake.infra.DeploymentSettings.Source;
import dev.cdclake.infra.DeploymentSettings.SourceKind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What nothing in the repository is: all external, streaming, told in Slack, masks, secrets. */
class VariantTest {

  private static final String SECRET =
      "arn:aws:secretsmanager:us-east-1:111122223333:secret:shop-AbCdEf";

  static final Synthesised VARIANT = Synthesised.with(settings(), pipelineFile());

  /** What is made where a person says no more than has to be said, and retains everything. */
  static final Synthesised TERSE = Synthesised.with(terse(), pipelineFile());

  @Test
  void externalServersAreOnlyPointedAt() {
    assertThat(VARIANT.resources("AWS::RDS::DBInstance")).isEmpty();
    assertThat(VARIANT.resources("AWS::MSK::Cluster")).isEmpty();
    assertThat(VARIANT.tree("Jobs").toString())
        .contains("\"--source-host\":\"db.example\"")
        .contains("\"--kafka-bootstrap\":\"kafka.example:9092\"")
        .contains(SECRET);
  }

  @Test
  void secretsThatThePipelineNamesAreMadeAndNamedToJobs() {
    assertThat(VARIANT.texts("AWS::SecretsManager::Secret", "Name"))
        .containsExactly("shop-dev-CDCLAKE_MASK_SALT", "shop-dev-KAFKA_LOGIN");
    assertThat(VARIANT.tree("Jobs").toString())
        .contains("--secret-CDCLAKE_MASK_SALT", "--secret-KAFKA_LOGIN");
    assertThat(VARIANT.tree("Capture").toString())
        .contains("\"Name\":\"CDCLAKE_MASK_SALT\",\"ValueFrom\"");
  }

  @Test
  void streamIsStoppedInTheEvening() {
    assertThat(VARIANT.tree("Orchestration").toString())
        .contains("batchStopJobRun")
        .contains("glue:BatchStopJobRun");
  }

  @Test
  void alertsReachTheSlackChannel() {
    VARIANT
        .template("Watch")
        .hasResourceProperties(
            "AWS::Chatbot::SlackChannelConfiguration",
            Map.of("SlackWorkspaceId", "T1", "SlackChannelId", "C1"));
  }

  private static Path pipelineFile() {
    try {
      Path folder = Files.createDirectories(Path.of("target", "variant"));
      return Files.writeString(
          folder.resolve("pipeline.yaml"),
          """
          project: shop
          kafka:
            properties: {sasl.jaas.config: "${env:KAFKA_LOGIN}"}
          tables:
            - name: users
              mask: {email: hash}
          """);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static DeploymentSettings terse() {
    try {
      return DeploymentFile.read(
          Files.writeString(
              Files.createDirectories(Path.of("target", "variant")).resolve("environments.yaml"),
              """
              dev:
                region: us-east-1
                source: {instance: t4g.micro}
                broker: {instance: kafka.m7g.large, version: 3.9.x.kraft}
                alerts: {email: data-team@example.com, budget-usd: 1000}
              """),
          "dev");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static DeploymentSettings settings() {
    DeploymentSettings dev = DeploymentFile.read(Synthesised.FILE, "dev");
    Jobs jobs = dev.jobs();
    return new DeploymentSettings(
        dev.environment(),
        dev.region(),
        dev.zones(),
        dev.egress(),
        dev.removal(),
        dev.isProtected(),
        dev.logDays(),
        new Source(SourceKind.EXTERNAL, "", 0, 0, 0, "db.example", 5432, SECRET),
        new Broker(BrokerKind.EXTERNAL, "", 1, 0, "", new FargateSize(0, 0), "kafka.example:9092"),
        dev.connect(),
        new Jobs(
            Form.STREAM,
            jobs.every(),
            jobs.worker(),
            jobs.workers(),
            false,
            jobs.glueVersion(),
            jobs.scalaVersion()),
        dev.query(),
        dev.orchestrator(),
        dev.night(),
        new Alerts(dev.alerts().email(), Optional.of(new Slack("T1", "C1")), 10, jobs.every()));
  }
}
