/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.container;

import dev.cdclake.connect.Capture;
import dev.cdclake.connect.CaptureException;
import dev.cdclake.connect.CaptureGap;
import dev.cdclake.connect.ConnectClient;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SettingsException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Registers the connector and waits until it runs. Doing it twice changes nothing; a gap behind
 * what was captured stops it, as everywhere.
 *
 * @param connect address of the worker's REST interface
 * @param patience how long the worker may take to answer, and then the connector to run
 */
record Registration(String connect, Duration patience) {

  private static final Duration POLL_INTERVAL = Duration.ofSeconds(1);

  /** Reads {@code register --connect URL --wait SECONDS}. */
  static Registration parse(List<String> arguments) {
    List<String> problems = new ArrayList<>();
    String connect = "";
    String wait = "300";
    for (int i = 1; i < arguments.size(); i += 2) {
      String value = i + 1 < arguments.size() ? arguments.get(i + 1) : "";
      switch (arguments.get(i)) {
        case "--connect" -> connect = value;
        case "--wait" -> wait = value;
        default ->
            problems.add(
                "'%s' is no argument (expected --connect or --wait).".formatted(arguments.get(i)));
      }
    }
    if (connect.isBlank()) {
      problems.add("--connect is missing (expected the worker's address).");
    }
    if (!wait.matches("\\d{1,5}")) {
      problems.add("--wait is '%s' (expected seconds).".formatted(wait));
    }
    if (!problems.isEmpty()) {
      throw new SettingsException("the arguments of 'register'", problems);
    }
    return new Registration(connect, Duration.ofSeconds(Long.parseLong(wait)));
  }

  /**
   * Registers the connector.
   *
   * @param progress is told every step
   * @throws CaptureException if it does not run in the end; its message has the root cause
   */
  void run(Pipeline pipeline, Consumer<String> progress) {
    ConnectClient client = new ConnectClient(connect);
    awaitWorker(client, progress);
    Optional<CaptureGap> gap = new Capture(pipeline, client, progress, patience).start();
    if (gap.isPresent()) {
      throw new CaptureException(gap.get().message());
    }
    progress.accept(
        "%s: %s"
            .formatted(
                pipeline.connectorName(), client.status(pipeline.connectorName()).orElseThrow()));
  }

  private void awaitWorker(ConnectClient client, Consumer<String> progress) {
    long deadline = System.nanoTime() + patience.toNanos();
    progress.accept("Waiting for the worker at " + connect);
    while (!client.isHealthy()) {
      if (System.nanoTime() >= deadline) {
        throw new CaptureException(
            "Cannot register the connector: no worker answers at %s after %d s (expected a healthy one). See the worker's log."
                .formatted(connect, patience.toSeconds()));
      }
      try {
        Thread.sleep(POLL_INTERVAL.toMillis());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new CaptureException("Cannot wait for the worker: interrupted.", e);
      }
    }
  }
}
