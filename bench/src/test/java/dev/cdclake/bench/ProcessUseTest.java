/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ProcessUseTest {

  @Test
  void peakIsReadFromTheStatusOfAProcess() {
    assertThat(ProcessUse.peakMegabytes(List.of("VmPeak:\t  9000000 kB", "VmHWM:\t  524288 kB")))
        .isEqualTo(512);
    assertThat(ProcessUse.peakMegabytes(List.of("Name:\tjava"))).isEqualTo(-1);
  }

  @Test
  void workTakesProcessorTime() {
    ProcessUse use = ProcessUse.of(ProcessHandle.current());
    long before = use.cpu().toMillis();
    long sum = 0;
    for (long i = 0; use.cpu().toMillis() < before + 20; i++) {
      sum += OrderVersion.mixed(i);
    }

    assertThat(sum).isNotZero();
    assertThat(use.cpu().toMillis()).isGreaterThan(before);
  }
}
