/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.aws;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.aws.GlueRuntime.Run;
import dev.cdclake.connect.ConnectClient;
import dev.cdclake.contract.JobName;
import dev.cdclake.contract.Layer;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.local.LocalLine;
import dev.cdclake.local.LocalLine.Part;
import dev.cdclake.local.PipelineFiles;
import dev.cdclake.local.PipelineOnFreePorts;
import dev.cdclake.local.ScenarioTopics;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer.OrderAnnotation;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * The line as it runs on AWS, on this machine: the capture image's worker and registration, the
 * packaged job jar under Glue's libraries, tables in a Glue Data Catalog, files in S3. PostgreSQL
 * and Kafka are real; AWS is {@link MiniStack}.
 */
@TestInstance(Lifecycle.PER_CLASS)
@TestMethodOrder(OrderAnnotation.class)
class AwsLineIT {

  private static final String SALT = "salt of the cloud";
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  @TempDir private static Path state;

  private final List<Process> processes = new ArrayList<>();
  private Pipeline pipeline;
  private String pipelineText;
  private LocalLine servers;
  private MiniStack aws;
  private GlueRuntime glue;

  @BeforeAll
  void start() throws Exception {
    PipelineFiles files =
        new PipelineFiles(state, PipelineOnFreePorts.of(state).profile().ports(), "cloud");
    Map<String, Object> description =
        files.describe(
            "cloud",
            "cloud",
            List.of(
                Map.of(
                    "name", "public.customers",
                    "mask", Map.of("email", "hash"),
                    "checks", Map.of("unique", List.of("email"))),
                Map.of(
                    "name",
                    "public.orders",
                    "checks",
                    Map.of("references", Map.of("customer_id", "customers.id")))));
    description.put("gold", Map.of("models", "models"));
    Path file = files.write(description);
    pipelineText = Files.readString(file);
    pipeline = PipelineFiles.read(file);
    servers = LocalLine.start(pipeline, step -> {}, EnumSet.of(Part.POSTGRES, Part.KAFKA));
    aws = MiniStack.start(state.resolve("ministack.log"));
    glue = GlueRuntime.prepare(state, aws.environment());
    deploy();
  }

  /** What templates make before a job runs: buckets, databases, secrets, uploads. */
  private void deploy() throws IOException, InterruptedException {
    for (String bucket : List.of("lake", "artifacts", "scratch")) {
      aws.makeBucket(bucket);
    }
    for (Layer layer : Layer.values()) {
      aws.makeDatabase(pipeline.database(layer), "s3://lake/%s/".formatted(layer.label()));
    }
    aws.makeSecret("source", "{\"username\": \"postgres\", \"password\": \"of the test\"}");
    aws.makeSecret("salt", SALT);
    aws.put("artifacts", "pipeline/1/pipeline.yaml", pipelineText);
    aws.put(
        "artifacts",
        "pipeline/1/models/customer_orders.sql",
        """
        with

        orders as (
            select
                customer_id,
                total
            from silver.orders
            where is_active
        )

        select
            customer_id,
            count(*) as orders,
            sum(total) as total
        from orders
        group by customer_id
        """);
    aws.put(
        "artifacts",
        "pipeline/1/models/customer_orders.yml",
        """
        description: What each customer ordered.
        grain: one row per customer with an order
        key: [customer_id]
        refresh: full
        columns:
          customer_id: {type: int, description: "The customer.", tests: [not_null, unique]}
          orders: {type: bigint, description: "Orders.", tests: [not_null]}
          total: {type: "decimal(22,2)", description: "Their sum.", tests: [not_null]}
        """);
  }

  @AfterAll
  void stop() throws InterruptedException {
    for (Process process : processes) {
      process.destroy();
      process.waitFor(20, TimeUnit.SECONDS);
      process.destroyForcibly();
    }
    if (aws != null) {
      aws.close();
    }
    if (servers != null) {
      servers.close();
    }
  }

