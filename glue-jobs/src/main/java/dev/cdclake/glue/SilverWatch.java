/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.glue;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.line.SilverAge;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes how far silver is behind the source, once, or every minute until closed; then also how
 * many tables wait.
 */
final class SilverWatch implements AutoCloseable {

  private static final Duration EVERY = Duration.ofMinutes(1);
  private static final Logger LOG = LoggerFactory.getLogger(SilverWatch.class);

  private final LakeTables lake;
  private final Pipeline pipeline;
  private final LineMetrics metrics;
  private final IntSupplier waiting;
  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(
          work -> {
            Thread thread = new Thread(work, "silver-watch");
            thread.setDaemon(true);
            return thread;
          });

  private final Future<?> minutes;

  private SilverWatch(
      LakeTables lake, Pipeline pipeline, LineMetrics metrics, IntSupplier waiting) {
    this.lake = lake;
    this.pipeline = pipeline;
    this.metrics = metrics;
    this.waiting = waiting;
    this.minutes =
        clock.scheduleAtFixedRate(
            this::publish, EVERY.toMillis(), EVERY.toMillis(), TimeUnit.MILLISECONDS);
  }

  static SilverWatch start(
      LakeTables lake, Pipeline pipeline, LineMetrics metrics, IntSupplier waiting) {
    return new SilverWatch(lake, pipeline, metrics, waiting);
  }

  static void publish(LakeTables lake, Pipeline pipeline, LineMetrics metrics) {
    SilverAge.of(lake, pipeline, Instant.now()).ifPresent(metrics::behind);
  }

  void publish() {
    metrics.waiting(waiting.getAsInt());
    try {
      publish(lake, pipeline, metrics);
    } catch (RuntimeException e) {
      // The catalog may be away for a moment; a later minute tells.
      LOG.warn("Cannot tell how far silver is behind", e);
    }
  }

  @Override
  public void close() {
    minutes.cancel(true);
    clock.shutdownNow();
  }
}
