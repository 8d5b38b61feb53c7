/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local.servers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A server that is a Java process of its own. Its process ends with {@link #stop} at the latest.
 */
abstract class JavaServer implements Server {

  private static final Duration STOP_PATIENCE = Duration.ofSeconds(20);

  private final Path state;
  private final String id;
  private Process process;

  JavaServer(Path state, String id) {
    this.state = state;
    this.id = id;
  }

  /** Returns flags, class path, main class and arguments. */
  abstract List<String> javaArguments();

  /** Returns what the process finds in its environment besides what this one has. */
  Map<String, String> environment() {
    return Map.of();
  }

  /** Takes care of what the process prints on its standard output: by default the log does. */
  ProcessBuilder.Redirect output() {
    return ProcessBuilder.Redirect.appendTo(log().toFile());
  }

  /** Is told the process right after its start. */
  void started(Process started) {}

  final Path folder(String name) {
    try {
      return Files.createDirectories(state.resolve(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public Path log() {
    return folder("logs").resolve(id + ".log");
  }

  @Override
  public synchronized void start() {
    List<String> command = new ArrayList<>(Installation.IGNORE_CTRL_C);
    command.add(Installation.java().toString());
    command.addAll(javaArguments());
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment());
    builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
    builder.redirectOutput(output());
    builder.redirectError(ProcessBuilder.Redirect.appendTo(log().toFile()));
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new ServerException(
          "Cannot start %s: its process does not start (%s).".formatted(name(), e.getMessage()), e);
    }
    pidFile().write(process.toHandle());
    started(process);
  }

  @Override
  public synchronized boolean isAlive() {
    return process != null && process.isAlive();
  }

  @Override
  public synchronized long processId() {
    if (process == null) {
      throw new IllegalStateException(name() + " was not started");
    }
    return process.pid();
  }

  @Override
  public synchronized void stop() {
    if (process != null) {
      Orphans.terminate(process.toHandle(), STOP_PATIENCE);
      pidFile().delete();
    }
  }

  private PidFile pidFile() {
    return PidFile.of(state.resolve("run"), id);
  }
}
