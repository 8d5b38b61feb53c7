/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bronze;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.lake.CommitStep;
import java.util.List;
import org.junit.jupiter.api.Test;

class CommitStepsTest {

  @Test
  void newestTransactionOfTheSettledPartAndAllOfTheRestAreKept() {
    CommitSteps steps = new CommitSteps(4);
    steps.see(10, 0);
    steps.see(20, 1);
    steps.see(30, 2);
    steps.see(30, 3);
    steps.see(40, 4);
    steps.see(50, 6);

    assertThat(steps.steps())
        .containsExactly(new CommitStep(30, 2), new CommitStep(40, 4), new CommitStep(50, 6));
  }

  @Test
  void transactionThatSpansTwoPartsBeginsInTheFirst() {
    assertThat(
            CommitSteps.joined(
                List.of(new CommitStep(30, 100), new CommitStep(40, 150), new CommitStep(30, 90))))
        .containsExactly(new CommitStep(30, 90), new CommitStep(40, 150));
  }

  @Test
  void repeatedEventsBeginNothing() {
    CommitSteps steps = new CommitSteps(0);
    steps.see(30, 0);
    steps.see(20, 1);
    steps.see(30, 2);

    assertThat(steps.steps()).containsExactly(new CommitStep(30, 0));
  }
}
