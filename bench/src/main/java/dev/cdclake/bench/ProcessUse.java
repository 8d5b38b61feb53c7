/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;

/** What one process uses, all its threads together: its program, its compiler, its collector. */
final class ProcessUse {

  static final Path PROCESSES = Path.of("/proc");

  private final ProcessHandle process;

  private ProcessUse(ProcessHandle process) {
    this.process = process;
  }

  static ProcessUse of(ProcessHandle process) {
    return new ProcessUse(process);
  }

  /** Returns the processor time so far, in user and in system mode. */
  Duration cpu() {
    return process
        .info()
        .totalCpuDuration()
        .orElseThrow(() -> new IllegalStateException("The system does not tell processor times."));
  }

  /** Returns the most memory that the process ever held, in megabytes; -1 where nobody tells. */
  long peakMegabytes() {
    try {
      return peakMegabytes(
          Files.readAllLines(PROCESSES.resolve(process.pid() + "").resolve("status")));
    } catch (IOException e) {
      return -1;
    }
  }

  /** Reads it from the lines that Linux writes about a process. */
  static long peakMegabytes(List<String> status) {
    OptionalLong kilobytes = kilobytes(status, "VmHWM:");
    return kilobytes.isPresent() ? kilobytes.getAsLong() / 1024 : -1;
  }

  /** Reads a field that Linux gives in kilobytes; empty if it is not there. */
  static OptionalLong kilobytes(List<String> lines, String field) {
    return lines.stream()
        .filter(line -> line.startsWith(field))
        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
        .findFirst();
  }
}
