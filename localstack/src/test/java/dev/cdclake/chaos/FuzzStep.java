/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.chaos;

import dev.cdclake.failure.RejectReason;
import java.util.Set;

/** One step of a {@link FuzzScript}. */
sealed interface FuzzStep {

  /**
   * Runs a statement in a session of the source; one that PostgreSQL refuses leaves nothing behind.
   *
   * @param explains why events of the script's tables may be rejected from here on
   */
  record Do(String session, Statement statement, Set<RejectReason> explains) implements FuzzStep {

    static Do of(String session, Statement statement) {
      return new Do(session, statement, Set.of());
    }
  }

  /**
   * Runs the lake over everything that is committed.
   *
   * @param events that a batch of bronze reads at most
   * @param silver whether silver follows every batch
   */
  record Run(long events, boolean silver) implements FuzzStep {}

  /** Compares source and silver, unless a transaction is open. */
  record Verify() implements FuzzStep {}
}