  @Test
  @Order(1)
  void imageHasWhatItNeedsAndRunsAsNobody() throws IOException {
    assertThat(CaptureImage.dockerfile())
        .anyMatch(line -> line.matches("FROM [a-z-]+:\\d+\\.\\d+\\.\\d+\\S+"))
        .contains("USER 10001:10001", "CMD [\"worker\"]", "EXPOSE 8083")
        .anyMatch(line -> line.startsWith("HEALTHCHECK"));
    try (var libraries = Files.list(CaptureImage.folder().resolve("lib"))) {
      assertThat(libraries.map(file -> file.getFileName().toString()))
          .anyMatch(name -> name.startsWith("connect-ecs-"))
          .anyMatch(name -> name.startsWith("contract-"))
          .anyMatch(name -> name.startsWith("debezium-connector-postgres-3.7.0"))
          .anyMatch(name -> name.startsWith("connect-runtime-4.3.1"))
          .anyMatch(name -> name.startsWith("aws-msk-iam-auth-"))
          .noneMatch(name -> name.contains("spark") || name.contains("junit"));
    }
  }

  @Test
  @Order(2)
  void registrationSaysWhatFailedAndCanBeRepeated() throws Exception {
    worker();

    assertThat(register("before-tables")).isEqualTo(1);
    assertThat(log("before-tables"))
        .contains("Cannot capture changes: database 'cloud' has none of the tables");

    execute(
        "create table customers (id int primary key, email text, name text)",
        "create table orders (id int primary key, customer_id int, total numeric(12,2))");
    assertThat(register("first")).as(log("first")).isZero();
    assertThat(log("first")).contains("cloud: connector RUNNING, tasks [RUNNING]");
    assertThat(register("again")).as(log("again")).isZero();
  }

  @Test
  @Order(3)
  void jarMeetsTheLibrariesOfGlueAlone() throws IOException {
    assertThat(GlueRuntime.libraries())
        .contains(
            "spark-sql_2.13-4.1.1.jar",
            "scala-library-2.13.17.jar",
            "hadoop-client-api-3.4.2.jar",
            "jackson-databind-2.20.0.jar",
            "iceberg-spark-runtime-4.1_2.13-1.11.0.jar",
            "iceberg-aws-bundle-1.11.0.jar",
            "postgresql-42.7.3.jar")
        .noneMatch(name -> name.startsWith("kafka-clients") || name.startsWith("contract"))
        .noneMatch(name -> name.startsWith("scala-compiler") || name.startsWith("secretsmanager"));
    try (JarFile jar = new JarFile(GlueRuntime.JAR.toFile())) {
      assertThat(jar.getManifest().getMainAttributes().getValue("Scala-Version")).isEqualTo("2.13");
      assertThat(jar.stream().map(JarEntry::getName))
          .contains(
              "software/amazon/awssdk/services/cloudwatch/CloudWatchClient.class",
              "software/amazon/awssdk/services/secretsmanager/SecretsManagerClient.class",
              "dev/cdclake/connect/Capture.class")
          .noneMatch(name -> name.startsWith("software/amazon/awssdk/core/"))
          .noneMatch(name -> name.startsWith("dev/cdclake/capture/"))
          .noneMatch(name -> name.matches("(io/debezium|org/apache/kafka/connect)/.*"));
    }
  }

  @Test
  @Order(3)
  void jarAndTheLibrariesOfGlueSignWhatMskAsksFor() throws Exception {
    Run login = glue.run(GlueRuntime.MSK_LOGIN);

    assertThat(login.code()).as(login.log()).isZero();
    assertThat(login.log())
        .contains("\"action\":\"kafka-cluster:Connect\"")
        .contains("\"host\":\"b-1.line.abcdef.c2.kafka.us-east-1.amazonaws.com\"")
        .contains("\"x-amz-signature\":");
  }

  @Test
  @Order(4)
  void jobsCarryEveryChangeIntoTheGlueCatalog() throws Exception {
    execute(
        "insert into customers select i, 'c' || i || '@example.org', 'Customer ' || i"
            + " from generate_series(1, 1000) i",
        "insert into orders select i, 1 + i % 1000, i * 1.5 from generate_series(1, 5000) i",
        "update orders set total = total + 1 where id % 10 = 0",
        "delete from orders where id % 50 = 0");
    try (ScenarioTopics topics = new ScenarioTopics(pipeline, PATIENCE)) {
      topics.awaitCaptured(servers);
    }

    for (JobName job : List.of(JobName.BRONZE, JobName.SILVER, JobName.GOLD, JobName.CHECK)) {
      run(job);
    }
    run(JobName.VERIFY, "--wait", "2m");

    assertThat(log("verify"))
        .contains("\"equal\":true")
        .contains("\"table\":\"customers\",\"source_rows\":1000,\"silver_rows\":1000")
        .contains("\"table\":\"orders\",\"source_rows\":4900,\"silver_rows\":4900");
    assertThat(aws.table(pipeline.database(Layer.GOLD), "customer_orders"))
        .contains("s3://lake/gold/customer_orders/metadata/");
    assertThat(aws.keys("lake")).anyMatch(key -> key.startsWith("bronze/orders/data/"));
    assertThat(aws.metrics("CdcLake")).contains("SecondsBehind", "RowsDifferent", "GoldRuns");
  }

