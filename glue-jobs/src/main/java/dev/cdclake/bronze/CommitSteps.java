/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bronze;

import dev.cdclake.lake.CommitStep;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Collects where transactions begin in one partition, as far as that can matter later: of the
 * settled part the newest one, of the rest all.
 *
 * <p>The offset of a point is asked for with a commit that is at least the newest of the settled
 * parts, so older ones need not be remembered, however many events there are.
 */
final class CommitSteps implements Serializable {

  private static final long serialVersionUID = 1L;

  private final long settled;
  private final List<CommitStep> steps = new ArrayList<>();
  private long newest = -1;

  /**
   * Starts with nothing.
   *
   * @param settled offsets below this one are settled
   */
  CommitSteps(long settled) {
    this.settled = settled;
  }

  /** Takes the next event. */
  void see(long commit, long offset) {
    if (commit <= newest) {
      return;
    }
    newest = commit;
    if (!steps.isEmpty() && offset < settled) {
      steps.clear();
    }
    steps.add(new CommitStep(commit, offset));
  }

  /** Returns the steps in order. */
  List<CommitStep> steps() {
    return List.copyOf(steps);
  }

  /** Joins the steps of several parts of one partition: each rises above all before it. */
  static List<CommitStep> joined(List<CommitStep> steps) {
    List<CommitStep> sorted = new ArrayList<>(steps);
    sorted.sort(Comparator.comparingLong(CommitStep::offset));
    List<CommitStep> joined = new ArrayList<>();
    long newest = -1;
    for (CommitStep step : sorted) {
      if (step.commit() > newest) {
        newest = step.commit();
        joined.add(step);
      }
    }
    return joined;
  }
}
