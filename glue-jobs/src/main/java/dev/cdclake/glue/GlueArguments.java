/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.glue;

import dev.cdclake.contract.DurationText;
import dev.cdclake.contract.JobName;
import dev.cdclake.contract.KafkaSecurity;
import dev.cdclake.contract.SettingsException;
import dev.cdclake.failure.RejectReason;
import dev.cdclake.lake.RejectedRow.Place;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The arguments of one run, checked.
 *
 * <p>Glue passes everything that a job was configured with, its own arguments included: those are
 * left alone by their names, any other that no job knows is refused. A key and its value come as
 * {@code --key value} or {@code --key=value}.
 *
 * @param pipelineFile its address in S3
 * @param sourceSecret ARN of a secret with {@code username} and {@code password}
 * @param secrets by variable of the pipeline file: the ARN of the secret that holds its value
 * @param patience how long silver may take to catch up, when it is verified or read anew
 * @param sourceRows whether checks count the source's rows, too
 * @param tables names of tables; empty for all
 * @param all whether all tables are read anew, through a new replication slot
 * @param connect address of the Connect worker's REST interface; empty where no job needs it
 * @param budget maintenance begins nothing after this time
 * @param reasons of rejected rows to replay; empty for all
 * @param places of rejected rows to replay; empty for all
 * @param limit rejected rows of a table and stage to replay, at most
 * @param dryRun whether a replay or maintenance only says what it would do
 * @param key of the row to forget, as the verb takes it
 * @param keepSource whether a row is forgotten although the source has it
 */
