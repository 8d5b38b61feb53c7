/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import dev.cdclake.lake.Position;
import java.io.Serializable;
import java.time.Instant;

/**
 * A TRUNCATE of the source, or the barrier behind a full snapshot: it ends every row older than
 * itself.
 *
 * @param txid its transaction, null if it was applied by an earlier batch
 * @param committedAt null if it was applied by an earlier batch
 * @param op which of the two
 */
record Truncation(int epoch, long lsn, Long txid, Instant committedAt, String op)
    implements Serializable {

  Position position() {
    return new Position(epoch, lsn);
  }
}
