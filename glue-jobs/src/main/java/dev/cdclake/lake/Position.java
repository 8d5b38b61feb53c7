/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import java.io.Serializable;
import java.util.Locale;

/**
 * A position in the history of the source: ordered by epoch, then by LSN.
 *
 * @param epoch the timeline of the database, from one
 * @param lsn the position in the write-ahead log
 */
public record Position(int epoch, long lsn) implements Comparable<Position>, Serializable {

  /** Before everything. */
  public static final Position START = new Position(0, 0);

  @Override
  public int compareTo(Position other) {
    int byEpoch = Integer.compare(epoch, other.epoch);
    return byEpoch != 0 ? byEpoch : Long.compareUnsigned(lsn, other.lsn);
  }

  /** Returns the LSN as PostgreSQL prints it, for example {@code 0/1A2B3C4}. */
  public String lsnText() {
    return Long.toHexString(lsn >>> 32).toUpperCase(Locale.ROOT)
        + "/"
        + Long.toHexString(lsn & 0xFFFFFFFFL).toUpperCase(Locale.ROOT);
  }
}
