/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import dev.cdclake.connect.Capture;
import dev.cdclake.connect.CaptureException;
import dev.cdclake.connect.CaptureGap;
import dev.cdclake.connect.ConnectClient;
import dev.cdclake.connect.ConnectorStatus;
import dev.cdclake.failure.PipelineException;
import dev.cdclake.source.SourceException;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Looks after a running connector: Connect leaves a failed task as it is, for example after its
 * database was away, so it is restarted here, ever more patiently.
 */
final class ConnectorWatch implements AutoCloseable {

  private static final Duration INTERVAL = Duration.ofSeconds(2);
  private static final Duration TOLD_EVERY = Duration.ofSeconds(30);
  private static final int LONGEST_PAUSE = 30;

  private final ConnectClient connect;
  private final String connector;
  private final Capture capture;
  private final Consumer<String> progress;
  private Instant gapsToldUntil = Instant.EPOCH;
  private final Thread thread = new Thread(this::watch, "watch-connector");
  private volatile boolean closed;

  ConnectorWatch(
      ConnectClient connect, String connector, Capture capture, Consumer<String> progress) {
    this.connect = connect;
    this.connector = connector;
    this.capture = capture;
    this.progress = progress;
    thread.setDaemon(true);
  }

  synchronized void start() {
    if (!closed && thread.getState() == Thread.State.NEW) {
      thread.start();
    }
  }

  private void watch() {
    int pause = 1;
    try {
      while (!closed) {
        Optional<ConnectorStatus> failed = failure();
        if (mayNotGoOn()) {
          pause = 1;
        } else if (failed.isPresent()) {
          restart(failed.get());
          TimeUnit.SECONDS.sleep(pause);
          pause = Math.min(2 * pause, LONGEST_PAUSE);
        } else {
          pause = 1;
        }
        TimeUnit.NANOSECONDS.sleep(INTERVAL.toNanos());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Stops the connector where it would leave a gap, and says so from time to time. */
  private boolean mayNotGoOn() {
    try {
      Optional<CaptureGap> gap = capture.gapBehindProgress();
      if (gap.isPresent()) {
        capture.stop();
        if (Instant.now().isAfter(gapsToldUntil)) {
          gapsToldUntil = Instant.now().plus(TOLD_EVERY);
          progress.accept(gap.get().message());
        }
      }
      return gap.isPresent();
    } catch (CaptureException | SourceException | PipelineException | SQLException e) {
      // Source, Kafka or worker are away: nothing is known, and the connector cannot go on either.
      return false;
    }
  }

  private Optional<ConnectorStatus> failure() {
    try {
      return connect.status(connector).filter(ConnectorStatus::isFailed);
    } catch (CaptureException e) {
      // The worker is away; who runs it brings it back.
      return Optional.empty();
    }
  }

  private void restart(ConnectorStatus failed) {
    progress.accept(
        "Connector '%s' failed; restarting it: %s".formatted(connector, failed.rootCause()));
    try {
      connect.restartFailedTasks(connector);
    } catch (CaptureException e) {
      progress.accept(e.getMessage());
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    thread.interrupt();
  }
}
