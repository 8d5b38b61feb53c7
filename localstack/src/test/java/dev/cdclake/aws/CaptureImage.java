/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.aws;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The capture image without a container engine: what its Dockerfile copies lies where the build put
 * it, and its entry point is started as the Dockerfile says.
 */
final class CaptureImage {

  private static final Path FOLDER =
      Path.of("..", "connect-ecs", "target", "image").toAbsolutePath().normalize();
  private static final String HOME = "/opt/cdclake";
  private static final String ENTRY = "ENTRYPOINT ";

  private final Map<String, String> environment;

  /**
   * Describes a container.
   *
   * @param environment its variables and secrets
   */
  CaptureImage(Map<String, String> environment) {
    this.environment = environment;
  }

  static Path folder() {
    return FOLDER;
  }

  static List<String> dockerfile() throws IOException {
    return Files.readAllLines(FOLDER.resolve("Dockerfile"));
  }

  /** Starts a command of the image; what it prints goes into the log. */
  Process start(Path log, String... command) throws IOException {
    List<String> entry = new ArrayList<>();
    for (String word : entryPoint()) {
      entry.add(word.replace(HOME, FOLDER.toString()));
    }
    entry.set(0, Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // A container has memory of its own; here it is everybody's.
    entry.add(1, "-Xmx768m");
    entry.addAll(List.of(command));
    ProcessBuilder builder = new ProcessBuilder(entry);
    builder.environment().putAll(environment);
    return builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
  }

  private static List<String> entryPoint() throws IOException {
    String line =
        dockerfile().stream().filter(found -> found.startsWith(ENTRY)).findFirst().orElseThrow();
    return new ObjectMapper()
        .readValue(line.substring(ENTRY.length()), new TypeReference<List<String>>() {});
  }
}
