/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import dev.cdclake.infra.DeploymentSettings.Night;
import java.time.Duration;

/** Times of the working day, as EventBridge Scheduler writes them. */
final class DayTimes {

  /** Least time from the start of the servers to their stop: jobs wait for one hour of it. */
  static final Duration SHORTEST = Duration.ofHours(2);

  private DayTimes() {}

  /** Whether a schedule of minutes and hours can say it: the same times in every hour or day. */
  static boolean fits(Duration every) {
    long minutes = every.toMinutes();
    return every.equals(Duration.ofMinutes(minutes))
        && minutes > 0
        && (minutes % 60 == 0 || 60 % minutes == 0);
  }

  /**
   * Returns the fields of a schedule that begins one hour after the servers are started, when they
   * surely are up, and ends before they are stopped.
   *
   * @param every see {@link #fits}
   */
  static String every(Duration every, Night night) {
    int first = night.start().getHour() + 1;
    int last = night.stop().getHour() - 1;
    if (every.toMinutes() < 60) {
      return "0/%d %d-%d ? * MON-FRI *".formatted(every.toMinutes(), first, last);
    }
    if (every.toHours() > last - first) {
      return "0 %d ? * MON-FRI *".formatted(first);
    }
    return "0 %d-%d/%d ? * MON-FRI *".formatted(first, last, every.toHours());
  }

  /** Returns the hours of a month in which servers run. */
  static double hoursUp(Night night, double hoursOfMonth) {
    double perDay = Duration.between(night.start(), night.stop()).toMinutes() / 60.0;
    return perDay * 5 / (7 * 24) * hoursOfMonth;
  }
}
