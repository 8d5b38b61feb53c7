/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.source;

/**
 * What PostgreSQL writes into the log about the row that an update or delete replaces.
 *
 * @see <a href="https://www.postgresql.org/docs/current/sql-altertable.html">ALTER TABLE … REPLICA
 *     IDENTITY</a>
 */
public enum ReplicaIdentity {
  /** The columns of the primary key. */
  DEFAULT("d"),
  /** Every column. */
  FULL("f"),
  /** Nothing. */
  NOTHING("n"),
  /** The columns of one unique index. */
  INDEX("i");

  private final String code;

  ReplicaIdentity(String code) {
    this.code = code;
  }

  static ReplicaIdentity of(String code) {
    for (ReplicaIdentity identity : values()) {
      if (identity.code.equals(code)) {
        return identity;
      }
    }
    throw new IllegalArgumentException(
        "Cannot read replica identity: '%s' (expected d, f, n or i).".formatted(code));
  }
}
