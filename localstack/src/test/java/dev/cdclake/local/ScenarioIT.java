/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Plays every file of {@code localstack/scenarios} on real servers. With the system property {@code
 * scenario}, a regular expression, only those whose name it is found in.
 */
class ScenarioIT {

  private static List<Scenario> scenarios;
  private static Path state;
  private static ScenarioLine line;

  @BeforeAll
  static void start() throws IOException, SQLException {
    Pattern chosen = Pattern.compile(System.getProperty("scenario", ""));
    scenarios =
        Scenario.all(Scenario.FOLDER).stream()
            .filter(scenario -> chosen.matcher(scenario.name()).find())
            .toList();
    Path target = Files.createDirectories(Path.of("target").toAbsolutePath());
    state = Files.createTempDirectory(target, "scenarios-");
    line = ScenarioLine.start(state, scenarios);
  }

  @TestFactory
  Stream<DynamicTest> scenarios() {
    // All are handed over before the first is waited for.
    List<Future<?>> plays = new ArrayList<>();
    scenarios.forEach(scenario -> plays.add(line.play(scenario)));
    return IntStream.range(0, plays.size())
        .mapToObj(
            i ->
                dynamicTest(
                    scenarios.get(i).sentence(),
                    scenarios.get(i).file().toUri(),
                    () -> await(scenarios.get(i), plays.get(i))));
  }

  /** A promise that is not kept yet has to fail: else its mark would outlive the reason. */
  private static void await(Scenario scenario, Future<?> play) throws Exception {
    Throwable failure = null;
    try {
      play.get();
    } catch (ExecutionException e) {
      failure = e.getCause();
    }
    if (scenario.notYet().isEmpty()) {
      if (failure != null) {
        throw new AssertionError(failure.getMessage(), failure);
      }
    } else {
      assertThat(failure)
          .as("%s passes; remove 'not-yet: %s'", scenario.name(), scenario.notYet())
          .isNotNull();
    }
  }

  /** Leaves the servers' logs where a failed start can be read from them. */
  @AfterAll
  static void stop() throws IOException {
    if (line == null) {
      return;
    }
    line.close();
    try (Stream<Path> files = Files.walk(state)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
