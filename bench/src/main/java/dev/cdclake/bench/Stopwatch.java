/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import java.time.Duration;

/** Time and processor time of a process from one moment on. */
final class Stopwatch {

  private final ProcessUse use;
  private final long begin = System.nanoTime();
  private final Duration cpuBefore;

  private Stopwatch(ProcessUse use) {
    this.use = use;
    this.cpuBefore = use.cpu();
  }

  /** Starts over this process, whose garbage of earlier work is collected first. */
  static Stopwatch start() {
    System.gc();
    return new Stopwatch(ProcessUse.of(ProcessHandle.current()));
  }

  /** Starts over another process. */
  static Stopwatch start(ProcessUse use) {
    return new Stopwatch(use);
  }

  /** Returns what was used until now, as a sample whose result nobody has looked at yet. */
  Sample sample(String scenario, String contender, int round, boolean cold, long rows, long files) {
    double seconds = (System.nanoTime() - begin) / 1e9;
    double cpu = use.cpu().minus(cpuBefore).toNanos() / 1e9;
    return new Sample(
        scenario,
        contender,
        round,
        cold,
        rows,
        seconds,
        cpu,
        use.peakMegabytes(),
        files,
        "",
        "not compared");
  }
}
