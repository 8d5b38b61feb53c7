/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

/** Keys that our commits write into an Iceberg snapshot's summary. */
public final class SnapshotKeys {

  /** What all of our keys begin with. */
  public static final String PREFIX = "cdclake.";

  /** What the table has consumed, as JSON; see the lake's {@code Progress}. */
  public static final String PROGRESS = "cdclake.progress";

  /** Identifies one attempt to commit, for a person who looks for it in a log and in the table. */
  public static final String COMMIT_ID = "cdclake.commit-id";

  /** Name of the job that committed. */
  public static final String STAGE = "cdclake.stage";

  /** What the expectations of a silver table found in the batch, as JSON. */
  public static final String EXPECTATIONS = "cdclake.expectations";

  /** The LSN up to which a table is complete, and beyond which it holds nothing, as text. */
  public static final String COMPLETE_LSN = "cdclake.complete-lsn";

  /** What keys begin with that say something of their own commit alone, and nothing later. */
  public static final String MARK_PREFIX = "cdclake.mark.";

  /** Marks a commit of deletes that belong to rows which a compaction moved: no row goes by it. */
  public static final String MOVED = MARK_PREFIX + "moved";

  /** Marks a replacement of files that leaves out rows which were forgotten. */
  public static final String FORGOTTEN = MARK_PREFIX + "forgotten";

  private SnapshotKeys() {}
}
