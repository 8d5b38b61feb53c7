/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import dev.cdclake.contract.SettingsException;
import dev.cdclake.contract.YamlFile;
import dev.cdclake.contract.YamlSection;
import dev.cdclake.infra.DeploymentSettings.Alerts;
import dev.cdclake.infra.DeploymentSettings.Broker;
import dev.cdclake.infra.DeploymentSettings.BrokerKind;
import dev.cdclake.infra.DeploymentSettings.Egress;
import dev.cdclake.infra.DeploymentSettings.FargateSize;
import dev.cdclake.infra.DeploymentSettings.Form;
import dev.cdclake.infra.DeploymentSettings.Jobs;
import dev.cdclake.infra.DeploymentSettings.Night;
import dev.cdclake.infra.DeploymentSettings.Orchestrator;
import dev.cdclake.infra.DeploymentSettings.OrchestratorKind;
import dev.cdclake.infra.DeploymentSettings.Query;
import dev.cdclake.infra.DeploymentSettings.Removal;
import dev.cdclake.infra.DeploymentSettings.Slack;
import dev.cdclake.infra.DeploymentSettings.Source;
import dev.cdclake.infra.DeploymentSettings.SourceKind;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Turns {@code environments.yaml} into one {@link DeploymentSettings} an environment.
 *
 * <p>Every environment is checked, whichever is asked for, and all problems are reported at once
 * with their lines.
 */
final class DeploymentFile {

  private static final Pattern REGION = Pattern.compile("[a-z]{2}(-[a-z]+)+-\\d");
  private static final Pattern INSTANCE = Pattern.compile("[a-z0-9]+\\.[a-z0-9]+");
  private static final Pattern BROKER_TYPE = Pattern.compile("(kafka|express)\\.[a-z0-9]+\\.\\w+");
  private static final Pattern BROKER_VERSION = Pattern.compile("\\d\\.\\d\\.(x|\\d)(\\.kraft)?");
  private static final Pattern WORKER = Pattern.compile("G\\.(025|1|2|4|8)X|R\\.(1|2|4|8)X");
  private static final Pattern ARN = Pattern.compile("arn:aws[a-z-]*:secretsmanager:[^ ]+");
  private static final Pattern EMAIL = Pattern.compile("[^@ ]+@[^@ ]+\\.[^@ ]+");

  /** Larger ones are for hundreds of DAGs. */
  private static final Pattern AIRFLOW_CLASS = Pattern.compile("mw1\\.(micro|small|medium|large)");

  /** Retentions that CloudWatch Logs knows, in days. */
  private static final Set<Integer> LOG_DAYS = Set.of(1, 3, 5, 7, 14, 30, 60, 90, 180, 365);

  /** Scala's binary version by Glue's: a jar for another one fails when the job starts. */
  private static final Map<String, String> SCALA_OF_GLUE = Map.of("6.0", "2.13", "5.1", "2.12");

  private final YamlSection section;
  private final String environment;

  private DeploymentFile(YamlSection section, String environment) {
    this.section = section;
    this.environment = environment;
  }

  /**
   * Reads one environment.
   *
   * @throws SettingsException naming every problem of the file with its line
   */
  static DeploymentSettings read(Path file, String environment) {
    Map<String, DeploymentSettings> all =
        YamlFile.read(
            file,
            "Copy the one of the repository, or name yours with '-c environments=FILE'.",
            DeploymentFile::all);
    DeploymentSettings settings = all.get(environment);
    if (settings == null) {
      throw new SettingsException(
          file.toString(),
          List.of(
              "has no environment '%s' (expected one of %s). Name it with ENV=…."
                  .formatted(environment, String.join(", ", all.keySet()))));
    }
    return settings;
  }

  private static Map<String, DeploymentSettings> all(YamlSection root) {
    Map<String, DeploymentSettings> all = new LinkedHashMap<>();
    for (String name : root.keys()) {
      all.put(name, new DeploymentFile(root.section(name), name).settings());
    }
    return all;
  }

