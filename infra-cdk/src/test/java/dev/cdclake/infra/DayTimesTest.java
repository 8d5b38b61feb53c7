/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.contract.DurationText;
import dev.cdclake.infra.DeploymentSettings.Night;
import java.time.Duration;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.stream.Stream;
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
  void stepThatIsLongerThanTheDayIsOneRun() {
    Night shortest = new Night(LocalTime.of(9, 0), LocalTime.of(7, 0), ZoneId.of("Etc/UTC"));

    assertThat(DayTimes.every(Duration.ofDays(1), NIGHT)).isEqualTo("0 8 ? * MON-FRI *");
    assertThat(DayTimes.every(Duration.ofHours(1), shortest)).isEqualTo("0 8 ? * MON-FRI *");
    assertThat(DayTimes.every(Duration.ofMinutes(30), shortest))
        .isEqualTo("0/30 8-8 ? * MON-FRI *");
  }

  @Test
  void onlyPartsOfAnHourAndWholeHoursFitAClock() {
    assertThat(Stream.of("5m", "15m", "1h", "5h", "1d").map(DayTimesTest::duration))
        .allMatch(DayTimes::fits);
    assertThat(Stream.of("0s", "330s", "7m", "45m", "90m").map(DayTimesTest::duration))
        .noneMatch(DayTimes::fits);
  }

  private static Duration duration(String text) {
    return DurationText.parse(text).orElseThrow();
  }

  @Test
  void serversRunThirteenHoursOnFiveOfSevenDays() {
    assertThat(DayTimes.hoursUp(NIGHT, 168)).isEqualTo(65.0);
  }
}
