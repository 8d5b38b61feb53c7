/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import dev.cdclake.contract.Stage;
import dev.cdclake.failure.FailureCode;
import dev.cdclake.failure.PipelineException;
import org.apache.iceberg.PendingUpdate;
import org.apache.iceberg.exceptions.CommitStateUnknownException;
import org.apache.iceberg.exceptions.ValidationException;

/** Commits, and says in our words how a commit can fail. */
public final class GuardedCommit {

  private GuardedCommit() {}

  /**
   * Commits an update. Nothing is retried and no file is deleted on doubt: whether it landed is
   * what the next run reads from the table.
   *
   * @throws PipelineException if somebody else changed the table, or the outcome is unknown
   */
  public static void commit(PendingUpdate<?> update, String table, Stage stage) {
    try {
      update.commit();
    } catch (ValidationException e) {
      throw new PipelineException(
          stage,
          FailureCode.CONCURRENT_WRITER,
          "Cannot commit to table '%s': it changed while the batch was made (expected one job of"
                  .formatted(table)
              + " a stage per pipeline, and maintenance). Stop any other one, then run again.",
          e);
    } catch (CommitStateUnknownException e) {
      throw new PipelineException(
          stage,
          FailureCode.COMMIT_UNKNOWN,
          "Cannot tell whether a commit to table '%s' landed: the catalog did not answer. Run"
                  .formatted(table)
              + " again: the next run continues from whatever the table then says.",
          e);
    }
  }
}