  private DeploymentSettings settings() {
    DeploymentSettings settings =
        new DeploymentSettings(
            environment,
            required(section, "region", REGION, "a region such as us-east-1"),
            section.number("zones", 2, 2, 3),
            section.choice("egress", Egress.class, Egress.NAT),
            section.choice("removal", Removal.class, Removal.RETAIN),
            section.choice("protection", Answer.class, Answer.YES) == Answer.YES,
            logDays(),
            source(section.section("source")),
            broker(section.section("broker")),
            connect(section.section("connect")),
            jobs(section.section("jobs")),
            query(section.section("query")),
            orchestrator(section.section("orchestrator")),
            night(),
            alerts(section.section("alerts")));
    contradictions(settings);
    section.finish();
    return settings;
  }

  private int logDays() {
    int days = section.number("log-days", 30, 1, 365);
    if (!LOG_DAYS.contains(days)) {
      section.problem(
          "log-days",
          "is '%d' (expected one of %s)"
              .formatted(
                  days,
                  String.join(", ", LOG_DAYS.stream().sorted().map(String::valueOf).toList())));
    }
    return days;
  }

  private static Source source(YamlSection source) {
    SourceKind kind = source.choice("kind", SourceKind.class, SourceKind.RDS);
    boolean external = kind == SourceKind.EXTERNAL;
    Source settings =
        external
            ? new Source(
                kind,
                "",
                0,
                0,
                0,
                source.required("host", "a host name"),
                source.number("port", 5432, 1, 65535),
                required(source, "secret", ARN, "the ARN of a secret with username and password"))
            : new Source(
                kind,
                required(source, "instance", INSTANCE, "an instance class such as t4g.micro"),
                source.number("storage-gb", 20, 20, 65_536),
                source.number("copies", 1, 1, 2),
                source.number("backup-days", 7, 1, 35),
                "",
                // Not PostgreSQL's usual port: scanners try that one first.
                15432,
                "");
    source.finish();
    return settings;
  }

  private static Broker broker(YamlSection broker) {
    BrokerKind kind = broker.choice("kind", BrokerKind.class, BrokerKind.MSK);
    Broker settings =
        switch (kind) {
          case MSK ->
              new Broker(
                  kind,
                  required(broker, "instance", BROKER_TYPE, "a type such as kafka.m7g.large"),
                  broker.number("brokers", 2, 2, 30),
                  broker.number("storage-gb", 100, 1, 16_384),
                  required(broker, "version", BROKER_VERSION, "a version such as 3.9.x.kraft"),
                  new FargateSize(0, 0),
                  "");
          case FARGATE_KAFKA -> new Broker(kind, "", 1, 0, "", size(broker, 1024, 3072), "");
          case EXTERNAL ->
              new Broker(
                  kind,
                  "",
                  1,
                  0,
                  "",
                  new FargateSize(0, 0),
                  broker.required("bootstrap", "host:port, several joined by commas"));
        };
    broker.finish();
    return settings;
  }

  private static FargateSize connect(YamlSection connect) {
    FargateSize size = size(connect, 1024, 2048);
    connect.finish();
    return size;
  }

  /**
   * Reads a container's size.
   *
   * @see <a
   *     href="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html">Task
   *     CPU and memory</a>
   */
  private static FargateSize size(YamlSection size, int cpu, int memoryMb) {
    FargateSize read =
        new FargateSize(
            size.number("cpu", cpu, 256, 16_384), size.number("memory-mb", memoryMb, 512, 122_880));
    Map<Integer, List<Integer>> memoryOfCpu =
        Map.of(
            256, List.of(512, 2048),
            512, List.of(1024, 4096),
            1024, List.of(2048, 8192),
            2048, List.of(4096, 16_384),
            4096, List.of(8192, 30_720));
    List<Integer> range = memoryOfCpu.get(read.cpu());
    if (range == null) {
      size.problem("cpu", "is '%d' (expected 256, 512, 1024, 2048 or 4096)".formatted(read.cpu()));
    } else if (read.memoryMb() < range.get(0)
        || read.memoryMb() > range.get(1)
        || read.memoryMb() % (read.cpu() == 256 ? 512 : 1024) != 0) {
      size.problem(
          "memory-mb",
          "is '%d' (expected whole gibibytes from %d to %d for %d CPU units)"
              .formatted(read.memoryMb(), range.get(0), range.get(1), read.cpu()));
    }
    return read;
  }

