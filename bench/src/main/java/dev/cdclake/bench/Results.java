/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What one part found, and the circumstances.
 *
 * @param where day, machine and versions, in words
 * @param settings sizes and settings, in words
 */
record Results(String where, String settings, List<Sample> samples, List<Delay> delays) {

  Results {
    samples = List.copyOf(samples);
    delays = List.copyOf(delays);
  }

  /** Returns what a contender made that is not what the source says, in words. */
  List<String> failures() {
    List<String> failures = new ArrayList<>();
    for (Sample sample : samples) {
      if (!sample.isEqual()) {
        failures.add(
            "%s, %s, round %d: the result is %s (expected %s)"
                .formatted(
                    sample.scenario(),
                    sample.contender(),
                    sample.round(),
                    sample.found(),
                    sample.expected()));
      }
    }
    for (Delay delay : delays) {
      if (delay.missing() > 0) {
        failures.add(
            "%d changes a second: %d changes never reached %s"
                .formatted(delay.rate(), delay.missing(), delay.layer()));
      }
    }
    return failures;
  }

  /** Keeps the results, in place of those of an earlier call. */
  void write(Path file) {
    try {
      Files.createDirectories(file.getParent());
      Json.MAPPER.writerWithDefaultPrettyPrinter().writeValue(file.toFile(), this);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Results read(Path file) {
    try {
      return Json.MAPPER.readValue(file.toFile(), Results.class);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
