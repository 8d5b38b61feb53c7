/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Plays random scripts on the real line and compares source and silver after each.
 *
 * <p>A build plays a few seeds, always the same. {@code make fuzz MINUTES=30} plays for half an
 * hour, from the seed behind the last one that {@code fuzz.folder} tells of; {@code SEED=17,18}
 * plays those. A failing script is kept there, made as small as possible in the form of a scenario.
 */
class FuzzIT {

  /** The first five have found bugs. */
  private static final String ALWAYS = "6,20,57,92,118,1001,1002,1003";

  private static final int ROUND = 16;
  private static final long FIRST_SEED = 1;
  private static final Duration SHRINKING = Duration.ofMinutes(5);

  private final Path folder =
      Path.of(System.getProperty("fuzz.folder", "target/fuzz")).toAbsolutePath();
  private final Map<FuzzOutcome.Kind, Integer> counts = new EnumMap<>(FuzzOutcome.Kind.class);
  private final List<String> failures = new ArrayList<>();

  @Test
  void silverEqualsTheSourceWhateverIsDoneToIt() throws IOException {
    String minutes = System.getProperty("fuzz.minutes", "");
    String seed = System.getProperty("fuzz.seed", minutes.isEmpty() ? ALWAYS : "");
    Files.createDirectories(folder);
    Path state = Files.createTempDirectory(folder, "line-");
    try (FuzzLine line = FuzzLine.start(state)) {
      if (!seed.isEmpty()) {
        round(line, Stream.of(seed.split(",", -1)).map(Long::valueOf).toList());
      } else {
        Instant end = Instant.now().plus(Duration.ofMinutes(Long.parseLong(minutes)));
        while (Instant.now().isBefore(end)) {
          round(line, seeds(nextSeed(), ROUND));
        }
      }
    }
    System.out.printf("Seeds by outcome: %s. See %s%n", counts, seedsFile());
    assertThat(failures).isEmpty();
  }

  private static List<Long> seeds(long first, int count) {
    return LongStream.range(first, first + count).boxed().toList();
  }

  private void round(FuzzLine line, List<Long> seeds) throws IOException {
    Instant start = Instant.now();
    List<FuzzScript> scripts = seeds.stream().map(FuzzGenerator::script).toList();
    List<FuzzOutcome> outcomes = line.play(scripts);
    long each = Duration.between(start, Instant.now()).toMillis() / seeds.size();
    for (int i = 0; i < seeds.size(); i++) {
      FuzzOutcome outcome = outcomes.get(i);
      counts.merge(outcome.kind(), 1, Integer::sum);
      record(scripts.get(i), outcome, each);
      if (outcome.failed()) {
        failures.add(keep(line, scripts.get(i), outcome));
      }
    }
    System.out.printf(
        "Seeds %d to %d: %d ms each; so far %s%n",
        seeds.get(0), seeds.get(seeds.size() - 1), each, counts);
  }

  private String keep(FuzzLine line, FuzzScript script, FuzzOutcome outcome) throws IOException {
    Path file = folder.resolve("seed-%d.yaml".formatted(script.seed()));
    Path found = folder.resolve("seed-%d.txt".formatted(script.seed()));
    String table = "fz" + script.seed();
    Files.writeString(file, script.toScenario(table, outcome.refused()));
    Files.writeString(found, outcome.text());
    System.out.printf(
        "Seed %d: %s %s%n",
        script.seed(), outcome.kind(), outcome.text().lines().findFirst().orElse(""));
    if (!Boolean.getBoolean("fuzz.keep-large")) {
      FuzzScript small = new Shrinker(line::play, SHRINKING).shrink(script, outcome);
      FuzzOutcome again = line.play(List.of(small)).get(0);
      file = folder.resolve("seed-%d-small.yaml".formatted(script.seed()));
      String scenario = small.toScenario(table, again.refused());
      Files.writeString(file, scenario);
      System.out.println(scenario);
      System.out.println(again.kind() + " " + again.text());
    }
    return "seed %d: %s, see %s".formatted(script.seed(), outcome.kind(), file);
  }

  /** One line a seed: what an interrupted run has found is not lost. */
  private void record(FuzzScript script, FuzzOutcome outcome, long millis) throws IOException {
    String text =
        String.join(
            "\t",
            Instant.now().toString(),
            String.valueOf(script.seed()),
            outcome.kind().name(),
            String.valueOf(script.steps().size()),
            String.valueOf(outcome.refused().size()),
            String.valueOf(millis),
            outcome.text().lines().findFirst().orElse(""));
    Files.writeString(
        seedsFile(),
        text + System.lineSeparator(),
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }

  private long nextSeed() throws IOException {
    if (!Files.exists(seedsFile())) {
      return FIRST_SEED;
    }
    return Files.readAllLines(seedsFile()).stream()
            .mapToLong(text -> Long.parseLong(text.split("\t", -1)[1]))
            .max()
            .orElse(FIRST_SEED - 1)
        + 1;
  }

  private Path seedsFile() {
    return folder.resolve("seeds.tsv");
  }
}
