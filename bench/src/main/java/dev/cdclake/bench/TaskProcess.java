/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import dev.cdclake.local.servers.Installation;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/**
 * Runs tasks, each in a JVM of its own with the same flags and the same memory.
 *
 * @param logs folder of what the processes print, one file each
 * @param memory largest heap, in the words of {@code -Xmx}
 * @param progress is told what goes on
 */
record TaskProcess(Path logs, String memory, Consumer<String> progress) {

  /**
   * Runs a task to its end.
   *
   * @throws BenchException if it fails
   */
  TaskOutput.Read run(String name, Task task) {
    Path log = logs.resolve(name.replaceAll("[^A-Za-z0-9]+", "-") + ".log");
    progress.accept(name);
    TaskOutput.Read read = new TaskOutput.Read(line -> progress.accept("  " + line));
    try {
      Files.createDirectories(logs);
      Process process = start(log, task);
      Thread killAtExit = new Thread(process::destroyForcibly, "kill-task");
      Runtime.getRuntime().addShutdownHook(killAtExit);
      try (BufferedReader lines =
              new BufferedReader(
                  new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
          PrintWriter rest = new PrintWriter(Files.newBufferedWriter(log))) {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          if (!read.take(line)) {
            rest.println(line);
          }
        }
      }
      int exit = process.waitFor();
      Runtime.getRuntime().removeShutdownHook(killAtExit);
      if (exit != 0) {
        throw new BenchException(
            "Cannot measure '%s': its process ended with %d (expected 0). See %s."
                .formatted(name, exit, log));
      }
      return read;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BenchException("Cannot measure '%s': interrupted.".formatted(name));
    }
  }

  private Process start(Path log, Task task) throws IOException {
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "@" + Installation.current().home().resolve("localstack/jvm.options"),
            "-Xmx" + memory,
            "-Dcdclake.log=" + log.resolveSibling("spark-" + log.getFileName()),
            "-cp",
            System.getProperty("java.class.path"),
            TaskMain.class.getName(),
            task.getClass().getName(),
            Json.text(task));
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }
}
