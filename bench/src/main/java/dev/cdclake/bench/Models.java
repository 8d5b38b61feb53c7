/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** The gold models that are measured, put where a pipeline file finds them. */
final class Models {

  /** Sums per customer over the narrow table. */
  static final String TOTALS = "customer_totals";

  /** One row per timed change. */
  static final String ARRIVALS = "arrivals";

  private Models() {}

  /** Returns the folder of a lake's models. */
  static Path folder(Path state) {
    return state.resolve("models");
  }

  /** Puts a model into a lake's folder. */
  static void put(Path state, String model) {
    for (String file : new String[] {model + ".sql", model + ".yml"}) {
      try (InputStream content = Models.class.getResourceAsStream("/models/" + file)) {
        Files.createDirectories(folder(state));
        Files.copy(content, folder(state).resolve(file), StandardCopyOption.REPLACE_EXISTING);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
