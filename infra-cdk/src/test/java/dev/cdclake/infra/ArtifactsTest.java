/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.cdclake.contract.JobName;
import dev.cdclake.contract.SettingsException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ArtifactsTest {

  @TempDir Path folder;

  @Test
  void everythingThatWasNotBuiltIsNamedAtOnce() {
    Artifacts artifacts =
        Artifacts.of(folder, folder.resolve("pipeline.yaml"), folder.resolve("gold"));

    assertThat(catchThrowableOfType(SettingsException.class, artifacts::present).problems())
        .hasSize(4 + JobName.values().length)
        .allMatch(problem -> problem.endsWith("Run 'make build'."))
        .anyMatch(problem -> problem.contains("the entry script of job silver"));
  }

  @Test
  void standInsTakeThePlaceOfWhatWasNotBuilt() {
    Artifacts artifacts =
        Artifacts.of(folder, folder.resolve("pipeline.yaml"), folder.resolve("gold"))
            .orStandIns(folder.resolve("stand-ins"));

    assertThat(artifacts.jobJar()).exists();
    assertThat(artifacts.connectImage().resolve("Dockerfile")).exists();
    assertThat(JobName.values()).allMatch(job -> Files.exists(artifacts.script(job)));
  }
}
