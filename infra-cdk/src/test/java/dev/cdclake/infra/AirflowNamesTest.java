/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.contract.JobName;
import dev.cdclake.infra.DeploymentSettings.Form;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The DAGs name the contract's jobs, in the order in which Step Functions would run them. That a
 * real Airflow takes them is tested by {@code make dags}.
 */
class AirflowNamesTest {

  private static final Path DAGS = Path.of("../airflow/dags/lakehouse.py");

  @ParameterizedTest
  @EnumSource
  void jobsRunInTheSameTurnAsWithoutAirflow(Form form) throws IOException {
    assertThat(jobs("\"%s\":".formatted(form.name().toLowerCase(Locale.ROOT))))
        .containsExactlyElementsOf(labels(JobsStack.inTurn(form)));
  }

  @Test
  void sameJobsRunAtNightAsWithoutAirflow() throws IOException {
    assertThat(jobs("NIGHTLY =")).containsExactlyElementsOf(labels(JobsStack.nightly()));
  }

  private static List<String> labels(List<JobName> jobs) {
    return jobs.stream().map(JobName::label).toList();
  }

  /** Returns the names in the list behind a text. */
  private static List<String> jobs(String before) throws IOException {
    Matcher list =
        Pattern.compile(Pattern.quote(before) + "\\s*\\[([^]]*)]").matcher(Files.readString(DAGS));
    assertThat(list.find()).as(before).isTrue();
    return Pattern.compile("\"(\\w+)\"")
        .matcher(list.group(1))
        .results()
        .map(name -> name.group(1))
        .toList();
  }
}