  private static Jobs jobs(YamlSection jobs) {
    Jobs settings =
        new Jobs(
            jobs.choice("form", Form.class, Form.BATCH),
            jobs.duration("every", Duration.ofHours(1)),
            jobs.matching("worker", jobs.word("worker", "G.1X"), WORKER, "a type such as G.1X"),
            jobs.number("workers", 2, 2, 100),
            jobs.choice("flex", Answer.class, Answer.NO) == Answer.YES,
            jobs.word("glue", "6.0"),
            jobs.word("scala", "2.13"));
    if (settings.every().compareTo(Duration.ofMinutes(5)) < 0
        || settings.every().compareTo(Duration.ofDays(1)) > 0) {
      jobs.problem(
          "every", "is '%s' (expected from 5m to 1d)".formatted(jobs.find("every").orElse("")));
    }
    String scala = SCALA_OF_GLUE.get(settings.glueVersion());
    if (scala == null) {
      jobs.problem("glue", "is '%s' (expected 6.0, or 5.1)".formatted(settings.glueVersion()));
    } else if (!scala.equals(settings.scalaVersion())) {
      jobs.problem(
          jobs.has("scala") ? "scala" : "glue",
          "asks Glue %s to run a job jar built for Scala %s (expected Scala %s: no other jar starts)"
              .formatted(settings.glueVersion(), settings.scalaVersion(), scala));
    }
    if (settings.flex() && settings.form() == Form.STREAM) {
      jobs.problem("flex", "is 'yes' while the form is 'stream' (expected no: Flex is for batch)");
    }
    if (settings.worker().equals("G.025X")) {
      jobs.problem(
          "worker", "is 'G.025X' (expected G.1X or larger: the smallest runs no batch job)");
    }
    jobs.finish();
    return settings;
  }

  private static Query query(YamlSection query) {
    Query settings = new Query(query.number("scan-limit-gb", 100, 1, 100_000));
    query.finish();
    return settings;
  }

  private static Orchestrator orchestrator(YamlSection orchestrator) {
    OrchestratorKind kind =
        orchestrator.choice("kind", OrchestratorKind.class, OrchestratorKind.SCHEDULER);
    Orchestrator settings =
        kind == OrchestratorKind.MWAA
            ? new Orchestrator(
                kind,
                required(
                    orchestrator,
                    "class",
                    AIRFLOW_CLASS,
                    "mw1.micro, mw1.small, mw1.medium or mw1.large"),
                orchestrator.required("version", "an Airflow version such as 3.2.1"))
            : new Orchestrator(kind, "", "");
    orchestrator.finish();
    return settings;
  }

  private Optional<Night> night() {
    if (!section.has("night")) {
      return Optional.empty();
    }
    YamlSection night = section.section("night");
    Night settings =
        new Night(
            time(night, "stop", LocalTime.of(20, 0)),
            time(night, "start", LocalTime.of(7, 0)),
            zone(night));
    if (Duration.between(settings.start(), settings.stop()).compareTo(DayTimes.SHORTEST) < 0) {
      night.problem(
          "stop",
          "is '%s' while start is '%s' (expected %d hours later or more, on the same day: jobs run"
                  .formatted(settings.stop(), settings.start(), DayTimes.SHORTEST.toHours())
              + " in between)");
    }
    night.finish();
    return Optional.of(settings);
  }

  private static LocalTime time(YamlSection night, String key, LocalTime otherwise) {
    String text = night.required(key, "a time such as 20:00");
    try {
      return LocalTime.parse(text);
    } catch (DateTimeException e) {
      if (!text.isEmpty()) {
        night.problem(key, "is '%s' (expected a time such as 20:00)".formatted(text));
      }
      return otherwise;
    }
  }

  private static ZoneId zone(YamlSection night) {
    String text = night.word("time-zone", "Etc/UTC");
    try {
      return ZoneId.of(text);
    } catch (DateTimeException e) {
      night.problem("time-zone", "is '%s' (expected a zone such as Europe/Berlin)".formatted(text));
      return ZoneId.of("Etc/UTC");
    }
  }

  private static Alerts alerts(YamlSection alerts) {
    Optional<Slack> slack =
        alerts.has("slack") ? Optional.of(slack(alerts.section("slack"))) : Optional.empty();
    Alerts settings =
        new Alerts(
            required(alerts, "email", EMAIL, "an address such as team@example.com"),
            slack,
            alerts.number("budget-usd", 0, 1, 10_000_000),
            alerts.duration("behind", Duration.ofHours(1)));
    if (!alerts.has("budget-usd")) {
      alerts.problem("budget-usd", "is missing (expected US dollars a month)");
    }
    if (settings.behind().compareTo(Duration.ofMinutes(1)) < 0) {
      alerts.problem(
          "behind",
          "is '%s' (expected 1m or more: metrics are looked at by the minute)"
              .formatted(alerts.find("behind").orElse("")));
    }
    alerts.finish();
    return settings;
  }

