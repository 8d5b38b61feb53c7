/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.cdclake.contract.JobName;
import dev.cdclake.contract.SettingsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
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
  void jobJarForAnotherScalaThanTheSettingsSayIsRefused() throws IOException {
    Artifacts artifacts = withJobJarFor("2.12");

    assertThat(artifacts.builtFor("2.12")).isSameAs(artifacts);
    assertThat(
            catchThrowableOfType(SettingsException.class, () -> artifacts.builtFor("2.13"))
                .problems())
        .singleElement()
        .asString()
        .contains("was built for Scala '2.12' (expected '2.13', as jobs.scala says).");
  }

  private Artifacts withJobJarFor(String scala) throws IOException {
    Artifacts artifacts =
        Artifacts.of(folder, folder.resolve("pipeline.yaml"), folder.resolve("gold"));
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().putValue("Scala-Version", scala);
    Files.createDirectories(artifacts.jobJar().getParent());
    new JarOutputStream(Files.newOutputStream(artifacts.jobJar()), manifest).close();
    return artifacts;
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
