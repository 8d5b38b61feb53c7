/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.capture;

import io.debezium.DebeziumException;
import io.debezium.snapshot.mode.InitialSnapshotter;

/**
 * Debezium's initial snapshot, which is not repeated by itself when it was interrupted.
 *
 * <p>Debezium would read all tables once more while the slot of the first attempt exists. Rows that
 * were deleted in between would stay for ever, rows of a table without a key would be there twice,
 * and each table would be read at a moment of its own, which the stream does not fit. So the
 * connector stops, and capture begins anew: with a new slot, and with a barrier behind what the
 * first attempt read.
 */
public final class WholeSnapshot extends InitialSnapshotter {

  /** What the connector's configuration calls it. */
  public static final String NAME = "whole";

  @Override
  public String name() {
    return NAME;
  }

  /**
   * Tells whether to read the tables.
   *
   * @throws DebeziumException if the connector was stopped while it read them
   */
  @Override
  public boolean shouldSnapshotData(boolean offsetExists, boolean snapshotInProgress) {
    if (snapshotInProgress) {
      throw new DebeziumException(
          "Cannot read the tables on: the connector's first snapshot was interrupted (expected it"
              + " to be whole). Begin it anew with './cdclake resnapshot --all'.");
    }
    return super.shouldSnapshotData(offsetExists, false);
  }
}
