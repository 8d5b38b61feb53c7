/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.infra.DeploymentSettings.Night;
import java.time.Duration;
import java.time.LocalTime;
import java.time.ZoneId;
import org.junit.jupiter.api.Test;

class DayTimesTest {

  private static final Night NIGHT =
      new Night(LocalTime.of(20, 0), LocalTime.of(7, 0), ZoneId.of("Etc/UTC"));

  @Test
  void runsBeginAnHourAfterTheServersAndEndBeforeThem() {
    assertThat(DayTimes.every(Duration.ofMinutes(15), NIGHT)).isEqualTo("0/15 8-19 ? * MON-FRI *");
    assertThat(DayTimes.every(Duration.ofHours(1), NIGHT)).isEqualTo("0 8-19/1 ? * MON-FRI *");
  }

  @Test
  void serversRunThirteenHoursOnFiveOfSevenDays() {
    assertThat(DayTimes.hoursUp(NIGHT, 168)).isEqualTo(65.0);
  }
}
