/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class MemoryWatchTest {

  @Test
  void memoryOfProcessesThatNameAFolderIsSummed(@TempDir Path folder)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder("sh", "-c", "sleep 30 & sleep 30; : " + folder.resolve("x")).start();
    try (MemoryWatch watch = MemoryWatch.start(folder);
        MemoryWatch other = MemoryWatch.start(folder.resolve("nobody"))) {
      for (int i = 0; i < 100 && watch.peakMegabytes() < 0; i++) {
        Thread.sleep(100);
      }
      assertThat(watch.peakMegabytes()).isBetween(0L, 100L);
      assertThat(other.peakMegabytes()).isEqualTo(-1);
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  @Test
  void proportionalSetSizeIsRead() {
    assertThat(MemoryWatch.kilobytes(List.of("Rss:     9 kB", "Pss:     1234 kB"))).isEqualTo(1234);
    assertThat(MemoryWatch.kilobytes(List.of())).isZero();
  }
}
