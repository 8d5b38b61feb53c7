/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cdclake.contract.SnapshotKeys;
import java.util.List;
import java.util.Optional;
import org.apache.iceberg.Snapshot;

/**
 * What the expectations of a silver table found in one batch. It is kept in the summary of the
 * snapshot that holds the batch's rows, so it is there exactly if they are; {@link
 * ExpectationCounts} makes a table of it.
 */
public record ExpectationResults(List<Result> results) {

  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * What one expectation found.
   *
   * @param expectation its name
   * @param severity {@code flag}, {@code quarantine} or {@code stop}
   * @param checked rows that were checked; where one of the table's expectations holds rows back,
   *     every version of them
   * @param broken of these, rows that broke it
   */
  public record Result(String expectation, String severity, long checked, long broken) {}

  public ExpectationResults {
    results = List.copyOf(results);
  }

  /** Reads what the batch of a snapshot found; empty if it holds no batch that was checked. */
  public static Optional<ExpectationResults> of(Snapshot snapshot) {
    String json = snapshot.summary().get(SnapshotKeys.EXPECTATIONS);
    try {
      return json == null
          ? Optional.empty()
          : Optional.of(JSON.readValue(json, ExpectationResults.class));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("Cannot read the results of expectations '" + json + "'.", e);
    }
  }

  /** Writes the summary's value. */
  public String toJson() {
    try {
      return JSON.writeValueAsString(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("Cannot write the results of expectations as JSON.", e);
    }
  }
}
