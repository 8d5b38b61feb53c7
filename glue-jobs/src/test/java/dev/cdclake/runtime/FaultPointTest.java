/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FaultPointTest {

  private static final int KILLED = 137;

  @TempDir private Path folder;

  /** Passes some points and says so. */
  static final class Walk {

    private Walk() {}

    public static void main(String[] arguments) {
      for (int round = 1; round <= 3; round++) {
        FaultPoint.SILVER_BEFORE_COMMIT.pass();
        FaultPoint.SILVER_AFTER_COMMIT.pass();
        System.out.print(round);
      }
    }
  }

  /** How a process ended, and what it said until then. */
  private record Ended(int code, String said) {}

  @Test
  void processDiesAtTheFirstPassOfTheChosenPoint() throws Exception {
    assertThat(walk("-Dcdclake.die-at=SILVER_AFTER_COMMIT")).isEqualTo(new Ended(KILLED, ""));
  }

  @Test
  void fileNamesThePassAndIsGoneAfterwards() throws Exception {
    Path wish = Files.writeString(folder.resolve("wish"), "SILVER_BEFORE_COMMIT:3\n");

    assertThat(walk("-Dcdclake.die-at=@" + wish)).isEqualTo(new Ended(KILLED, "12"));
    assertThat(wish).doesNotExist();
  }

  @Test
  void processLivesWhereNothingIsWished() throws Exception {
    Path wish = folder.resolve("wish");

    assertThat(walk("-Dcdclake.die-at=@" + wish)).isEqualTo(new Ended(0, "123"));
    assertThat(walk("-Dcdclake.die-at=GOLD_AFTER_COMMIT")).isEqualTo(new Ended(0, "123"));
  }

  private static Ended walk(String property) throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                property,
                "-cp",
                String.join(
                    File.pathSeparator, List.of(place(FaultPoint.class), place(Walk.class))),
                Walk.class.getName())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    return new Ended(process.waitFor(), said);
  }

  private static String place(Class<?> type) throws Exception {
    URI place = type.getProtectionDomain().getCodeSource().getLocation().toURI();
    return Path.of(place).toString();
  }
}
