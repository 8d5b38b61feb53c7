/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchPageTest {

  private static final Path PAGE = Path.of("../docs/benchmarks.md");

  @TempDir private Path folder;

  @Test
  void partIsWrittenBetweenItsMarksAndNothingElseChanges() throws IOException {
    Path page =
        Files.writeString(
            folder.resolve("page.md"),
            """
            before
            <!-- silver: written by 'make bench' -->
            old
            <!-- end of silver -->
            after
            """);

    BenchPage.write(page, Part.SILVER, results(run("ours", 1, 100), run("theirs", 1, 50)));

    assertThat(Files.readString(page))
        .startsWith("before\n<!-- silver")
        .endsWith("<!-- end of silver -->\nafter\n")
        .contains("a machine", "| changes | ours | 100 (100–100)", "benchmarks/silver-speed.svg")
        .doesNotContain("old");
    assertThat(Files.readString(folder.resolve("benchmarks/silver-speed.svg"))).contains("<svg");
  }

  @Test
  void pageWithoutMarksIsRefused() throws IOException {
    Path page = Files.writeString(folder.resolve("page.md"), "text");

    assertThatThrownBy(() -> BenchPage.write(page, Part.SILVER, results()))
        .hasMessageContaining("its marks are not there");
  }

  @Test
  void ratioIsTakenRoundByRound() {
    List<Sample> ours = List.of(run("ours", 1, 100), run("ours", 2, 300), run("ours", 3, 90));
    List<Sample> theirs =
        List.of(run("theirs", 1, 50), run("theirs", 2, 100), run("theirs", 3, 90));

    assertThat(BenchPage.ratio(ours, theirs, Sample::rowsPerSecond)).isEqualTo("2× (1–3)");
  }

  @Test
  void firstRunOfAProcessIsToldApart() {
    Sample cold = new Sample("changes", "ours", 1, true, 10, 1, 1, 5, 1, "a", "a");

    assertThat(BenchPage.render(results(cold, run("ours", 1, 100))))
        .contains("| ours | 100 (100–100) |  | 100 |  | 10 |");
  }

  @Test
  void resultThatDiffersIsMarked() {
    Sample wrong = run("theirs", 1, 50).judged("2 rows", "3 rows");
    Results results = results(run("ours", 1, 100), wrong);

    assertThat(BenchPage.render(results)).contains("**1 of 1 differ**");
    assertThat(results.failures())
        .containsExactly("changes, theirs, round 1: the result is 2 rows (expected 3 rows)");
  }

  @Test
  void delaysAreInSeconds() {
    Delay delay = new Delay(200, 199.6, "silver", 1200, 0, 1500, 2250, 3000, 0.5, 2500);

    assertThat(BenchPage.render(new Results("", "", List.of(), List.of(delay))))
        .contains("| 200 | 200 | silver | 1.50 s | 2.25 s | 3 s | 1,200 | 0.500 | 2,500 | yes |");
  }

  @Test
  void pageHasAPlaceForEveryPart() throws IOException {
    String page = Files.readString(PAGE);

    for (Part part : Part.values()) {
      assertThat(page)
          .contains("<!-- %s: written by 'make bench' -->".formatted(part.label()))
          .contains("<!-- end of %s -->".formatted(part.label()));
    }
  }

  @Test
  void resultsAreReadAsTheyWereKept() {
    Results results = results(run("ours", 1, 100));
    Path file = folder.resolve("results/silver.json");

    results.write(file);

    assertThat(Results.read(file)).isEqualTo(results);
  }

  private static Results results(Sample... samples) {
    return new Results("a machine", "settings", List.of(samples), List.of());
  }

  private static Sample run(String contender, int round, double rowsPerSecond) {
    return new Sample(
        "changes",
        contender,
        round,
        false,
        1_000,
        1_000 / rowsPerSecond,
        1_000 / rowsPerSecond,
        512,
        4,
        "same",
        "same");
  }
}
