/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.container;

import dev.cdclake.connect.Capture;
import dev.cdclake.connect.CaptureException;
import dev.cdclake.connect.WorkerProperties;
import dev.cdclake.contract.Pipeline;
import java.util.Map;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.connect.cli.ConnectDistributed;
import org.apache.kafka.connect.errors.ConnectException;

/** A distributed Connect worker. Its settings are handed over in memory: no file holds them. */
final class Worker {

  /** All addresses of the container: who may reach them is up to the network around it. */
  private static final String EVERY_ADDRESS = "";

  private Worker() {}

  /** Runs until the process is told to end; then its tasks commit what they have read. */
  static void run(Pipeline pipeline, int port) {
    try {
      new ConnectDistributed().startConnect(properties(pipeline, port)).awaitStop();
    } catch (ConfigException | ConnectException e) {
      throw new CaptureException(
          "Cannot run the worker: %s (expected it to join its group). Check the variables of Kafka, and the rights of the task's role there."
              .formatted(e.getMessage()),
          e);
    }
  }

  /** Returns the worker's settings; it looks secrets up itself, in its environment. */
  static Map<String, String> properties(Pipeline pipeline, int port) {
    return WorkerProperties.render(pipeline, EVERY_ADDRESS, port, Capture.copies(pipeline));
  }
}
