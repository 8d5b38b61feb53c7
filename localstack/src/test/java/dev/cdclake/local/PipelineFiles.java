/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Profile.Ports;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;

/**
 * Pipeline files for tests that share servers: each has tables and a lake of its own, and is read
 * by the product's own reader.
 */
public final class PipelineFiles {

  public static final String ENVIRONMENT = "test";
  public static final String PROFILE = "local";

  private final Path state;
  private final Ports ports;
  private final String database;

  /**
   * Describes the servers.
   *
   * @param state the folder that everything is kept in
   * @param database that holds the tables
   */
  public PipelineFiles(Path state, Ports ports, String database) {
    this.state = state;
    this.ports = ports;
    this.database = database;
  }

  /**
   * Returns the content of a file, which may still be changed.
   *
   * @param project also the file's name; first part of the lake's databases
   * @param connector also the name of slot, publication and topics
   * @param tables entries of the file
   */
  public Map<String, Object> describe(String project, String connector, List<?> tables) {
    Map<String, Object> profile = new LinkedHashMap<>();
    profile.put("state", state.toString());
    profile.put(
        "ports",
        Map.of(
            "postgres", ports.postgres(),
            "kafka", ports.kafka(),
            "controller", ports.controller(),
            "connect", ports.connect()));
    Map<String, Object> file = new LinkedHashMap<>();
    file.put("project", project);
    file.put("source", Map.of("database", database, "slot", connector, "publication", connector));
    file.put("kafka", Map.of("topic-prefix", connector));
    file.put("tables", tables);
    file.put("gold", Map.of("models", "no-models"));
    file.put("profiles", Map.of(PROFILE, profile));
    return file;
  }

  /** Writes a file and returns its place. */
  public Path write(Map<String, Object> file) {
    try {
      return Files.writeString(
          Files.createDirectories(state.resolve("pipelines"))
              .resolve(file.get("project") + ".yaml"),
          new Dump(DumpSettings.builder().build()).dumpToString(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Reads a file. */
  public static Pipeline read(Path file) {
    return Pipeline.read(file, ENVIRONMENT, PROFILE);
  }

  /** Returns the options by which our own command line uses a file. */
  public static List<String> options(Path file) {
    return List.of(
        "--pipeline", file.toString(), "--environment", ENVIRONMENT, "--profile", PROFILE);
  }
}
