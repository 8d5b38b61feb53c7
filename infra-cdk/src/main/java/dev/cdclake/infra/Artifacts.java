/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import dev.cdclake.contract.JobName;
import dev.cdclake.contract.SettingsException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.stream.Stream;

/**
 * What the other modules built and the stacks upload.
 *
 * @param jobJar the job jar
 * @param jobScripts folder of one entry script per job, {@code <entry>.scala}
 * @param connectImage folder with the Dockerfile of the Connect worker
 * @param pipelineFile the pipeline file
 * @param models folder of the gold models
 * @param queries folder of Athena's named queries, one folder per layer
 * @param dags folder of Airflow's DAGs
 */
record Artifacts(
    Path jobJar,
    Path jobScripts,
    Path connectImage,
    Path pipelineFile,
    Path models,
    Path queries,
    Path dags) {

  /** Returns where a build of the repository leaves them. */
  static Artifacts of(Path repository, Path pipelineFile, Path models) {
    return new Artifacts(
        repository.resolve("glue-jobs/target/glue-jobs-glue.jar"),
        repository.resolve("glue-jobs/target/glue-scripts"),
        repository.resolve("connect-ecs/target/image"),
        pipelineFile,
        models,
        repository.resolve("sql/athena"),
        repository.resolve("airflow/dags"));
  }

  /** Returns a job's entry script. */
  Path script(JobName job) {
    return jobScripts.resolve(job.entry() + ".scala");
  }

  /**
   * Refuses a job jar that was built for another Scala: Glue would fail to start it. Where no jar
   * was built there is nothing to refuse.
   *
   * @param scala binary version, for example {@code 2.13}
   * @throws SettingsException naming what the jar says
   */
  Artifacts builtFor(String scala) {
    if (Files.exists(jobJar)) {
      String found = scalaOfJobJar();
      if (!found.equals(scala)) {
        throw new SettingsException(
            "the job jar",
            List.of(
                "'%s' was built for Scala '%s' (expected '%s', as jobs.scala says). Run 'make build', or correct jobs.scala and jobs.glue."
                    .formatted(jobJar, found, scala)));
      }
    }
    return this;
  }

  /** The build writes it into the manifest. */
  private String scalaOfJobJar() {
    try (JarFile jar = new JarFile(jobJar.toFile())) {
      Manifest manifest = jar.getManifest();
      String scala =
          manifest == null ? null : manifest.getMainAttributes().getValue("Scala-Version");
      return scala == null ? "unknown" : scala;
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read the job jar '" + jobJar + "'.", e);
    }
  }

  /**
   * Refuses to go on without what is to be uploaded.
   *
   * @throws SettingsException naming everything that is missing
   */
  Artifacts present() {
    List<String> missing =
        needed().entrySet().stream()
            .filter(file -> !Files.exists(file.getKey()))
            .map(
                file ->
                    "'%s' is missing (expected %s). Run 'make build'."
                        .formatted(file.getKey(), file.getValue()))
            .toList();
    if (!missing.isEmpty()) {
      throw new SettingsException("what was built", missing);
    }
    return this;
  }

  /**
   * Returns the same with empty stand-ins for what is missing: enough for templates, which only
   * name what they upload.
   *
   * @param folder where stand-ins are made
   */
  Artifacts orStandIns(Path folder) {
    return new Artifacts(
        Files.exists(jobJar) ? jobJar : standIn(folder.resolve("glue-jobs.jar")),
        hasScripts() ? jobScripts : standInScripts(folder.resolve("scripts")),
        hasImage() ? connectImage : standIn(folder.resolve("image/Dockerfile")).getParent(),
        pipelineFile,
        Files.exists(models) ? models : standIn(folder.resolve("models/none.sql")).getParent(),
        queries,
        dags);
  }

  private boolean hasScripts() {
    return Stream.of(JobName.values()).allMatch(job -> Files.exists(script(job)));
  }

  private boolean hasImage() {
    return Files.exists(connectImage.resolve("Dockerfile"));
  }

  private static Path standInScripts(Path folder) {
    for (JobName job : JobName.values()) {
      standIn(folder.resolve(job.entry() + ".scala"));
    }
    return folder;
  }

  private static Path standIn(Path file) {
    try {
      Files.createDirectories(file.getParent());
      return Files.writeString(file, "A stand-in: nothing was built.\n");
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write stand-in '" + file + "'.", e);
    }
  }

  private Map<Path, String> needed() {
    Map<Path, String> needed = new LinkedHashMap<>();
    needed.put(jobJar, "the job jar for Glue");
    for (JobName job : JobName.values()) {
      needed.put(script(job), "the entry script of job " + job.label());
    }
    needed.put(connectImage.resolve("Dockerfile"), "the image of the Connect worker");
    needed.put(pipelineFile, "the pipeline file");
    needed.put(models, "the gold models");
    return needed;
  }
}
