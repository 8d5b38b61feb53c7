/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.crash;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.local.PipelineFiles;
import dev.cdclake.local.servers.Installation;
import dev.cdclake.local.servers.PidFile;
import dev.cdclake.runtime.FaultPoint;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A process of our own command line that dies where it is told to. */
final class JobProcess {

  /** What a process that was killed ends with. */
  private static final int KILLED = 137;

  /** The process lives for seconds: code made and compiled for speed would not pay. */
  private static final String FOR_SECONDS =
      "-Xmx1g -XX:TieredStopAtLevel=1 -Dspark.sql.codegen.wholeStage=false"
          + " -Dspark.sql.codegen.factoryMode=NO_CODEGEN";

  /** Longer than a worker takes that gives up on a killed broker and is started again. */
  private static final Duration DEATH = Duration.ofMinutes(3);

  /** The classes of a first run: later ones load and check them in half the time. */
  private static final String CLASSES = "classes.jsa";

  private static final Duration FIRST_RUN = Duration.ofMinutes(3);

  private final Path state;
  private final Path wish;
  private final Process process;

  private JobProcess(Path state, Path wish, Process process) {
    this.state = state;
    this.wish = wish;
    this.process = process;
    PidFile.of(state.resolve("run"), name()).write(process.toHandle());
  }

  /** Runs the jobs over what is there, so that a process which is started again is there sooner. */
  static void warmUp(Path state, Path pipelineFile) throws IOException, InterruptedException {
    String keep = "-Xlog:disable -XX:ArchiveClassesAtExit=" + state.resolve(CLASSES);
    Process process = start(state, pipelineFile, List.of("run", "all", "--json"), keep);
    boolean ended = process.waitFor(FIRST_RUN.toSeconds(), TimeUnit.SECONDS);
    process.destroyForcibly();
    assertThat(ended).as("a first run ended within %s, see %s", FIRST_RUN, state).isTrue();
    assertThat(process.exitValue()).as("exit code, see %s", state).isZero();
  }

  /** Starts the lake's jobs, as {@code up} does. */
  static JobProcess start(Path state, Path pipelineFile) throws IOException {
    Path wish = state.resolve("die-at");
    Files.deleteIfExists(wish);
    List<String> verb = List.of("run", "all", "--trigger", "continuous", "--json");
    return new JobProcess(state, wish, startAgain(state, pipelineFile, verb, "@" + wish));
  }

  /** Starts a verb that has to die at a point. */
  static JobProcess start(Path state, Path pipelineFile, List<String> verb, FaultPoint point)
      throws IOException {
    return new JobProcess(
        state, state.resolve("no-wish"), startAgain(state, pipelineFile, verb, point.name()));
  }

  private static Process startAgain(Path state, Path pipelineFile, List<String> verb, String dieAt)
      throws IOException {
    return start(
        state,
        pipelineFile,
        verb,
        "-XX:SharedArchiveFile=%s -Dcdclake.die-at=%s".formatted(state.resolve(CLASSES), dieAt));
  }

  private static Process start(Path state, Path pipelineFile, List<String> verb, String option)
      throws IOException {
    List<String> arguments = new ArrayList<>(PipelineFiles.options(pipelineFile));
    arguments.addAll(verb);
    ProcessBuilder builder = new ProcessBuilder(Installation.current().ownCommand(arguments));
    builder
        .environment()
        .merge(
            "JAVA_TOOL_OPTIONS",
            FOR_SECONDS + " " + option,
            (inherited, own) -> inherited + " " + own);
    Path log = Files.createDirectories(state.resolve("logs")).resolve("job.log");
    Process process = builder.redirectErrorStream(true).start();
    Thread reader = new Thread(() -> keep(process, log), "job-output");
    reader.setDaemon(true);
    reader.start();
    return process;
  }

  /** Writes what the process says on its behalf: it may have been forbidden to. */
  private static void keep(Process process, Path log) {
    try (OutputStream out =
        Files.newOutputStream(log, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
      process.getInputStream().transferTo(out);
    } catch (IOException e) {
      // The pipe breaks when the process is killed.
      if (process.isAlive()) {
        throw new UncheckedIOException(e);
      }
    }
  }

  long id() {
    return process.pid();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** Lets the running process die at a pass of a point, counted from now. */
  void dieAt(FaultPoint point, int pass) throws IOException {
    Path whole = wish.resolveSibling("die-at.new");
    Files.writeString(whole, point + ":" + pass);
    Files.move(whole, wish, StandardCopyOption.ATOMIC_MOVE);
  }

  void kill() {
    process.destroyForcibly();
  }

  /** Waits until the process is dead; fails if it was not killed. */
  void awaitDeath() throws InterruptedException {
    boolean dead = process.waitFor(DEATH.toSeconds(), TimeUnit.SECONDS);
    assertThat(dead).as("the process came to its point, see %s", state).isTrue();
    assertThat(process.exitValue()).as("exit code, see %s", state).isEqualTo(KILLED);
    PidFile.of(state.resolve("run"), name()).delete();
  }

  private String name() {
    return "job-" + process.pid();
  }
}