  @Test
  @Order(5)
  void jobWithAWrongArgumentFailsBeforeSparkStarts() throws Exception {
    List<String> arguments = new ArrayList<>(arguments("available-now"));
    arguments.addAll(List.of("--budget", "1h"));

    Run run = glue.run(JobName.BRONZE, arguments);

    assertThat(run.code()).isNotZero();
    assertThat(run.log())
        .contains("--budget is no argument of this job.")
        .doesNotContain("Running Spark version");
  }

  @Test
  @Order(6)
  void tableBehindAGapIsReadAnewWhileTheStreamingJobCarriesChanges() throws Exception {
    execute(
        "update orders set total = total * 2 where id <= 100",
        "delete from orders where id between 101 and 103");
    loseEvents(pipeline.topic(pipeline.tables().get(1)));
    Process stream = glue.start(JobName.STREAM, arguments("continuous"));
    processes.add(stream);
    execute("insert into customers values (1001, 'c1001@example.org', 'Customer 1001')");

    run(JobName.RESNAPSHOT, "--connect", connect(), "--tables", "orders", "--wait", "5m");
    run(JobName.VERIFY, "--wait", "2m");

    assertThat(log("resnapshot"))
        .contains("Bronze reads orders on behind its gap")
        .contains("orders: 3 rows were gone from the source");
    assertThat(log("verify"))
        .contains("\"equal\":true")
        .contains("\"table\":\"customers\",\"source_rows\":1001,\"silver_rows\":1001")
        .contains("\"table\":\"orders\",\"source_rows\":4897,\"silver_rows\":4897");
    assertThat(stream.isAlive()).as(log("stream")).isTrue();
    stop(stream);
  }

  @Test
  @EnabledIfSystemProperty(named = "aws.operators", matches = "true")
  @Order(7)
  void operatorsJobsLeaveSilverEqualToTheSource() throws Exception {
    run(JobName.MAINTAIN, "--budget", "5m");
    assertThat(log("maintain")).contains("\"maintained\":\"silver.orders\"");

    execute("delete from orders where customer_id = 7", "delete from customers where id = 7");
    try (ScenarioTopics topics = new ScenarioTopics(pipeline, PATIENCE)) {
      topics.awaitCaptured(servers);
      topics.produce(pipeline.topic(pipeline.tables().get(0)), "a key", "not JSON");
    }
    run(JobName.BRONZE);
    run(JobName.SILVER);

    Run replay = glue.run(JobName.REPLAY, arguments("available-now"));
    assertThat(replay.code()).isNotZero();
    assertThat(replay.log()).contains("1 rejected rows are left").contains("NOT_JSON");

    run(JobName.FORGET, "--tables", "customers", "--key", "7");
    run(JobName.VERIFY, "--wait", "2m");
    assertThat(log("verify")).contains("\"equal\":true");
  }

  @Test
  @EnabledIfSystemProperty(named = "aws.operators", matches = "true")
  @Order(8)
  void lineThatLostItsSlotBeginsWithANewOne() throws Exception {
    new ConnectClient(connect()).stop(pipeline.connectorName());
    execute(
        "select pg_drop_replication_slot('%s')".formatted(pipeline.source().slot()),
        "delete from customers where id in (8, 9)",
        "update orders set total = 0 where id = 1");
    assertThat(register("lost")).isEqualTo(1);
    assertThat(log("lost")).contains("does not exist").contains("(SLOT_LOST)");
    Process stream = glue.start(JobName.STREAM, arguments("continuous"));
    processes.add(stream);

    run(JobName.RESNAPSHOT, "--connect", connect(), "--all", "yes", "--wait", "5m");
    assertThat(register("found")).as(log("found")).isZero();
    run(JobName.VERIFY, "--wait", "2m");

    assertThat(log("resnapshot")).contains("customers: 2 rows were gone from the source");
    assertThat(log("verify")).contains("\"equal\":true");
    stop(stream);
  }