record GlueArguments(
    String pipelineFile,
    String environment,
    String profile,
    String warehouse,
    String region,
    String metricsNamespace,
    String kafkaBootstrap,
    KafkaSecurity kafkaSecurity,
    String sourceHost,
    int sourcePort,
    String sourceSslMode,
    String sourceSecret,
    Map<String, String> secrets,
    Duration patience,
    boolean sourceRows,
    List<String> tables,
    boolean all,
    String connect,
    Duration budget,
    Set<RejectReason> reasons,
    Set<Place> places,
    int limit,
    boolean dryRun,
    List<String> key,
    boolean keepSource) {

  private static final String SECRET = "secret-";

  /**
   * What Glue passes on besides our own; see <a
   * href="https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-glue-arguments.html">its
   * list</a>.
   */
  private static final Set<String> OF_GLUE =
      Set.of(
          "JOB_ID",
          "JOB_NAME",
          "JOB_RUN_ID",
          "JOB_TYPE",
          "RedshiftTempDir",
          "SECURITY_CONFIGURATION",
          "TempDir",
          "additional-python-modules",
          // Of Airflow's operator, from Airflow 3.3 on: how a retried task finds its run again.
          "airflow_task_uuid",
          "auto-scale-within-microbatch",
          "class",
          "conf",
          "continuous-log-conversionPattern",
          "continuous-log-logGroup",
          "continuous-log-logStreamPrefix",
          "customer-driver-env-vars",
          "customer-executor-env-vars",
          "datalake-formats",
          "debug",
          "disable-proxy",
          "disable-proxy-v2",
          "enable-auto-scaling",
          "enable-continuous-cloudwatch-log",
          "enable-continuous-log-filter",
          "enable-glue-datacatalog",
          "enable-job-insights",
          "enable-lakeformation-fine-grained-access",
          "enable-metrics",
          "enable-observability-metrics",
          "enable-s3-parquet-optimized-committer",
          "enable-spark-ui",
          "encryption-type",
          "endpoint",
          "executor-cores",
          "extra-files",
          "extra-jars",
          "extra-py-files",
          "job-bookmark-from",
          "job-bookmark-option",
          "job-bookmark-to",
          "job-language",
          "mode",
          "python-modules-installer-option",
          "scriptLocation",
          "spark-event-logs-path",
          "user-jars-first",
          "write-shuffle-files-to-s3",
          "write-shuffle-spills-to-s3");

  /** Jobs that are told which tables. */
  private static final Set<JobName> OF_TABLES =
      Set.of(JobName.MAINTAIN, JobName.RESNAPSHOT, JobName.REPLAY, JobName.FORGET);

  /** What is in the list without a key: Glue was seen to pass the value of a flag twice. */
  private static final Set<String> STRAY = Set.of("true", "false");

  /**
   * Reads the arguments of a run.
   *
   * @throws SettingsException naming everything that is wrong with them
   */
  static GlueArguments parse(JobName job, String... given) {
    Reading reading = new Reading(given);
    GlueArguments arguments =
        new GlueArguments(
            reading.required("pipeline"),
            reading.required("environment"),
            reading.required("profile"),
            reading.required("warehouse"),
            reading.required("region"),
            reading.required("metrics-namespace"),
            reading.required("kafka-bootstrap"),
            reading.choice("kafka-security", KafkaSecurity.class),
            reading.required("source-host"),
            reading.number("source-port", "5432"),
            reading.required("source-ssl-mode"),
            reading.required("source-secret"),
            reading.prefixed(SECRET),
            reading.duration("wait", job == JobName.VERIFY || job == JobName.RESNAPSHOT, "30m"),
            reading.flag("source-rows", job == JobName.CHECK, true),
            reading.list("tables", OF_TABLES.contains(job)),
            reading.flag("all", job == JobName.RESNAPSHOT, false),
            job == JobName.RESNAPSHOT ? reading.required("connect") : "",
            reading.duration("budget", job == JobName.MAINTAIN, "1h"),
            reading.reasons(job == JobName.REPLAY),
            reading.places(job == JobName.REPLAY),
            job == JobName.REPLAY ? reading.number("limit", "100000") : 0,
            reading.flag("dry-run", job == JobName.MAINTAIN || job == JobName.REPLAY, false),
            reading.list("key", job == JobName.FORGET),
            reading.flag("keep-source", job == JobName.FORGET, false));
    reading.only("trigger", job == JobName.STREAM ? "continuous" : "available-now");
    if (job == JobName.RESNAPSHOT && arguments.all() != arguments.tables().isEmpty()) {
      reading.problem("Either --tables has to name tables, or --all has to be yes.");
    }
    if (job == JobName.FORGET && (arguments.tables().size() != 1 || arguments.key().isEmpty())) {
      reading.problem("--tables and --key have to name one table and the key of a row.");
    }
    reading.finish("the arguments of job " + job.label());
    return arguments;
  }

  /** The arguments by name, read one by one; what nobody asked for is left at the end. */
  private static final class Reading {

    private final Map<String, String> left = new TreeMap<>();
    private final List<String> problems = new ArrayList<>();

    Reading(String... given) {
      for (int i = 0; i < given.length; i++) {
        String word = given[i];
        if (!word.startsWith("--")) {
          if (!STRAY.contains(word)) {
            problem("'%s' stands alone (expected --key value, or --key=value).".formatted(word));
          }
          continue;
        }
        int equals = word.indexOf('=');
        String name = word.substring(2, equals < 0 ? word.length() : equals);
        if (equals >= 0) {
          left.put(name, word.substring(equals + 1));
        } else if (i + 1 < given.length && !given[i + 1].startsWith("--")) {
          left.put(name, given[++i]);
        } else {
          left.put(name, "");
        }
      }
    }

    private String word(String name, String otherwise) {
      String value = left.remove(name);
      return value == null ? otherwise : value;
    }

    String required(String name) {
      String value = word(name, "");
      if (value.isBlank()) {
        problem("--%s is missing.".formatted(name));
      }
      return value;
    }

    void only(String name, String expected) {
      String value = required(name);
      if (!value.isBlank() && !value.equals(expected)) {
        problem("--%s is '%s' (expected %s).".formatted(name, value, expected));
      }
    }

    int number(String name, String otherwise) {
      String value = word(name, otherwise);
      try {
        return Integer.parseInt(value);
      } catch (NumberFormatException e) {
        problem("--%s is '%s' (expected a whole number).".formatted(name, value));
        return 0;
      }
    }

    <E extends Enum<E>> E choice(String name, Class<E> type) {
      String value = required(name);
      if (!value.isBlank()) {
        for (E constant : type.getEnumConstants()) {
          if (constant.name().toLowerCase(Locale.ROOT).equals(value)) {
            return constant;
          }
        }
        problem(
            "--%s is '%s' (expected one of %s)."
                .formatted(
                    name,
                    value,
                    Arrays.toString(type.getEnumConstants()).toLowerCase(Locale.ROOT)));
      }
      return type.getEnumConstants()[0];
    }

    boolean flag(String name, boolean known, boolean otherwise) {
      if (!known) {
        return otherwise;
      }
      String value = word(name, otherwise ? "yes" : "no");
      if (!Set.of("yes", "no").contains(value)) {
        problem("--%s is '%s' (expected yes or no).".formatted(name, value));
      }
      return value.equals("yes");
    }

    Duration duration(String name, boolean known, String otherwise) {
      String value = known ? word(name, otherwise) : otherwise;
      return DurationText.parse(value)
          .orElseGet(
              () -> {
                problem(
                    "--%s is '%s' (expected a duration such as 90s, 10m or 2h)."
                        .formatted(name, value));
                return Duration.ZERO;
              });
    }

    List<String> list(String name, boolean known) {
      String value = known ? word(name, "") : "";
      return Arrays.stream(value.split(",", -1))
          .map(String::strip)
          .filter(word -> !word.isEmpty())
          .toList();
    }

    Set<RejectReason> reasons(boolean known) {
      Set<RejectReason> reasons = new LinkedHashSet<>();
      List<String> names = Arrays.stream(RejectReason.values()).map(Enum::name).toList();
      for (String name : list("reasons", known)) {
        if (names.contains(name)) {
          reasons.add(RejectReason.valueOf(name));
        } else {
          problem("--reasons names '%s' (expected some of %s).".formatted(name, names));
        }
      }
      return reasons;
    }

    Set<Place> places(boolean known) {
      Set<Place> places = new LinkedHashSet<>();
      for (String text : list("at", known)) {
        Place.parse(text)
            .ifPresentOrElse(
                places::add,
                () ->
                    problem(
                        "--at names '%s' (expected PARTITION:OFFSET, such as 0:1733)."
                            .formatted(text)));
      }
      return places;
    }

    Map<String, String> prefixed(String prefix) {
      Map<String, String> found = new TreeMap<>();
      for (String name : List.copyOf(left.keySet())) {
        if (name.startsWith(prefix)) {
          found.put(name.substring(prefix.length()), left.remove(name));
        }
      }
      return found;
    }

    void problem(String sentence) {
      problems.add(sentence);
    }

    void finish(String subject) {
      left.keySet().removeAll(OF_GLUE);
      left.keySet().forEach(name -> problem("--%s is no argument of this job.".formatted(name)));
      if (!problems.isEmpty()) {
        throw new SettingsException(subject, problems);
      }
    }
  }
}
