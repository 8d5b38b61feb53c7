/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class MainTest {

  private final StringWriter err = new StringWriter();

  @Test
  void unknownPartIsRefusedInOneMessage() {
    assertThat(exitCode("--what", "platinum")).isEqualTo(2);
    assertThat(err.toString()).contains("platinum", "BRONZE", "'make bench WHAT=help'");
  }

  @Test
  void tooFewRowsAreRefused() {
    assertThat(exitCode("--rows", "20000,5")).isEqualTo(2);
    assertThat(err.toString())
        .contains("Cannot measure: --rows is [20000, 5] (expected 10000 or more each).");
  }

  @Test
  void anyOtherSizeIsATrial() {
    assertThat(Sizes.STANDARD.isStandard()).isTrue();
    assertThat(
            new Sizes(
                    1_000_000,
                    List.of(1_000_000L),
                    50_000,
                    1_000,
                    20,
                    3,
                    List.of(200),
                    120,
                    200,
                    Sizes.STANDARD.memory())
                .isStandard())
        .isFalse();
  }

  private int exitCode(String... options) {
    List<String> arguments = new ArrayList<>(List.of("--folder", "unused", "--page", "unused.md"));
    arguments.addAll(List.of(options));
    CommandLine line = Main.commandLine();
    line.setErr(new PrintWriter(err, true));
    return line.execute(arguments.toArray(String[]::new));
  }
}
