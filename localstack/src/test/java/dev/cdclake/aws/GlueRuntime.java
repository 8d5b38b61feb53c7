/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.aws;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.contract.JobName;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;

/**
 * Runs jobs as Glue 6.0 does: the entry script is compiled against the job jar, and {@code
 * spark-submit} loads both beside Glue's own libraries, never from our class path.
 */
final class GlueRuntime {

  private static final Path REPOSITORY = Path.of("..").toAbsolutePath().normalize();
  static final Path JAR = REPOSITORY.resolve("glue-jobs/target/glue-jobs-glue.jar");

  /** An entry of our own, for {@link #run(String)}. */
  static final String MSK_LOGIN = "MskLoginEntry";

  private final Path home;
  private final Path entries;
  private final Map<String, String> environment;

  private GlueRuntime(Path home, Path entries, Map<String, String> environment) {
    this.home = home;
    this.entries = entries;
    this.environment = environment;
  }

  /**
   * Compiles the entry scripts.
   *
   * @param home folder of logs
   * @param environment what jobs find in their environment
   */
  static GlueRuntime prepare(Path home, Map<String, String> environment)
      throws IOException, InterruptedException {
    Path classes = Files.createDirectories(home.resolve("entries"));
    List<String> command =
        new ArrayList<>(
            List.of(
                java(),
                "-cp",
                classPath("compiler"),
                "scala.tools.nsc.Main",
                "-classpath",
                JAR + File.pathSeparator + classPath("glue"),
                "-d",
                classes.toString()));
    for (JobName job : JobName.values()) {
      command.add(
          REPOSITORY.resolve("glue-jobs/target/glue-scripts/" + job.entry() + ".scala").toString());
    }
    command.add(
        REPOSITORY.resolve("localstack/src/test/resources/aws/" + MSK_LOGIN + ".scala").toString());
    Path log = home.resolve("scripts.log");
    int code = start(command, log, Map.of()).waitFor();
    assertThat(code).as(Files.readString(log)).isZero();
    return new GlueRuntime(home, jar(classes, home.resolve("entries.jar")), environment);
  }

  /** Runs a job to its end; what it wrote to its log is in the answer. */
  Run run(JobName job, List<String> arguments) throws IOException, InterruptedException {
    int code = start(job, arguments).waitFor();
    return new Run(code, Files.readString(log(job)));
  }

  /** Runs an entry that is no job's to its end, where jobs run. */
  Run run(String entry) throws IOException, InterruptedException {
    Path log = home.resolve(entry + ".log");
    int code = start(submit(entry), log, environment).waitFor();
    return new Run(code, Files.readString(log));
  }

  /** Starts a job and does not wait for its end. */
  Process start(JobName job, List<String> arguments) throws IOException {
    List<String> command = submit(job.entry());
    // Glue's own, as a job gets them besides ours.
    command.addAll(
        List.of(
            "--job-language",
            "scala",
            "--class",
            job.entry(),
            "--enable-metrics",
            "true",
            "true",
            "--JOB_NAME",
            "cloud-test-" + job.label(),
            "--TempDir",
            "s3://scratch/jobs/"));
    command.addAll(arguments);
    return start(command, log(job), environment);
  }

  private List<String> submit(String entry) throws IOException {
    return new ArrayList<>(
        List.of(
            java(),
            "@" + REPOSITORY.resolve("localstack/jvm.options"),
            "-Xmx1g",
            "-cp",
            classPath("glue"),
            "org.apache.spark.deploy.SparkSubmit",
            "--master",
            "local[2]",
            "--conf",
            "spark.driver.host=localhost",
            "--conf",
            "spark.sql.extensions=org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
            "--jars",
            JAR.toString(),
            "--class",
            entry,
            entries.toString()));
  }

  private Path log(JobName job) {
    return home.resolve(job.label() + ".log");
  }

  /** The end of a job. */
  record Run(int code, String log) {}

  /** Returns the libraries of Glue 6.0, by their file names. */
  static List<String> libraries() throws IOException {
    return Stream.of(classPath("glue").split(File.pathSeparator, -1))
        .map(jar -> Path.of(jar).getFileName().toString())
        .toList();
  }

  private static Process start(List<String> command, Path log, Map<String, String> environment)
      throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().keySet().removeIf(name -> name.startsWith("AWS_"));
    builder.environment().remove("CDCLAKE_MASK_SALT");
    builder.environment().putAll(environment);
    return builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
  }

  private static Path jar(Path classes, Path jar) throws IOException {
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar));
        Stream<Path> files = Files.list(classes)) {
      for (Path file : files.toList()) {
        out.putNextEntry(new JarEntry(file.getFileName().toString()));
        Files.copy(file, out);
      }
    }
    return jar;
  }

  private static String classPath(String name) throws IOException {
    Path folder = REPOSITORY.resolve("localstack/glue/target");
    return Files.readString(folder.resolve(name + ".classpath")).strip();
  }

  private static String java() {
    return Path.of(System.getProperty("java.home"), "bin", "java").toString();
  }
}
