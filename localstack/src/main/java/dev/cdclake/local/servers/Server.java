/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local.servers;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * One server of the local line: a process that is started, watched and stopped. After {@link #stop}
 * or after its process died it can be started again.
 */
public interface Server {

  /** Returns the name that people read, for example {@code Kafka}. */
  String name();

  /** Returns the ports that the server listens on, all on localhost. */
  List<Port> ports();

  /** Returns the file that holds what the server prints. */
  Path log();

  /** Returns how long the server may take from its start until it is healthy. */
  Duration patience();

  /** Starts the process; does not wait until the server is healthy. */
  void start();

  /** Tells whether the server answers. */
  boolean isHealthy();

  /** Tells whether the server's process runs. */
  boolean isAlive();

  /** Returns the process id. Throws {@link IllegalStateException} unless the server was started. */
  long processId();

  /** Stops the process in good order, and by force when that takes too long. */
  void stop();

  /**
   * A port and where it is set.
   *
   * @param number the TCP port on localhost
   * @param setting its key below {@code profiles.<profile>.ports}
   */
  record Port(int number, String setting) {}
}
