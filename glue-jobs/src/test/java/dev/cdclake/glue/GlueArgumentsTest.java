/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.glue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cdclake.contract.JobName;
import dev.cdclake.contract.KafkaSecurity;
import dev.cdclake.failure.RejectReason;
import dev.cdclake.lake.RejectedRow.Place;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class GlueArgumentsTest {

  /** As a template gives them, and as Glue adds its own. */
  private static final List<String> GIVEN =
      List.of(
          "--job-language",
          "scala",
          "--class",
          "BronzeEntry",
          "--conf",
          "spark.sql.extensions=x --conf spark.hadoop.fs.s3a.endpoint.region=us-east-1",
          "--enable-metrics",
          "true",
          "true",
          "--JOB_RUN_ID",
          "jr_1",
          "--TempDir=s3://scratch/jobs/",
          "--pipeline",
          "s3://artifacts/pipeline/1/pipeline.yaml",
          "--environment",
          "dev",
          "--profile",
          "aws",
          "--warehouse=s3://lake",
          "--region",
          "us-east-1",
          "--metrics-namespace",
          "CdcLake",
          "--kafka-bootstrap",
          "b-1:9098,b-2:9098",
          "--kafka-security",
          "iam",
          "--source-host",
          "db",
          "--source-port",
          "5433",
          "--source-ssl-mode",
          "require",
          "--source-secret",
          "arn:source",
          "--secret-SALT",
          "arn:salt");

  private static final String AVAILABLE = "--trigger=available-now";
  private static final String CONNECT = "--connect=http://connect:8083";

  @Test
  void bothFormsOfAnArgumentAreRead() {
    GlueArguments arguments = parse(JobName.BRONZE, "--trigger", "available-now");

    assertThat(arguments.pipelineFile()).isEqualTo("s3://artifacts/pipeline/1/pipeline.yaml");
    assertThat(arguments.warehouse()).isEqualTo("s3://lake");
    assertThat(arguments.kafkaBootstrap()).isEqualTo("b-1:9098,b-2:9098");
    assertThat(arguments.kafkaSecurity()).isEqualTo(KafkaSecurity.IAM);
    assertThat(arguments.sourcePort()).isEqualTo(5433);
    assertThat(arguments.secrets()).containsExactly(java.util.Map.entry("SALT", "arn:salt"));
  }

  @Test
  void everythingThatIsWrongIsSaidAtOnce() {
    assertThatThrownBy(
            () ->
                GlueArguments.parse(
                    JobName.BRONZE,
                    "--pipelin",
                    "s3://a/b",
                    "--kafka-security",
                    "none",
                    "--source-port=x",
                    "--trigger",
                    "continuous",
                    "word"))
        .hasMessageContaining("Cannot use the arguments of job bronze")
        .hasMessageContaining("'word' stands alone")
        .hasMessageContaining("--pipeline is missing.")
        .hasMessageContaining("--kafka-security is 'none' (expected one of [iam, declared]).")
        .hasMessageContaining("--source-port is 'x' (expected a whole number).")
        .hasMessageContaining("--trigger is 'continuous' (expected available-now).")
        .hasMessageContaining("--pipelin is no argument of this job.");
  }

  @Test
  void streamIsContinuous() {
    assertThat(parse(JobName.STREAM, "--trigger", "continuous").environment()).isEqualTo("dev");
    assertThatThrownBy(() -> parse(JobName.STREAM, "--trigger", "available-now"))
        .hasMessageContaining("--trigger is 'available-now' (expected continuous).");
  }

  @Test
  void argumentOfAnotherJobIsRefused() {
    assertThatThrownBy(() -> parse(JobName.BRONZE, "--trigger", "available-now", "--budget", "1h"))
        .hasMessageContaining("--budget is no argument of this job.");
  }

  /** {@code GlueJobOperator} adds it to a run that may be taken up again. */
  @Test
  void markOfAnAirflowTaskIsLeftAlone() {
    GlueArguments arguments =
        parse(
            JobName.GOLD,
            "--trigger=available-now",
            "--airflow_task_uuid",
            "lakehouse:gold:scheduled__2026-11-30T00:00:00+00:00:-1");

    assertThat(arguments.environment()).isEqualTo("dev");
  }

  @Test
  void verifyWaitsAsLongAsItIsTold() {
    assertThat(parse(JobName.VERIFY, "--trigger=available-now", "--wait=10m").patience())
        .isEqualTo(Duration.ofMinutes(10));
    assertThatThrownBy(() -> parse(JobName.VERIFY, "--trigger=available-now", "--wait=soon"))
        .hasMessageContaining("--wait is 'soon' (expected a duration");
  }

  @Test
  void replayIsToldWhichRows() {
    GlueArguments arguments =
        parse(
            JobName.REPLAY,
            "--trigger=available-now",
            "--tables=orders,users",
            "--reasons=SCHEMA_CONFLICT",
            "--at=0:1733",
            "--limit=5",
            "--dry-run=yes");

    assertThat(arguments.tables()).containsExactly("orders", "users");
    assertThat(arguments.reasons()).containsExactly(RejectReason.SCHEMA_CONFLICT);
    assertThat(arguments.places()).containsExactly(new Place(0, 1733));
    assertThat(arguments.limit()).isEqualTo(5);
    assertThat(arguments.dryRun()).isTrue();
  }

  @Test
  void resnapshotTakesTablesOrAll() {
    GlueArguments some =
        parse(JobName.RESNAPSHOT, AVAILABLE, CONNECT, "--tables=users, orders", "--wait=10m");
    GlueArguments all = parse(JobName.RESNAPSHOT, AVAILABLE, CONNECT, "--all=yes");

    assertThat(some.tables()).containsExactly("users", "orders");
    assertThat(some.all()).isFalse();
    assertThat(some.patience()).isEqualTo(Duration.ofMinutes(10));
    assertThat(some.connect()).isEqualTo("http://connect:8083");
    assertThat(all.all()).isTrue();
    assertThat(all.tables()).isEmpty();
  }

  @Test
  void resnapshotOfNothingOrOfEverythingTwiceIsRefused() {
    String either = "Either --tables has to name tables, or --all has to be yes.";

    assertThatThrownBy(() -> parse(JobName.RESNAPSHOT, AVAILABLE, CONNECT))
        .hasMessageContaining(either);
    assertThatThrownBy(
            () ->
                parse(JobName.RESNAPSHOT, AVAILABLE, "--all=yes", "--tables=users", "--wait=soon"))
        .hasMessageContaining(either)
        .hasMessageContaining("--connect is missing.")
        .hasMessageContaining("--wait is 'soon'");
  }

  @Test
  void onlyResnapshotSpeaksToConnect() {
    assertThat(parse(JobName.BRONZE, AVAILABLE).connect()).isEmpty();
    assertThatThrownBy(() -> parse(JobName.REPLAY, AVAILABLE, CONNECT, "--all=yes"))
        .hasMessageContaining("--connect is no argument of this job.")
        .hasMessageContaining("--all is no argument of this job.");
  }

  @Test
  void forgetNeedsOneTableAndAKey() {
    assertThat(
            parse(JobName.FORGET, "--trigger=available-now", "--tables=users", "--key=517").key())
        .containsExactly("517");
    assertThatThrownBy(() -> parse(JobName.FORGET, "--trigger=available-now", "--tables=users"))
        .hasMessageContaining("--tables and --key have to name one table and the key of a row.");
  }

  private static GlueArguments parse(JobName job, String... more) {
    List<String> all = new ArrayList<>(GIVEN);
    all.addAll(List.of(more));
    return GlueArguments.parse(job, all.toArray(String[]::new));
  }
}
