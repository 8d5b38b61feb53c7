/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.connect;

import java.util.List;

/**
 * What the Connect worker says about a connector.
 *
 * @param state in Connect's words, for example {@code RUNNING} or {@code FAILED}
 * @param tasks in the order of their numbers; empty until the worker has started them
 * @param trace the connector's stack trace; empty unless it failed
 */
public record ConnectorStatus(String state, List<Task> tasks, String trace) {

  private static final String RUNNING = "RUNNING";
  private static final String STOPPED = "STOPPED";
  private static final String FAILED = "FAILED";

  /**
   * A task of the connector.
   *
   * @param id its number
   * @param state in Connect's words
   * @param trace its stack trace; empty unless it failed
   */
  public record Task(int id, String state, String trace) {

    /** Returns whether the task has given up. */
    public boolean isFailed() {
      return FAILED.equals(state);
    }
  }

  public ConnectorStatus {
    tasks = List.copyOf(tasks);
  }

  /** Returns whether the connector and at least one task run, and no task does anything else. */
  public boolean isRunning() {
    return RUNNING.equals(state)
        && !tasks.isEmpty()
        && tasks.stream().allMatch(task -> RUNNING.equals(task.state()));
  }

  /** Returns whether the connector or one of its tasks has given up. */
  public boolean isFailed() {
    return FAILED.equals(state) || tasks.stream().anyMatch(Task::isFailed);
  }

  /** Returns whether the connector was told to stop and no task is left. */
  public boolean isStopped() {
    return STOPPED.equals(state) && tasks.isEmpty();
  }

  /** Returns the first lines of what caused the failure; empty unless something failed. */
  public String rootCause() {
    String failed =
        tasks.stream().filter(Task::isFailed).map(Task::trace).findFirst().orElse(trace);
    return RootCause.of(FAILED.equals(state) && !trace.isEmpty() ? trace : failed);
  }

  @Override
  public String toString() {
    return "connector %s, tasks %s".formatted(state, tasks.stream().map(Task::state).toList());
  }
}
