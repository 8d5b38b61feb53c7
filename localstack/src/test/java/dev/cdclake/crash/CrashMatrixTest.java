/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CrashMatrixTest {

  private static final Path PAGE = Path.of("../docs/crash-matrix.md");
  private static final Instant DAY = Instant.parse("2026-11-21T18:00:00Z");

  @Test
  void runsOfAPointAreAddedUpInTheOrderInWhichDataFlows() {
    List<CrashRun> runs =
        List.of(
            run(CrashPoint.SILVER_AFTER_COMMIT, 1, 0, 9_000),
            run(CrashPoint.KAFKA, 0, 0, 4_000),
            run(CrashPoint.SILVER_AFTER_COMMIT, 0, 2, 7_000),
            run(CrashPoint.SILVER_AFTER_COMMIT, 0, 0, 30_000),
            notAwaited(CrashPoint.SILVER_AFTER_COMMIT));

    assertThat(CrashMatrix.render(runs, "Two cores.").lines())
        .startsWith("2026-11-21. Two cores.", "")
        .containsSubsequence(
            "| PostgreSQL: immediate shutdown | 0 | 0 | 0 | 0 |  |",
            "| Kafka broker | 1 | 1 | 0 | 0 | 4.0 s |",
            "| silver: after the commit of one of several tables | 4 | 4 | 1 | 2 | 9.0 s |",
            "| **all** | 5 | 5 | 1 | 2 | 9.0 s |");
  }

  @Test
  void onlyWhatIsBetweenTheMarksOfThePageIsReplaced(@TempDir Path folder) throws IOException {
    Path page = Files.copy(PAGE, folder.resolve("page.md"));
    CrashMatrix.write(page, List.of(run(CrashPoint.KAFKA, 0, 0, 1)), "Here.");
    String once = Files.readString(page);

    CrashMatrix.write(page, List.of(run(CrashPoint.KAFKA, 0, 0, 1)), "Here.");

    assertThat(once).startsWith(Files.readString(PAGE).substring(0, 100)).contains("Here.");
    assertThat(Files.readString(page)).isEqualTo(once);
  }

  @Test
  void pageWithoutMarksIsRefused(@TempDir Path folder) throws IOException {
    Path page = Files.writeString(folder.resolve("page.md"), "# Nothing");

    assertThatThrownBy(() -> CrashMatrix.write(page, List.of(), ""))
        .hasMessageContaining("its marks are not there");
  }

  @Test
  void runIsReadAsItWasWritten() {
    CrashRun run = run(CrashPoint.DISK_FULL, 3, 4, 5);

    assertThat(CrashRun.parse(run.toLine())).isEqualTo(run);
    assertThat(CrashRun.parse(notAwaited(CrashPoint.KAFKA).toLine()))
        .isEqualTo(notAwaited(CrashPoint.KAFKA));
  }

  @Test
  void pageHasEveryPoint() throws IOException {
    String page = Files.readString(PAGE);

    for (CrashPoint point : CrashPoint.values()) {
      assertThat(page).contains("| " + point.sentence() + " |");
    }
  }

  private static CrashRun run(CrashPoint point, long lost, long doubled, long recovery) {
    return new CrashRun(DAY, point, 1, lost, doubled, OptionalLong.of(recovery), 10, "");
  }

  /** Returns a run whose recovery was struck again. */
  private static CrashRun notAwaited(CrashPoint point) {
    return new CrashRun(DAY, point, 1, 0, 0, OptionalLong.empty(), 10, "");
  }
}
