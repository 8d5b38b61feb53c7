/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local.servers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A file that names a running process by its id and start time, so that a later run finds what an
 * earlier one left behind and never mistakes another process for it.
 */
public final class PidFile {

  /** The system derives a start time from the clock, which may have been set in the meantime. */
  private static final Duration CLOCK_TOLERANCE = Duration.ofSeconds(2);

  private final Path file;

  private PidFile(Path file) {
    this.file = file;
  }

  /** Returns the file {@code <folder>/<name>.pid}, which need not exist. */
  public static PidFile of(Path folder, String name) {
    return new PidFile(folder.resolve(name + ".pid"));
  }

  static PidFile at(Path file) {
    return new PidFile(file);
  }

  /** Returns the process's name: the file's, without its ending. */
  public String name() {
    return file.getFileName().toString().replaceFirst("\\.pid$", "");
  }

  /** Writes the file for a running process. */
  public void write(ProcessHandle process) {
    Instant start = process.info().startInstant().orElse(Instant.EPOCH);
    try {
      Files.createDirectories(file.getParent());
      Files.writeString(file, "%d %d%n".formatted(process.pid(), start.toEpochMilli()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the named process when it runs and is the one that the file was written for. */
  public Optional<ProcessHandle> process() {
    try {
      List<String> words = List.of(Files.readString(file).strip().split(" ", -1));
      long id = Long.parseLong(words.get(0));
      Instant start = Instant.ofEpochMilli(Long.parseLong(words.get(1)));
      return ProcessHandle.of(id)
          .filter(PidFile::isRunning)
          .filter(process -> startedAt(process, start));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (NumberFormatException | IndexOutOfBoundsException e) {
      // Cut short while it was written: it names no process.
      return Optional.empty();
    }
  }

  /**
   * Tells whether a process runs. One that was killed counts as alive until its parent has noticed,
   * which in a container may be never; but it has lost its program by then.
   */
  public static boolean isRunning(ProcessHandle process) {
    return process.isAlive() && process.info().command().isPresent();
  }

  private static boolean startedAt(ProcessHandle process, Instant start) {
    Instant actual = process.info().startInstant().orElse(Instant.EPOCH);
    return Duration.between(start, actual).abs().compareTo(CLOCK_TOLERANCE) <= 0;
  }

  /** Removes the file if it exists. */
  public void delete() {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
