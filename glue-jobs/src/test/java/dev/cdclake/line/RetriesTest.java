/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.line;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cdclake.contract.SettingsException;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.FailureCode;
import dev.cdclake.failure.PipelineException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class RetriesTest {

  private final List<Duration> pauses = new ArrayList<>();
  private final List<String> told = new ArrayList<>();
  private int runs;

  @Test
  void batchThatAnotherWriterSpoiltIsRunAgain() {
    assertThat(retries(3).run(Stage.SILVER, failing(2, conflict()))).isEqualTo("done");
    assertThat(pauses).containsExactly(Duration.ofMillis(200), Duration.ofMillis(400));
  }

  @Test
  void outageIsWaitedForAsLongAsItTakes() {
    RuntimeException diskFull =
        new IllegalStateException(
            new UncheckedIOException(new IOException("No space left on device")));

    assertThat(retries(Integer.MAX_VALUE).run(Stage.SILVER, failing(20, diskFull)))
        .isEqualTo("done");
    assertThat(pauses.get(19)).isEqualTo(Duration.ofSeconds(30));
    assertThat(told).hasSize(1);
    assertThat(told.get(0)).startsWith("A batch of silver fails").contains("No space left");
  }

  @Test
  void checkedExceptionOfAFailedSparkTaskIsAnOutageToo() {
    Exception failedTask =
        new Exception("Job aborted due to stage failure", new IOException("No space left"));

    String done =
        retries(Integer.MAX_VALUE)
            .run(
                Stage.BRONZE,
                () -> ++runs <= 10 ? RetriesTest.<RuntimeException>thrown(failedTask) : "done");

    assertThat(done).isEqualTo("done");
  }

  /** Throws as Scala does: without a declaration. */
  @SuppressWarnings("unchecked")
  private static <E extends Exception> String thrown(Exception failure) throws E {
    throw (E) failure;
  }

  @Test
  void runThatEndsGivesUpAfterAWhile() {
    assertThatThrownBy(() -> retries(3).run(Stage.SILVER, failing(4, conflict())))
        .isInstanceOf(PipelineException.class)
        .hasMessage("busy");
    assertThat(runs).isEqualTo(4);
  }

  @Test
  void whatHasToBePutRightIsNotTriedAgain() {
    PipelineException gap = new PipelineException(Stage.BRONZE, FailureCode.KAFKA_GAP, "gap");

    assertThatThrownBy(() -> retries(3).run(Stage.BRONZE, failing(2, gap))).hasMessage("gap");
    assertThatThrownBy(
            () ->
                retries(3)
                    .run(Stage.GOLD, failing(2, new SettingsException("m.sql", List.of("no.")))))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("m.sql");
    assertThat(pauses).isEmpty();
  }

  @Test
  void failureThatNobodyForesawEndsTheStageAtLast() {
    assertThatThrownBy(
            () ->
                retries(Integer.MAX_VALUE)
                    .run(Stage.GOLD, failing(100, new IllegalStateException("bug"))))
        .hasMessage("bug");
    assertThat(runs).isEqualTo(6);
  }

  @Test
  void stoppedLineDoesNotTryAgain() {
    Retries stopped = new Retries(3, wait -> false, told::add);

    assertThatThrownBy(() -> stopped.run(Stage.SILVER, failing(1, conflict()))).hasMessage("busy");
    assertThat(runs).isEqualTo(1);
  }

  private Retries retries(int most) {
    return new Retries(most, pauses::add, told::add);
  }

  private Supplier<String> failing(int times, RuntimeException failure) {
    return () -> {
      if (runs++ < times) {
        throw failure;
      }
      return "done";
    };
  }

  private static PipelineException conflict() {
    return new PipelineException(Stage.SILVER, FailureCode.CONCURRENT_WRITER, "busy");
  }
}
