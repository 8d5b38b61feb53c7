/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

/**
 * Where the servers of a deployed line are: known once they were made, so not from the pipeline
 * file.
 *
 * @param sourceHost of the captured database
 * @param sourceUser role that captures and reads it
 * @param sourceSslMode as {@code sslmode} of a PostgreSQL connection
 * @param kafkaBootstrap {@code host:port}, several joined by commas
 */
public record ServerAddresses(
    String sourceHost,
    int sourcePort,
    String sourceUser,
    String sourceSslMode,
    String kafkaBootstrap,
    KafkaSecurity kafkaSecurity) {}
