/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.container;

import dev.cdclake.contract.KafkaSecurity;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Profile;
import dev.cdclake.contract.ServerAddresses;
import dev.cdclake.contract.SettingsException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The pipeline of a container, from its variables: the pipeline file itself in Base64, and where
 * the servers are. Secrets stay where they are, in variables that the pipeline file names.
 */
final class ContainerSettings {

  /** The port of the worker's REST interface, unless {@code CDCLAKE_CONNECT_PORT} says another. */
  private static final int PORT = 8083;

  private final Map<String, String> environment;
  private final List<String> problems = new ArrayList<>();

  private ContainerSettings(Map<String, String> environment) {
    this.environment = environment;
  }

  /**
   * Reads the pipeline.
   *
   * @throws SettingsException naming every variable that is missing or wrong
   */
  static Pipeline pipeline(Map<String, String> environment) {
    ContainerSettings settings = new ContainerSettings(environment);
    byte[] file = settings.file();
    String name = settings.required("CDCLAKE_ENVIRONMENT");
    ServerAddresses servers =
        new ServerAddresses(
            settings.required("CDCLAKE_SOURCE_HOST"),
            settings.number("CDCLAKE_SOURCE_PORT", 5432),
            settings.required("CDCLAKE_SOURCE_USER"),
            settings.required("CDCLAKE_SOURCE_SSL_MODE"),
            settings.required("CDCLAKE_KAFKA_BOOTSTRAP"),
            settings.security());
    settings.finish();
    return read(file, name).at(servers);
  }

  static int port(Map<String, String> environment) {
    ContainerSettings settings = new ContainerSettings(environment);
    int port = settings.number("CDCLAKE_CONNECT_PORT", PORT);
    settings.finish();
    return port;
  }

  private static Pipeline read(byte[] content, String environment) {
    try {
      Path folder = Files.createTempDirectory("cdclake");
      Path file = Files.write(folder.resolve("pipeline.yaml"), content);
      try {
        return Pipeline.read(file, environment, Profile.AWS);
      } finally {
        Files.delete(file);
        Files.delete(folder);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot keep the pipeline file in the container.", e);
    }
  }

  private byte[] file() {
    String variable = "CDCLAKE_PIPELINE_BASE64";
    try {
      return Base64.getDecoder().decode(required(variable));
    } catch (IllegalArgumentException e) {
      problems.add("%s is not Base64 (expected the pipeline file in it).".formatted(variable));
      return new byte[0];
    }
  }

  private KafkaSecurity security() {
    String variable = "CDCLAKE_KAFKA_SECURITY";
    String value = required(variable);
    for (KafkaSecurity security : KafkaSecurity.values()) {
      if (security.label().equals(value)) {
        return security;
      }
    }
    if (!value.isEmpty()) {
      problems.add(
          "%s is '%s' (expected one of %s)."
              .formatted(
                  variable,
                  value,
                  Arrays.toString(KafkaSecurity.values()).toLowerCase(Locale.ROOT)));
    }
    return KafkaSecurity.DECLARED;
  }

  private String required(String variable) {
    String value = environment.getOrDefault(variable, "");
    if (value.isBlank()) {
      problems.add(variable + " is missing.");
    }
    return value;
  }

  private int number(String variable, int otherwise) {
    String value = environment.getOrDefault(variable, String.valueOf(otherwise));
    try {
      return Integer.parseInt(value);
    } catch (NumberFormatException e) {
      problems.add("%s is '%s' (expected a whole number).".formatted(variable, value));
      return otherwise;
    }
  }

  private void finish() {
    if (!problems.isEmpty()) {
      throw new SettingsException("the container's variables", problems);
    }
  }
}
