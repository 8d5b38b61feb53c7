/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.Timer;
import java.util.TimerTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * Watches, once a second, how much memory several processes hold together: those that name a folder
 * in their command line, and all that they started. Memory that processes share counts once: its <a
 * href="https://docs.kernel.org/filesystems/proc.html">proportional set size</a> is summed.
 */
final class MemoryWatch implements AutoCloseable {

  private final String folder;
  private final AtomicLong peak = new AtomicLong(-1);
  private final Timer everySecond = new Timer("memory-watch", true);

  private MemoryWatch(Path folder) {
    this.folder = folder.toString();
  }

  /** Begins to watch the processes that name a folder. */
  static MemoryWatch start(Path folder) {
    MemoryWatch watch = new MemoryWatch(folder);
    TimerTask look =
        new TimerTask() {
          @Override
          public void run() {
            watch.look();
          }
        };
    watch.everySecond.schedule(look, 0, TimeUnit.SECONDS.toMillis(1));
    return watch;
  }

  /** Returns the most that they held at once, in megabytes; -1 where nobody tells. */
  long peakMegabytes() {
    return peak.get() < 0 ? -1 : peak.get() / 1024;
  }

  private void look() {
    Set<Long> processes = new HashSet<>();
    ProcessHandle.allProcesses()
        .filter(process -> names(process.pid()))
        .forEach(
            process -> {
              processes.add(process.pid());
              process.descendants().forEach(child -> processes.add(child.pid()));
            });
    long kilobytes = processes.stream().mapToLong(MemoryWatch::kilobytes).sum();
    if (kilobytes > 0) {
      peak.accumulateAndGet(kilobytes, Math::max);
    }
  }

  private boolean names(long process) {
    try {
      return Files.readString(ProcessUse.PROCESSES.resolve(process + "/cmdline")).contains(folder);
    } catch (IOException e) {
      return false;
    }
  }

  /** A process that ended meanwhile holds nothing. */
  private static long kilobytes(long process) {
    try (Stream<String> lines =
        Files.lines(ProcessUse.PROCESSES.resolve(process + "/smaps_rollup"))) {
      return kilobytes(lines.toList());
    } catch (IOException e) {
      return 0;
    }
  }

  /** Reads the proportional set size from the lines that Linux writes about a process. */
  static long kilobytes(List<String> rollup) {
    return ProcessUse.kilobytes(rollup, "Pss:").orElse(0);
  }

  @Override
  public void close() {
    everySecond.cancel();
  }
}
