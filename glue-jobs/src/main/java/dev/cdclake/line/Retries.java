/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.line;

import dev.cdclake.contract.SettingsException;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.PipelineException;
import dev.cdclake.failure.Remedy;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs a failed batch again, after a pause that doubles from failure to failure.
 *
 * <p>Any batch may be run again, because it begins by reading from its tables what they have. It is
 * not worth trying where something has to be put right first, or where a failure that nobody
 * foresaw comes again and again.
 */
final class Retries {

  private static final Logger LOG = LoggerFactory.getLogger(Retries.class);

  private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

  /** Failures in a row, of a kind that nobody foresaw, after which the stage ends. */
  private static final int MOST_UNFORESEEN = 5;

  /** Failures in a row that are more than a hitch: a person is told. */
  static final int WORTH_TELLING = 3;

  private final int mostForeseen;
  private final Predicate<Duration> pause;
  private final Consumer<String> told;

  /**
   * Prepares retries.
   *
   * @param mostForeseen failures in a row, of a kind that passes by itself, after which to give up
   * @param pause waits; false if there shall be no further try
   * @param told told, in words, of a failure that does not pass at once
   */
  Retries(int mostForeseen, Predicate<Duration> pause, Consumer<String> told) {
    this.mostForeseen = mostForeseen;
    this.pause = pause;
    this.told = told;
  }

  /** Runs a batch until it succeeds; throws its failure when another try is not worth it. */
  <T> T run(Stage stage, Supplier<T> batch) {
    for (int failures = 1; ; failures++) {
      try {
        return unchecked(batch);
      } catch (RuntimeException e) {
        if (!isWorthATry(e, failures, mostForeseen)) {
          throw e;
        }
        Duration wait = pauseAfter(failures);
        LOG.warn(
            "A batch of {} failed and is run again in {} ms: {}",
            stage.label(),
            wait.toMillis(),
            e.getMessage(),
            e);
        if (failures == WORTH_TELLING) {
          told.accept(
              "A batch of %s fails and is tried again and again: %s"
                  .formatted(stage.label(), e.getMessage()));
        }
        if (!pause.test(wait)) {
          throw e;
        }
      }
    }
  }

  /** Runs a batch; what Spark throws when a task fails is checked, though no method declares it. */
  static <T> T unchecked(Supplier<T> batch) {
    try {
      return batch.get();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns the pause after so many failures in a row. */
  static Duration pauseAfter(int failures) {
    Duration pause = FIRST_PAUSE;
    for (int i = 1; i < failures && pause.compareTo(LONGEST_PAUSE) < 0; i++) {
      pause = pause.multipliedBy(2);
    }
    return pause.compareTo(LONGEST_PAUSE) < 0 ? pause : LONGEST_PAUSE;
  }

  /** Whether nothing has to be put right first, and there were not too many failures in a row. */
  static boolean isWorthATry(RuntimeException failure, int failures, int mostForeseen) {
    if (needsAPerson(failure)) {
      return false;
    }
    return failures
        <= (failure instanceof PipelineException || isOutage(failure)
            ? mostForeseen
            : MOST_UNFORESEEN);
  }

  /** Whether the failure comes again until somebody puts right what causes it. */
  static boolean needsAPerson(RuntimeException failure) {
    return failure instanceof SettingsException
        || (failure instanceof PipelineException known
            && known.code().remedy() == Remedy.FIX_THEN_RERUN);
  }

  /** Whether a disk, the network or the catalog failed: all of them come back. */
  private static boolean isOutage(RuntimeException failure) {
    return Stream.<Throwable>iterate(failure, Objects::nonNull, Throwable::getCause)
        .anyMatch(cause -> cause instanceof IOException || cause instanceof SQLException);
  }

  /** An {@link Error}, such as a full heap, is thrown as it is: nobody goes on after it. */
  static RuntimeException unwrapped(ExecutionException e) {
    if (e.getCause() instanceof Error error) {
      throw error;
    }
    return e.getCause() instanceof RuntimeException cause
        ? cause
        : new IllegalStateException(e.getCause());
  }
}
