/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local.servers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Servers whose supervisor was killed: found by their process-id files, stopped by process id. */
public final class Orphans {

  private static final Duration PATIENCE = Duration.ofSeconds(15);

  private Orphans() {}

  /**
   * Stops every process that a process-id file of the folder names, the last started first, and
   * removes the files.
   *
   * @param progress is told about each process that was stopped
   */
  public static void stop(Path folder, Consumer<String> progress) {
    for (PidFile file : lastStartedFirst(folder)) {
      Optional<ProcessHandle> left = file.process();
      if (left.isPresent()) {
        terminate(left.get(), PATIENCE);
        progress.accept(
            "Stopped %s, process %d, which an earlier run left behind"
                .formatted(file.name(), left.get().pid()));
      }
      file.delete();
    }
  }

  private static List<PidFile> lastStartedFirst(Path folder) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.toString().endsWith(".pid"))
          .sorted(Comparator.comparing((Path file) -> file.toFile().lastModified()).reversed())
          .map(PidFile::at)
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Asks a process to end, and ends it by force when it has not done so in time. */
  static void terminate(ProcessHandle process, Duration patience) {
    process.destroy();
    if (!ended(process, patience)) {
      process.destroyForcibly();
      ended(process, Duration.ofSeconds(5));
    }
  }

  private static boolean ended(ProcessHandle process, Duration patience) {
    long end = System.nanoTime() + patience.toNanos();
    while (PidFile.isRunning(process)) {
      if (System.nanoTime() > end) {
        return false;
      }
      try {
        TimeUnit.MILLISECONDS.sleep(20);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return !PidFile.isRunning(process);
      }
    }
    return true;
  }
}
