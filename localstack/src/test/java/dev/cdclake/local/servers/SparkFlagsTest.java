/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local.servers;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.launcher.JavaModuleOptions;
import org.junit.jupiter.api.Test;

class SparkFlagsTest {

  @Test
  void fileHoldsWhatSparkAsksForExceptItsMachineLearning() throws IOException {
    List<String> asked =
        Arrays.stream(JavaModuleOptions.defaultModuleOptionArray())
            .filter(flag -> !flag.equals("--add-modules=jdk.incubator.vector"))
            .toList();

    assertThat(Files.readAllLines(Installation.current().sparkFlags())).containsAll(asked);
  }
}
