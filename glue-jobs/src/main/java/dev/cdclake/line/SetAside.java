/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.line;

import dev.cdclake.contract.Stage;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tables of a stage whose last batch failed. Each is tried again after a pause of its own, so
 * that one which cannot be written never holds up the others.
 */
final class SetAside {

  private static final Logger LOG = LoggerFactory.getLogger(SetAside.class);

  /** How long a table waits that somebody has to put right. */
  private static final Duration FOR_A_PERSON = Duration.ofSeconds(10);

  private final Stage stage;
  private final Consumer<String> told;
  private final Map<String, Failed> failed = new ConcurrentHashMap<>();

  /** The newest of so many failures in a row, and when to try again. */
  private record Failed(RuntimeException failure, int times, Instant until) {}

  /**
   * Prepares a stage of which nothing has failed yet.
   *
   * @param told told, in words, of a failure that does not pass at once
   */
  SetAside(Stage stage, Consumer<String> told) {
    this.stage = stage;
    this.told = told;
  }

  /**
   * Runs a batch of a table.
   *
   * @return empty if there was nothing to do, the table still waits, or the batch failed
   */
  <T> Optional<T> attempt(String table, Supplier<Optional<T>> batch) {
    Failed before = failed.get(table);
    if (before != null && Instant.now().isBefore(before.until())) {
      return Optional.empty();
    }
    try {
      Optional<T> done = Retries.unchecked(batch);
      failed.remove(table);
      return done;
    } catch (RuntimeException e) {
      int times = before == null ? 1 : before.times() + 1;
      boolean needsAPerson = Retries.needsAPerson(e);
      Duration pause = needsAPerson ? FOR_A_PERSON : Retries.pauseAfter(times);
      failed.put(table, new Failed(e, times, Instant.now().plus(pause)));
      LOG.warn(
          "Table {}.{} is set aside for {} ms: {}",
          stage.label(),
          table,
          pause.toMillis(),
          e.getMessage(),
          e);
      boolean news =
          before == null || !String.valueOf(before.failure().getMessage()).equals(e.getMessage());
      if (needsAPerson ? news : times == Retries.WORTH_TELLING) {
        told.accept(
            needsAPerson
                ? e.getMessage()
                : "Table '%s.%s' fails and is tried again and again, the others go on: %s"
                    .formatted(stage.label(), table, e.getMessage()));
      }
      return Optional.empty();
    }
  }

  /** Returns the newest failure of every table that waits. */
  List<RuntimeException> failures() {
    return failed.values().stream().map(Failed::failure).toList();
  }

  /**
   * Returns how long to wait until a table that waits is worth another try; empty if none is.
   *
   * @param mostFailures in a row, of a kind that passes by itself
   */
  Optional<Duration> nextTry(int mostFailures) {
    return failed.values().stream()
        .filter(one -> Retries.isWorthATry(one.failure(), one.times(), mostFailures))
        .map(one -> Duration.between(Instant.now(), one.until()))
        .min(Duration::compareTo);
  }
}
