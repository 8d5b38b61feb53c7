/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.line;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.contract.Stage;
import dev.cdclake.failure.FailureCode;
import dev.cdclake.failure.PipelineException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class SetAsideTest {

  private static final int MOST = 2;

  private final List<String> told = new ArrayList<>();
  private final SetAside aside = new SetAside(Stage.SILVER, told::add);
  private int runs;

  @Test
  void tableThatFailsWaitsAndTheOthersGoOn() {
    assertThat(aside.attempt("orders", failing(new IllegalStateException("bug")))).isEmpty();

    assertThat(aside.attempt("orders", this::done)).isEmpty();
    assertThat(aside.attempt("users", this::done)).contains("done");
    assertThat(runs).isEqualTo(2);
    assertThat(aside.failures()).extracting(RuntimeException::getMessage).containsExactly("bug");
  }

  @Test
  void tableIsTriedAgainAfterItsPauseAndForgottenWhenItPasses() throws InterruptedException {
    aside.attempt("orders", failing(new IllegalStateException("bug")));
    Duration wait = aside.nextTry(MOST).orElseThrow();
    assertThat(wait).isLessThanOrEqualTo(Retries.pauseAfter(1));
    Thread.sleep(Retries.pauseAfter(1).toMillis());

    assertThat(aside.attempt("orders", this::done)).contains("done");
    assertThat(aside.failures()).isEmpty();
    assertThat(aside.nextTry(MOST)).isEmpty();
    assertThat(told).isEmpty();
  }

  @Test
  void whatAPersonHasToPutRightIsToldAtOnceAndNotWorthATry() {
    aside.attempt(
        "orders",
        failing(new PipelineException(Stage.SILVER, FailureCode.EXPECTATION_BROKEN, "broken")));

    assertThat(told).containsExactly("broken");
    assertThat(aside.nextTry(MOST)).isEmpty();
  }

  @Test
  void failureThatDoesNotPassIsToldOnce() throws InterruptedException {
    for (int i = 0; i < 4; i++) {
      aside.attempt("orders", failing(new IllegalStateException("bug")));
      Thread.sleep(Math.max(0, aside.nextTry(9).orElseThrow().toMillis() + 1));
    }

    assertThat(runs).isEqualTo(4);
    assertThat(told).hasSize(1);
    assertThat(told.get(0)).startsWith("Table 'silver.orders' fails").endsWith("bug");
  }

  private Supplier<Optional<String>> failing(RuntimeException failure) {
    return () -> {
      runs++;
      throw failure;
    };
  }

  private Optional<String> done() {
    runs++;
    return Optional.of("done");
  }
}
