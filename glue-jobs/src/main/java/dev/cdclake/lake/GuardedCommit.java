/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import dev.cdclake.contract.Stage;
import dev.cdclake.failure.FailureCode;
import dev.cdclake.failure.PipelineException;
import org.apache.iceberg.PendingUpdate;
import org.apache.iceberg.exceptions.CommitFailedException;
import org.apache.iceberg.exceptions.CommitStateUnknownException;
import org.apache.iceberg.exceptions.ValidationException;

/** Commits, and says in our words how a commit can fail. */
public final class GuardedCommit {

  private GuardedCommit() {}

  /**
   * Commits an update; see {@link #run}.
   *
   * @throws PipelineException if somebody else changed the table, or the outcome is unknown
   */
  public static void commit(PendingUpdate<?> update, String table, Stage stage) {
    run(update::commit, table, stage);
  }

  /**
   * Runs a write that commits. Nothing is retried and no file is deleted on doubt: whether the
   * commit landed is what the next batch reads from the table.
   *
   * @throws PipelineException if somebody else changed the table, or the outcome is unknown
   */
  public static void run(Runnable write, String table, Stage stage) {
    try {
      write.run();
    } catch (ValidationException | CommitFailedException e) {
      throw new PipelineException(
          stage,
          FailureCode.CONCURRENT_WRITER,
          "Cannot commit to table '%s': it changed while the batch was made (expected no other"
                  .formatted(table)
              + " writer at that moment; maintenance may be one). Nothing was changed: run again."
              + " If it goes on, stop the other job of this stage.",
          e);
    } catch (CommitStateUnknownException e) {
      throw new PipelineException(
          stage,
          FailureCode.COMMIT_UNKNOWN,
          "Cannot tell whether a commit to table '%s' landed: the catalog did not answer (%s). No"
                  .formatted(table, reason(e))
              + " file was deleted. Run again: the next batch continues from whatever the table then"
              + " says.",
          e);
    }
  }

  private static String reason(CommitStateUnknownException e) {
    return e.getCause() == null ? "no reason given" : e.getCause().getMessage();
  }
}
