/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cdclake.contract.Stage;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import java.util.Optional;

/**
 * What a stage says about one run over one table, as the lake's process prints it.
 *
 * @param stage the stage that ran
 * @param table the lake table, or the gold model
 * @param read rows read
 * @param written rows written
 * @param rejected rows that could not be used
 * @param behind rows known to wait for the next run
 * @param committedAt when the run was committed; empty when there was nothing to commit
 * @param latency from commit in the source to commit in the lake; empty when not measured
 */
public record ReportLine(
    Stage stage,
    String table,
    long read,
    long written,
    long rejected,
    long behind,
    Optional<Instant> committedAt,
    Optional<Latency> latency) {

  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * Percentiles of a latency.
   *
   * @param median half of the rows took no longer
   * @param p99 of a hundred rows, 99 took no longer
   */
  public record Latency(Duration median, Duration p99) {}

  /** Reads one line; empty when it is not a report. */
  public static Optional<ReportLine> parse(String line) {
    try {
      JsonNode json = JSON.readTree(line);
      if (!json.path("stage").isTextual() || !json.path("table").isTextual()) {
        return Optional.empty();
      }
      return Optional.of(
          new ReportLine(
              Stage.valueOf(json.path("stage").asText().toUpperCase(Locale.ROOT)),
              json.path("table").asText(),
              json.path("read").asLong(),
              json.path("written").asLong(),
              json.path("rejected").asLong(),
              json.path("behind").asLong(),
              instant(json.path("committed_at")),
              latency(json.path("latency_ms"))));
    } catch (JsonProcessingException | IllegalArgumentException | DateTimeParseException e) {
      return Optional.empty();
    }
  }

  /** Reads what keeps a table waiting, in words; empty when the line says something else. */
  static Optional<String> problem(String line) {
    try {
      return Optional.of(JSON.readTree(line).path("problem").asText(""))
          .filter(problem -> !problem.isEmpty());
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }

  private static Optional<Instant> instant(JsonNode json) {
    return json.isTextual() ? Optional.of(Instant.parse(json.asText())) : Optional.empty();
  }

  private static Optional<Latency> latency(JsonNode json) {
    return json.hasNonNull("p50") && json.hasNonNull("p99")
        ? Optional.of(
            new Latency(
                Duration.ofMillis(json.path("p50").asLong()),
                Duration.ofMillis(json.path("p99").asLong())))
        : Optional.empty();
  }
}
