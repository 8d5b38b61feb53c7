/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import dev.cdclake.infra.DeploymentSettings.Night;
import java.time.Duration;

/** Times of the working day, as EventBridge Scheduler writes them. */
final class DayTimes {

  private DayTimes() {}

  /**
   * Returns the fields of a schedule that begins one hour after the servers are started, when they
   * surely are up, and ends before they are stopped.
   */
  static String every(Duration every, Night night) {
    int first = night.start().getHour() + 1;
    int last = night.stop().getHour() - 1;
    if (every.toMinutes() < 60) {
      return "0/%d %d-%d ? * MON-FRI *".formatted(every.toMinutes(), first, last);
    }
    return "0 %d-%d/%d ? * MON-FRI *".formatted(first, last, every.toHours());
  }

  /** Returns the hours of a month in which servers run. */
  static double hoursUp(Night night, double hoursOfMonth) {
    double perDay = Duration.between(night.start(), night.stop()).toMinutes() / 60.0;
    return perDay * 5 / (7 * 24) * hoursOfMonth;
  }
}