  private static Slack slack(YamlSection slack) {
    Slack settings =
        new Slack(
            required(slack, "workspace", Pattern.compile("T[A-Z0-9]+"), "its id, such as T0123"),
            required(slack, "channel", Pattern.compile("C[A-Z0-9]+"), "its id, such as C0123"));
    slack.finish();
    return settings;
  }

  /** Reports settings that are fine by themselves and not together. */
  private void contradictions(DeploymentSettings settings) {
    YamlSection broker = section.section("broker");
    if (settings.broker().kind() == BrokerKind.MSK) {
      kraft(broker, settings.broker());
      if (settings.broker().brokers() % settings.zones() != 0) {
        broker.problem(
            "brokers",
            "is '%d' in %d zones (expected a multiple of the zones)"
                .formatted(settings.broker().brokers(), settings.zones()));
      }
    }
    if (settings.broker().kind() == BrokerKind.FARGATE_KAFKA) {
      if (settings.isDurable()) {
        broker.problem(
            "kind",
            "is 'fargate-kafka' while removal is 'retain' (expected msk or external: one node has"
                + " no copies)");
      }
      if (settings.egress() == Egress.ENDPOINTS) {
        broker.problem(
            "kind",
            "is 'fargate-kafka' while egress is 'endpoints' (expected egress nat or public: its"
                + " image comes from a public registry)");
      }
    }
    if (settings.orchestrator().kind() == OrchestratorKind.MWAA
        && settings.egress() == Egress.PUBLIC) {
      section
          .section("orchestrator")
          .problem(
              "kind",
              "is 'mwaa' while egress is 'public' (expected egress nat or endpoints: Airflow runs"
                  + " in private subnets)");
    }
    if (settings.night().isPresent() && settings.source().kind() == SourceKind.EXTERNAL) {
      section.problem(
          "night",
          "stops the capture of a source that goes on (expected no night, or kind rds: its log"
              + " would grow until the morning)");
    }
    if (settings.night().isPresent() && settings.orchestrator().kind() == OrchestratorKind.MWAA) {
      section.problem(
          "night",
          "is given while orchestrator.kind is 'mwaa' (expected no night, or kind scheduler:"
              + " Airflow starts jobs at any hour, and cannot be stopped)");
    }
    if (settings.night().isPresent() && !DayTimes.fits(settings.jobs().every())) {
      YamlSection jobs = section.section("jobs");
      jobs.problem(
          "every",
          "is '%s' where there is a night (expected a part of an hour such as 15m or 30m, or whole"
                  .formatted(jobs.find("every").orElse(""))
              + " hours: jobs run by the clock then)");
    }
    if (settings.night().isPresent() && settings.isDurable()) {
      section.problem(
          "night", "is given while removal is 'retain' (expected a line that runs at all times)");
    }
  }

  /** KRaft was refused for the smallest type; MSK's own pages do not say so. */
  private static void kraft(YamlSection section, Broker broker) {
    boolean newOnly = broker.version().startsWith("4.");
    boolean kraft = broker.version().endsWith(".kraft");
    if (newOnly && !kraft) {
      section.problem(
          "version",
          "is '%s' (expected '%s.kraft': Kafka 4 has no ZooKeeper)"
              .formatted(broker.version(), broker.version()));
    }
    if (kraft && broker.instance().startsWith("kafka.t3.")) {
      section.problem(
          "instance",
          "is '%s' with KRaft (expected kafka.m7g.large or larger: MSK refuses KRaft on t3)"
              .formatted(broker.instance()));
    }
    if (broker.instance().startsWith("express.")) {
      section.problem(
          "instance",
          "is '%s' (expected a type that begins with kafka.: Express takes no storage settings)"
              .formatted(broker.instance()));
    }
  }

  private static String required(YamlSection in, String key, Pattern form, String expected) {
    return in.matching(key, in.required(key, expected), form, expected);
  }

  /** An answer in the file. */
  private enum Answer {
    YES,
    NO
  }
}
