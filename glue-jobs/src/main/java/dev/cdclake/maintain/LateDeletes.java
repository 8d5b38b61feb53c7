/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.maintain;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Queue;
import org.apache.iceberg.io.FileIO;

/**
 * Files that no snapshot has any more, and that a query which began earlier may still read. They
 * are remembered in memory alone: those of a process that dies are orphans.
 */
final class LateDeletes {

  private record Waiting(FileIO io, String file, Instant since) {}

  private final Queue<Waiting> waiting = new ArrayDeque<>();

  void add(FileIO io, String file) {
    waiting.add(new Waiting(io, file, Instant.now()));
  }

  void deleteOlderThan(Duration age) {
    Instant latest = Instant.now().minus(age);
    while (!waiting.isEmpty() && !waiting.peek().since().isAfter(latest)) {
      Waiting next = waiting.remove();
      next.io().deleteFile(next.file());
    }
  }
}
