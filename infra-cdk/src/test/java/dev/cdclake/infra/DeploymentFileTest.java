/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.cdclake.contract.SettingsException;
import dev.cdclake.infra.DeploymentSettings.BrokerKind;
import dev.cdclake.infra.DeploymentSettings.Egress;
import dev.cdclake.infra.DeploymentSettings.Form;
import dev.cdclake.infra.DeploymentSettings.OrchestratorKind;
import dev.cdclake.infra.DeploymentSettings.Slack;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalTime;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DeploymentFileTest {

  private static final String RDS = "  source: {kind: rds, instance: t4g.micro}";
  private static final String NODE = "  broker: {kind: fargate-kafka}";
  private static final String ALERTS = "  alerts: {email: a@example.com, budget-usd: 10}";

  @TempDir Path folder;

  @Test
  void environmentsOfTheRepositoryDifferAsTheyShould() {
    DeploymentSettings dev = DeploymentFile.read(Synthesised.FILE, "dev");
    DeploymentSettings staging = DeploymentFile.read(Synthesised.FILE, "staging");
    DeploymentSettings prod = DeploymentFile.read(Synthesised.FILE, "prod");

    assertThat(dev.broker().kind()).isEqualTo(BrokerKind.FARGATE_KAFKA);
    assertThat(dev.egress()).isEqualTo(Egress.PUBLIC);
    assertThat(dev.night()).isPresent();
    assertThat(staging.broker().kind()).isEqualTo(BrokerKind.MSK);
    assertThat(staging.egress()).isEqualTo(Egress.NAT);
    assertThat(List.of(dev.isProtected(), staging.isProtected(), prod.isProtected()))
        .containsExactly(false, true, true);
    assertThat(prod.zones()).isEqualTo(3);
    assertThat(prod.isDurable()).isTrue();
    assertThat(prod.jobs().form()).isEqualTo(Form.STREAM);
    assertThat(prod.orchestrator().kind()).isEqualTo(OrchestratorKind.MWAA);
    assertThat(prod.night()).isEmpty();
  }

  @Test
  void everySettingIsRead() {
    DeploymentSettings settings =
        read(
            "  region: eu-central-1",
            "  zones: 2",
            "  egress: nat",
            "  removal: destroy",
            "  protection: no",
            "  log-days: 7",
            "  source: {kind: external, host: db, port: 5433, secret: 'arn:aws:secretsmanager:x'}",
            "  broker: {kind: external, bootstrap: 'kafka:9092'}",
            "  connect: {cpu: 512, memory-mb: 1024}",
            "  jobs: {form: batch, every: 30m, worker: G.2X, workers: 5, flex: yes}",
            "  query: {scan-limit-gb: 3}",
            "  orchestrator: {kind: mwaa, class: mw1.micro, version: 3.2.1}",
            "  alerts:",
            "    {email: a@b.de, budget-usd: 9, behind: 2h, slack: {workspace: T1, channel: C1}}");

    assertThat(settings.region()).isEqualTo("eu-central-1");
    assertThat(settings.isProtected()).isFalse();
    assertThat(settings.logDays()).isEqualTo(7);
    assertThat(settings.source().host()).isEqualTo("db");
    assertThat(settings.source().port()).isEqualTo(5433);
    assertThat(settings.broker().bootstrap()).isEqualTo("kafka:9092");
    assertThat(settings.connect().memoryMb()).isEqualTo(1024);
    assertThat(settings.jobs().every()).isEqualTo(Duration.ofMinutes(30));
    assertThat(settings.jobs().workers()).isEqualTo(5);
    assertThat(settings.jobs().flex()).isTrue();
    assertThat(settings.query().scanLimitGb()).isEqualTo(3);
    assertThat(settings.orchestrator().airflowClass()).isEqualTo("mw1.micro");
    assertThat(settings.orchestrator().mostWorkers()).isEqualTo(1);
    assertThat(settings.alerts().slack()).contains(new Slack("T1", "C1"));
  }

  @Test
  void environmentIsProtectedUnlessItsSettingsSayOtherwise() {
    assertThat(read("  region: us-east-1", "  removal: destroy", RDS, NODE, ALERTS).isProtected())
        .isTrue();
  }

  @Test
  void nightIsReadWithItsZone() {
    DeploymentSettings settings =
        read(
            "  region: us-east-1",
            "  removal: destroy",
            RDS,
            NODE,
            ALERTS,
            "  night: {stop: \"21:30\", start: \"06:15\", time-zone: Europe/Berlin}");

    assertThat(settings.night().orElseThrow().stop()).isEqualTo(LocalTime.of(21, 30));
    assertThat(settings.night().orElseThrow().zone().getId()).isEqualTo("Europe/Berlin");
  }

  @Test
  void allProblemsAreReportedAtOnceWithTheirLines() {
    assertThat(
            problems(
                "  region: nowhere",
                "  zones: 4",
                "  colour: red",
                "  source: {kind: rds}",
                "  broker: {kind: msk, instance: kafka.m7g.large, brokers: 3, version: 4.1.x}",
                "  connect: {cpu: 1000, memory-mb: 2048}",
                "  alerts: {email: nobody}"))
        .containsExactly(
            "line 2: dev.region is 'nowhere' (expected a region such as us-east-1).",
            "line 3: dev.zones is '4' (expected a number from 2 to 3).",
            "line 4: dev.colour is not a known setting (expected alerts, broker, connect, egress,"
                + " jobs, log-days, orchestrator, protection, query, region, removal, source,"
                + " zones).",
            "line 5: dev.source.instance is missing (expected an instance class such as"
                + " t4g.micro).",
            "line 6: dev.broker.version is '4.1.x' (expected '4.1.x.kraft': Kafka 4 has no"
                + " ZooKeeper).",
            "line 6: dev.broker.brokers is '3' in 2 zones (expected a multiple of the zones).",
            "line 7: dev.connect.cpu is '1000' (expected 256, 512, 1024, 2048 or 4096).",
            "line 8: dev.alerts.email is 'nobody' (expected an address such as team@example.com).",
            "line 8: dev.alerts.budget-usd is missing (expected US dollars a month).");
  }

  @Test
  void kraftOnABrokerTypeThatRefusesItIsRefusedHere() {
    assertThat(
            problems(
                "  region: us-east-1",
                "  broker: {kind: msk, instance: kafka.t3.small, version: 3.9.x.kraft}",
                RDS,
                ALERTS))
        .containsExactly(
            "line 3: dev.broker.instance is 'kafka.t3.small' with KRaft (expected kafka.m7g.large"
                + " or larger: MSK refuses KRaft on t3).");
  }

  @Test
  void jobJarForAnotherScalaThanGluesIsRefused() {
    assertThat(
            problems(
                "  region: us-east-1",
                "  removal: destroy",
                "  jobs: {glue: \"5.1\"}",
                RDS,
                NODE,
                ALERTS))
        .containsExactly(
            "line 4: dev.jobs.glue asks Glue 5.1 to run a job jar built for Scala 2.13 (expected"
                + " Scala 2.12: no other jar starts).");
  }

  @Test
  void oneNodeWithoutCopiesIsRefusedWhereDataHasToLast() {
    assertThat(problems("  region: us-east-1", "  removal: retain", RDS, NODE, ALERTS))
        .containsExactly(
            "line 5: dev.broker.kind is 'fargate-kafka' while removal is 'retain' (expected msk or"
                + " external: one node has no copies).");
  }

  @Test
  void captureOfASourceThatGoesOnIsNotStoppedAtNight() {
    assertThat(
            problems(
                "  region: us-east-1",
                "  removal: destroy",
                "  source: {kind: external, host: db, secret: 'arn:aws:secretsmanager:x'}",
                NODE,
                ALERTS,
                "  night: {stop: \"20:00\", start: \"07:00\"}"))
        .containsExactly(
            "line 7: dev.night stops the capture of a source that goes on (expected no night, or"
                + " kind rds: its log would grow until the morning).");
  }

  @Test
  void nightThatLeavesNoTimeForTheJobsIsRefused() {
    assertThat(night("07:00", "20:00"))
        .containsExactly(
            "line 7: dev.night.stop is '07:00' while start is '20:00' (expected 2 hours later or"
                + " more, on the same day: jobs run in between).");
    assertThat(night("08:59", "07:00")).hasSize(1);
    // Jobs would begin in hour 24.
    assertThat(night("23:59", "23:00")).hasSize(1);
  }

  private List<String> night(String stop, String start) {
    return problems(
        "  region: us-east-1",
        "  removal: destroy",
        RDS,
        NODE,
        ALERTS,
        "  night: {stop: \"%s\", start: \"%s\"}".formatted(stop, start));
  }

  @ParameterizedTest
  @ValueSource(strings = {"7m", "45m", "90m"})
  void paceThatNoClockKeepsIsRefusedWhereThereIsANight(String every) {
    String jobs = "  jobs: {every: %s}".formatted(every);
    String night = "  night: {stop: \"20:00\", start: \"07:00\"}";

    assertThat(
            problems("  region: us-east-1", "  removal: destroy", jobs, RDS, NODE, ALERTS, night))
        .containsExactly(
            "line 4: dev.jobs.every is '%s' where there is a night (expected a part of an hour such"
                    .formatted(every)
                + " as 15m or 30m, or whole hours: jobs run by the clock then).");
    assertThat(read("  region: us-east-1", "  removal: destroy", jobs, RDS, NODE, ALERTS).jobs())
        .isNotNull();
  }

  @Test
  void alarmOnLessThanAMinuteIsRefused() {
    assertThat(
            problems(
                "  region: us-east-1",
                "  removal: destroy",
                RDS,
                NODE,
                "  alerts: {email: a@example.com, budget-usd: 10, behind: 30s}"))
        .containsExactly(
            "line 6: dev.alerts.behind is '30s' (expected 1m or more: metrics are looked at by the"
                + " minute).");
  }

  @Test
  void airflowIsRefusedWithoutPrivateSubnets() {
    assertThat(
            problems(
                "  region: us-east-1",
                "  removal: destroy",
                "  egress: public",
                "  orchestrator: {kind: mwaa, class: mw1.micro, version: 3.2.1}",
                RDS,
                NODE,
                ALERTS))
        .containsExactly(
            "line 5: dev.orchestrator.kind is 'mwaa' while egress is 'public' (expected egress nat"
                + " or endpoints: Airflow runs in private subnets).");
  }

  @Test
  void nightIsRefusedWhereAirflowStartsTheJobs() {
    assertThat(
            problems(
                "  region: us-east-1",
                "  removal: destroy",
                "  orchestrator: {kind: mwaa, class: mw1.micro, version: 3.2.1}",
                RDS,
                NODE,
                ALERTS,
                "  night: {stop: \"20:00\", start: \"07:00\"}"))
        .containsExactly(
            "line 8: dev.night is given while orchestrator.kind is 'mwaa' (expected no night, or"
                + " kind scheduler: Airflow starts jobs at any hour, and cannot be stopped).");
  }

  @Test
  void airflowClassWithoutAPriceIsRefused() {
    assertThat(
            problems(
                "  region: us-east-1",
                "  removal: destroy",
                "  orchestrator: {kind: mwaa, class: mw1.2xlarge, version: 3.2.1}",
                RDS,
                NODE,
                ALERTS))
        .containsExactly(
            "line 4: dev.orchestrator.class is 'mw1.2xlarge' (expected mw1.micro, mw1.small,"
                + " mw1.medium or mw1.large).");
  }

  @Test
  void flexIsRefusedForAJobThatNeverEnds() {
    assertThat(
            problems(
                "  region: us-east-1",
                "  removal: destroy",
                "  jobs: {form: stream, flex: yes}",
                RDS,
                NODE,
                ALERTS))
        .containsExactly(
            "line 4: dev.jobs.flex is 'yes' while the form is 'stream' (expected no: Flex is for"
                + " batch).");
  }

  @Test
  void unknownEnvironmentIsNamedWithThoseThereAre() {
    assertThat(
            catchThrowableOfType(
                SettingsException.class, () -> DeploymentFile.read(Synthesised.FILE, "test")))
        .hasMessageContaining(
            "has no environment 'test' (expected one of dev, staging, prod). Name it with ENV=….");
  }

  private DeploymentSettings read(String... lines) {
    return DeploymentFile.read(write(lines), "dev");
  }

  private List<String> problems(String... lines) {
    return catchThrowableOfType(SettingsException.class, () -> read(lines)).problems();
  }

  private Path write(String... lines) {
    try {
      return Files.writeString(
          folder.resolve("environments.yaml"), "dev:\n" + String.join("\n", lines) + "\n");
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
