/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import dev.cdclake.connect.CaptureException;
import dev.cdclake.connect.ConnectClient;
import dev.cdclake.connect.ConnectorStatus;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Looks after a running connector: Connect leaves a failed task as it is, for example after its
 * database was away, so it is restarted here, ever more patiently.
 */
final class ConnectorWatch implements AutoCloseable {

  private static final Duration INTERVAL = Duration.ofSeconds(2);
  private static final int LONGEST_PAUSE = 30;

  private final ConnectClient connect;
  private final String connector;
  private final Consumer<String> progress;
  private final Thread thread = new Thread(this::watch, "watch-connector");
  private volatile boolean closed;

  ConnectorWatch(ConnectClient connect, String connector, Consumer<String> progress) {
    this.connect = connect;
    this.connector = connector;
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
        if (failed.isPresent()) {
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
