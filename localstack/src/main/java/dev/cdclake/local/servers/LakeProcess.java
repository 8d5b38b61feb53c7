/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local.servers;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * The lake's jobs, running continuously in a process of their own. What they report, one JSON
 * object a line, is passed on; everything else they print is logged.
 */
public final class LakeProcess extends JavaServer {

  /** Longer than the process takes to fail, for example for wrong settings. */
  private static final Duration SILENCE = Duration.ofSeconds(12);

  private final Installation installation;
  private final List<String> arguments;
  private final String memory;
  private final Consumer<String> reports;
  private volatile boolean reported;
  private volatile long startedAt;

  /**
   * Describes the process.
   *
   * @param state folder of the line's logs and process-id files
   * @param arguments of our own command line
   * @param memory largest heap, in the words of {@code -Xmx}
   * @param reports is given every line that begins with an opening brace, from a thread of its own
   */
  public LakeProcess(
      Installation installation,
      Path state,
      List<String> arguments,
      String memory,
      Consumer<String> reports) {
    super(state, "lake");
    this.installation = installation;
    this.arguments = List.copyOf(arguments);
    this.memory = memory;
    this.reports = reports;
  }

  @Override
  public String name() {
    return "Lake";
  }

  @Override
  public List<Port> ports() {
    return List.of();
  }

  @Override
  public Duration patience() {
    return Duration.ofMinutes(3);
  }

  @Override
  public synchronized void start() {
    reported = false;
    startedAt = System.nanoTime();
    super.start();
  }

  /**
   * The jobs are at work once the first of them has reported. A quiet source gives them nothing to
   * report; then it has to do that the process is still there.
   */
  @Override
  public boolean isHealthy() {
    return isAlive() && (reported || System.nanoTime() - startedAt > SILENCE.toNanos());
  }

  @Override
  ProcessBuilder.Redirect output() {
    return ProcessBuilder.Redirect.PIPE;
  }

  @Override
  List<String> javaArguments() {
    List<String> command = new ArrayList<>();
    command.add("@" + installation.sparkFlags());
    command.add("-Xmx" + memory);
    command.add("-cp");
    command.add(installation.localClassPath());
    command.add("dev.cdclake.local.Main");
    command.addAll(arguments);
    return command;
  }

  @Override
  void started(Process started) {
    Thread reader = new Thread(() -> passOn(started), "lake-reports");
    reader.setDaemon(true);
    reader.start();
  }

  private void passOn(Process started) {
    try (BufferedReader lines =
            new BufferedReader(
                new InputStreamReader(started.getInputStream(), StandardCharsets.UTF_8));
        PrintWriter log =
            new PrintWriter(
                Files.newBufferedWriter(
                    log(), StandardOpenOption.CREATE, StandardOpenOption.APPEND),
                true)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith("{")) {
          reports.accept(line);
          reported = true;
        } else {
          log.println(line);
        }
      }
    } catch (IOException e) {
      // The pipe breaks when the process is killed; otherwise there is something to say.
      if (started.isAlive()) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
