/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local.servers;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PidFileTest {

  @TempDir private Path folder;
  private final List<Process> started = new ArrayList<>();

  @AfterEach
  void endProcesses() {
    started.forEach(Process::destroyForcibly);
  }

  @Test
  void runningProcessIsFound() throws IOException {
    Process process = sleep();
    PidFile.of(folder, "kafka").write(process.toHandle());

    assertThat(PidFile.of(folder, "kafka").process()).contains(process.toHandle());
  }

  @Test
  void endedProcessIsNotFound() throws IOException, InterruptedException {
    Process process = sleep();
    PidFile.of(folder, "kafka").write(process.toHandle());
    process.destroyForcibly().waitFor();

    assertThat(PidFile.of(folder, "kafka").process()).isEmpty();
  }

  @Test
  void processThatGotTheSameIdLaterIsNotFound() throws IOException {
    Process process = sleep();
    Files.writeString(folder.resolve("kafka.pid"), process.pid() + " 1000000000000");

    assertThat(PidFile.of(folder, "kafka").process()).isEmpty();
  }

  @Test
  void missingOrCutFileNamesNoProcess() throws IOException {
    assertThat(PidFile.of(folder, "kafka").process()).isEmpty();
    Files.writeString(folder.resolve("kafka.pid"), "12");
    assertThat(PidFile.of(folder, "kafka").process()).isEmpty();
    Files.writeString(folder.resolve("kafka.pid"), "");
    assertThat(PidFile.of(folder, "kafka").process()).isEmpty();
  }

  @Test
  void orphansAreStoppedAndStrangersLeftAlone() throws IOException, InterruptedException {
    Process orphan = sleep();
    Process stranger = sleep();
    PidFile.of(folder, "kafka").write(orphan.toHandle());
    Files.writeString(folder.resolve("connect.pid"), stranger.pid() + " 1000000000000");
    List<String> told = new ArrayList<>();

    Orphans.stop(folder, told::add);

    assertThat(orphan.waitFor()).isNotZero();
    assertThat(stranger.isAlive()).isTrue();
    assertThat(told)
        .containsExactly(
            "Stopped kafka, process %d, which an earlier run left behind".formatted(orphan.pid()));
    assertThat(folder).isEmptyDirectory();
  }

  private Process sleep() throws IOException {
    Process process = new ProcessBuilder("sleep", "60").start();
    started.add(process);
    return process;
  }
}
