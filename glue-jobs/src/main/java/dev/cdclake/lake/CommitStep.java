/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import java.io.Serializable;

/**
 * A place in one Kafka partition where the events of a later transaction begin.
 *
 * <p>Debezium sends transactions in the order of their commits, and every event names the commit
 * before its own transaction (the first part of {@code source.sequence}). All events of a
 * transaction name the same one, so events that name a commit below any LSN are always whole
 * transactions, and the same ones in every topic. See <a
 * href="https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-create-events">the
 * source block of an event</a>.
 *
 * @param commit LSN of the commit before the transaction
 * @param offset Kafka offset of the transaction's first event in the partition
 */
public record CommitStep(long commit, long offset) implements Serializable {}
