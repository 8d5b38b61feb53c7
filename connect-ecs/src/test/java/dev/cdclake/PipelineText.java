/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake;

import dev.cdclake.contract.Pipeline;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads a pipeline from text, the way {@code pipeline.yaml} is read. */
public final class PipelineText {

  private PipelineText() {}

  public static Pipeline read(String text) {
    try {
      Path file = Files.createTempFile("pipeline", ".yaml");
      try {
        Files.writeString(file, text);
        return Pipeline.read(file, "dev", "local");
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
