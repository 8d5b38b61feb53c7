/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/** What is uploaded for the jobs: the pipeline file, and the models where it says. */
final class Uploads {

  private static final int DIGITS = 12;

  private Uploads() {}

  /** Returns a name that follows from the content of what is uploaded. */
  static String version(Artifacts artifacts) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (Path file : files(artifacts)) {
        digest.update(file.getFileName().toString().getBytes(StandardCharsets.UTF_8));
        digest.update(Files.readAllBytes(file));
      }
      return HexFormat.of().formatHex(digest.digest()).substring(0, DIGITS);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read what is to be uploaded.", e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java platform has SHA-256.", e);
    }
  }

  /** Returns the pipeline file's text. */
  static String text(Artifacts artifacts) {
    try {
      return Files.readString(artifacts.pipelineFile());
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read '" + artifacts.pipelineFile() + "'.", e);
    }
  }

  /** Returns the pipeline file in Base64. */
  static String encoded(Artifacts artifacts) {
    return Base64.getEncoder().encodeToString(text(artifacts).getBytes(StandardCharsets.UTF_8));
  }

  /** Returns where the models are, seen from the pipeline file; as its {@code gold.models}. */
  static String modelsBesidePipeline(Artifacts artifacts) {
    Path home = artifacts.pipelineFile().toAbsolutePath().normalize().getParent();
    Path models = artifacts.models().toAbsolutePath().normalize();
    return models.startsWith(home) ? home.relativize(models).toString() : "models";
  }

  private static List<Path> files(Artifacts artifacts) throws IOException {
    try (Stream<Path> models = Files.list(artifacts.models())) {
      return Stream.concat(Stream.of(artifacts.pipelineFile()), models.sorted()).toList();
    }
  }
}
