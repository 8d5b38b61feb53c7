/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Shows a running line: on a terminal a table that is repainted in place, elsewhere one sentence
 * from time to time.
 */
final class LineView {

  private static final Duration REPAINT = Duration.ofMillis(500);
  private static final Duration SENTENCE = Duration.ofSeconds(5);

  private final Console console;
  private final LiveStatus status = new LiveStatus(Clock.systemUTC());

  LineView(Console console) {
    this.console = console;
  }

  /** Takes a line that the lake's process printed. */
  void accept(String report) {
    ReportLine.problem(report).ifPresent(console::line);
    status.accept(report);
  }

  /** Shows the line until told to stop. */
  void showUntil(BooleanSupplier stop) throws InterruptedException {
    Duration step = console.isTerminal() ? REPAINT : SENTENCE;
    long next = System.nanoTime();
    while (!stop.getAsBoolean()) {
      if (System.nanoTime() >= next) {
        next += step.toNanos();
        show();
      }
      TimeUnit.MILLISECONDS.sleep(100);
    }
    console.block(List.of());
  }

  private void show() {
    if (console.isTerminal()) {
      console.block(status.lines());
    } else {
      console.line(status.summary());
    }
  }

  /** Prints the table once, to stay. */
  void print() {
    console.lines(status.lines());
  }
}