  @Test
  @EnabledIfSystemProperty(named = "aws.operators", matches = "true")
  @Order(9)
  void resnapshotNamesTheWorkerThatDoesNotAnswer() throws Exception {
    List<String> arguments = new ArrayList<>(arguments("available-now"));
    arguments.addAll(List.of("--connect", "http://connect.night.invalid:8083", "--all", "yes"));

    Run run = glue.run(JobName.RESNAPSHOT, arguments);

    assertThat(run.code()).isNotZero();
    assertThat(run.log())
        .contains("Cannot reach Kafka Connect at http://connect.night.invalid:8083")
        .contains("Check that the worker runs");
  }

  /** Loses what bronze has not read. */
  private void loseEvents(String topic) throws Exception {
    try (ScenarioTopics topics = new ScenarioTopics(pipeline, PATIENCE)) {
      topics.awaitCaptured(servers);
      topics.loseEvents(topic);
    }
  }

  private static void stop(Process job) throws InterruptedException {
    job.destroy();
    assertThat(job.waitFor(1, TimeUnit.MINUTES)).isTrue();
  }

  private String connect() {
    return pipeline.kafka().connectUrl();
  }

  private void run(JobName job, String... more) throws IOException, InterruptedException {
    List<String> arguments = new ArrayList<>(arguments("available-now"));
    arguments.addAll(List.of(more));
    Run run = glue.run(job, arguments);
    assertThat(run.code()).as(run.log()).isZero();
    assertThat(run.log()).doesNotContain(SALT);
  }

  private void worker() throws IOException {
    processes.add(image().start(state.resolve("worker.log"), "worker"));
  }

  private int register(String log) throws IOException, InterruptedException {
    return image()
        .start(
            state.resolve(log + ".log"),
            "register",
            "--connect",
            connect(),
            "--wait",
            String.valueOf(PATIENCE.toSeconds()))
        .waitFor();
  }

  private CaptureImage image() {
    Map<String, String> variables = new HashMap<>();
    variables.put("CDCLAKE_ENVIRONMENT", pipeline.environment());
    variables.put(
        "CDCLAKE_PIPELINE_BASE64",
        Base64.getEncoder().encodeToString(pipelineText.getBytes(StandardCharsets.UTF_8)));
    variables.put("CDCLAKE_KAFKA_BOOTSTRAP", pipeline.kafka().bootstrap());
    variables.put("CDCLAKE_KAFKA_SECURITY", "declared");
    variables.put("CDCLAKE_SOURCE_HOST", "localhost");
    variables.put("CDCLAKE_SOURCE_PORT", String.valueOf(pipeline.source().port()));
    variables.put("CDCLAKE_SOURCE_USER", "postgres");
    variables.put("CDCLAKE_SOURCE_SSL_MODE", "disable");
    variables.put("CDCLAKE_SOURCE_PASSWORD", "of the test");
    variables.put("CDCLAKE_MASK_SALT", SALT);
    variables.put("CDCLAKE_CONNECT_PORT", String.valueOf(pipeline.profile().ports().connect()));
    return new CaptureImage(variables);
  }

  private List<String> arguments(String trigger) {
    return List.of(
        "--pipeline", "s3://artifacts/pipeline/1/pipeline.yaml",
        "--environment", pipeline.environment(),
        "--profile", "aws",
        "--warehouse", "s3://lake",
        "--region", MiniStack.REGION,
        "--trigger", trigger,
        "--metrics-namespace", "CdcLake",
        "--kafka-bootstrap", pipeline.kafka().bootstrap(),
        "--kafka-security", "declared",
        "--source-host", "localhost",
        "--source-port", String.valueOf(pipeline.source().port()),
        "--source-ssl-mode", "disable",
        "--source-secret", "source",
        "--secret-CDCLAKE_MASK_SALT", "salt");
  }

  private String log(String name) throws IOException {
    return Files.readString(state.resolve(name + ".log"));
  }

  private void execute(String... statements) throws SQLException {
    try (Connection connection = servers.openSource();
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }
}
