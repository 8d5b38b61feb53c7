/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Where change events travel.
 *
 * @param embedded whether the local line starts the broker itself
 * @param bootstrap {@code host:port}, several joined by commas
 * @param connectEmbedded whether the local line starts the Connect worker itself
 * @param connectUrl address of the Connect worker's REST interface
 * @param topicPrefix first part of every topic name; the connector is named after it
 * @param partitions partitions of a topic that the line creates
 * @param maxMessageBytes the largest event that connector, broker, topics and jobs let through
 * @param properties further client properties (security), with references to secrets; see {@link
 *     Secret#resolve}
 */
public record Kafka(
    boolean embedded,
    String bootstrap,
    boolean connectEmbedded,
    String connectUrl,
    String topicPrefix,
    int partitions,
    int maxMessageBytes,
    Map<String, String> properties) {

  /** How long Kafka keeps events: the time that bronze may stand still without a resnapshot. */
  private static final Duration RETENTION = Duration.ofDays(7);

  public Kafka {
    properties = Map.copyOf(properties);
  }

  /** Returns the settings of a table's topic, as Kafka names them. */
  public Map<String, String> topicSettings() {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("cleanup.policy", "delete");
    settings.put("retention.ms", String.valueOf(RETENTION.toMillis()));
    settings.put("max.message.bytes", String.valueOf(maxMessageBytes));
    // The producer's batches are stored as they come.
    settings.put("compression.type", "producer");
    return settings;
  }

  /** Returns the same topics on brokers that were made for a deployed line. */
  Kafka at(ServerAddresses servers) {
    Map<String, String> all = new LinkedHashMap<>(properties);
    all.putAll(servers.kafkaSecurity().properties());
    return new Kafka(
        false,
        servers.kafkaBootstrap(),
        false,
        connectUrl,
        topicPrefix,
        partitions,
        maxMessageBytes,
        all);
  }
}
