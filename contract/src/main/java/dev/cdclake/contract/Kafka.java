/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

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

  public Kafka {
    properties = Map.copyOf(properties);
  }
}
