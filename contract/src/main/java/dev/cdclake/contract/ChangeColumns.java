/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

/**
 * Names of the columns that are the pipeline's own, in bronze and in silver.
 *
 * <p>They begin with {@code _}, except the documented public ones. One set, defined once.
 */
public final class ChangeColumns {

  /** Timeline of the source database; orders changes before their LSN does. */
  public static final String EPOCH = "_epoch";

  /** Position of the change in the write-ahead log. */
  public static final String LSN = "_lsn";

  /** Whether a snapshot read the row; on equal LSNs a streamed change is the newer one. */
  public static final String SNAPSHOT = "_snapshot";

  /** Kafka partition of the event. */
  public static final String PARTITION = "_kafka_partition";

  /** The partition of a bronze row that is no event: {@link #OP_FILL}. */
  public static final int NO_PARTITION = -1;

  /** Kafka offset of the event. */
  public static final String OFFSET = "_kafka_offset";

  /** Transaction id in the source, 32 bits as PostgreSQL's stream carries it. */
  public static final String TXID = "_txid";

  /**
   * Debezium's operation: {@code r}, {@code c}, {@code u}, {@code d} or {@code t}; or {@link
   * #BARRIER}.
   */
  public static final String OP = "_op";

  /** Operation of a bronze row that is no event: values read from the source to fill a column. */
  public static final String OP_FILL = "f";

  /** A TRUNCATE of the table in the source. */
  public static final String TRUNCATE = "t";

  /**
   * Ours: behind a snapshot that read the whole table anew, ends every row that was last changed
   * before the snapshot began and was not found by it.
   */
  public static final String BARRIER = "g";

  /** Kafka header that carries the epoch that an event was captured in. */
  public static final String EPOCH_HEADER = "cdclake.epoch";

  /** When the source committed the change. */
  public static final String COMMITTED_AT = "_committed_at";

  /** Fingerprint of the schema that the event carried. */
  public static final String SCHEMA = "_schema";

  /** The key that the row had before its primary key was updated, as the event's key. */
  public static final String MOVED_FROM = "_moved_from";

  /** The key that the row got when its primary key was updated, as the event's key. */
  public static final String MOVED_TO = "_moved_to";

  /** The event's key as JSON, NULL for a table without one. */
  public static final String KEY = "key";

  /** The row before the change as JSON, NULL where the event has none. */
  public static final String BEFORE = "before";

  /** The row after the change as JSON, NULL where the event has none. */
  public static final String AFTER = "after";

  /** When bronze read the event. */
  public static final String PROCESSED_AT = "processed_at";

  /** Silver: whether the row exists in the source. */
  public static final String IS_ACTIVE = "is_active";

  /** Silver: names of the expectations that the row breaks, and of values that were lost. */
  public static final String DQ_FLAGS = "dq_flags";

  private ChangeColumns() {}
}
