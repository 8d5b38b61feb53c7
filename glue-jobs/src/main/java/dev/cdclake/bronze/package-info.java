/* Licensed under the Apache License, Version 2.0: see LICENSE. */
/**
 * Topics to bronze: every change, unaltered, appended once.
 *
 * <p>Kafka records come in, rows of the bronze tables (and rejected rows, and event schemas) go
 * out. Read it in this order: {@code BronzeJob}, {@code TopicRanges}, {@code KafkaRecords}, {@code
 * ChangeWriter}, {@code ChangeEnvelope}, {@code BronzeTable}. Silver is next.
 */
package dev.cdclake.bronze;
