/* Licensed under the Apache License, Version 2.0: see LICENSE. */
/**
 * Captures the source: settings of the Connect worker and of the Debezium connector, and the client
 * that registers one with the other.
 *
 * <p>In comes the pipeline; out come property maps and a running connector whose events the bronze
 * stage reads from Kafka next.
 */
package dev.cdclake.connect;
