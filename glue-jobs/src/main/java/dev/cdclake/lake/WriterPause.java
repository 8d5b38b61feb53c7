/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.apache.iceberg.Table;

/**
 * A short pause that maintenance asks a table's writer for, so that replacing files meets no new
 * position deletes and need not be done again and again.
 *
 * <p>It is a table property, so it works between processes. It is a courtesy, not a lock: it ends
 * by itself, and the commits of both sides are checked by Iceberg all the same.
 */
public final class WriterPause {

  private static final String UNTIL = "cdclake.writer-pauses-until";

  /** Bounds what a process that died, or a wrong clock, can cost. */
  private static final Duration LONGEST = Duration.ofSeconds(30);

  private static final Instant STARTED =
      Instant.ofEpochMilli(ManagementFactory.getRuntimeMXBean().getStartTime());

  private static final Duration STEP = Duration.ofMillis(50);

  private WriterPause() {}

  /** Asks the writer to begin no batch until {@link #end}, or until the time is up. */
  public static void ask(Table table) {
    String until = String.valueOf(Instant.now().plus(LONGEST).toEpochMilli());
    table.updateProperties().set(UNTIL, until).commit();
  }

  /** Lets the writer go on. */
  public static void end(Table table) {
    table.updateProperties().remove(UNTIL).commit();
  }

  /** Waits as long as maintenance asks for a pause; returns the table at its newest state. */
  public static Table over(Table table) {
    Instant latest = Instant.now().plus(LONGEST);
    while (isAsked(table) && Instant.now().isBefore(latest)) {
      try {
        TimeUnit.MILLISECONDS.sleep(STEP.toMillis());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("Interrupted while maintenance had the table.", e);
      }
      table.refresh();
    }
    return table;
  }

  private static boolean isAsked(Table table) {
    String until = table.properties().get(UNTIL);
    return until != null
        && isAsked(Instant.ofEpochMilli(Long.parseLong(until)), Instant.now(), STARTED);
  }

  /** Whoever asked before this process began has most likely died with the one before it. */
  static boolean isAsked(Instant until, Instant now, Instant started) {
    return now.isBefore(until) && !until.minus(LONGEST).isBefore(started);
  }
}
