/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.chaos.FuzzOutcome.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ShrinkerTest {

  private static final FuzzScript.Table TABLE =
      new FuzzScript.Table(
          "a", "%s", Map.of(), List.of(new Statement.Plain("create table ${a} ()")));

  @Test
  void onlyWhatTheFailureNeedsIsLeft() {
    List<FuzzStep> steps = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      steps.add(FuzzStep.Do.of("a", new Statement.Plain("step " + i)));
    }
    Statement insert =
        new Statement.Insert(
            "${a}", List.of("id", "note"), List.of(List.of("1", "'x'"), List.of("2", "'y'")), "");
    steps.add(23, FuzzStep.Do.of("b", insert));
    FuzzScript script = new FuzzScript(1, List.of(TABLE), List.of(insert), steps);

    FuzzScript smallest =
        new Shrinker(ShrinkerTest::play, Duration.ofMinutes(1)).shrink(script, failure());

    assertThat(smallest.before()).isEmpty();
    assertThat(smallest.steps())
        .containsExactly(
            FuzzStep.Do.of("a", new Statement.Plain("step 7")),
            FuzzStep.Do.of(
                "b", new Statement.Insert("${a}", List.of("id"), List.of(List.of("2")), "")));
  }

  /** Fails for scripts that have step 7 and insert the number 2. */
  private static List<FuzzOutcome> play(List<FuzzScript> scripts) {
    return scripts.stream()
        .map(
            script -> {
              List<String> statements =
                  script.steps().stream()
                      .map(step -> ((FuzzStep.Do) step).statement().sql())
                      .toList();
              boolean fails =
                  statements.contains("step 7")
                      && statements.stream()
                          .anyMatch(sql -> sql.startsWith("insert") && sql.contains("(2"));
              return fails ? failure() : new FuzzOutcome(Kind.EQUAL, "", Set.of());
            })
        .toList();
  }

  private static FuzzOutcome failure() {
    return new FuzzOutcome(Kind.DIFFERENT, "one row", Set.of());
  }
}
