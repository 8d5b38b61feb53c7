/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.connect;

import dev.cdclake.contract.Kafka;
import dev.cdclake.contract.Pipeline;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.config.ConfigResource;

/**
 * Makes the tables' topics before the connector writes to them, and lets those that exist take
 * messages as large as the pipeline file says.
 *
 * <p>The connector would make a topic with its first event, one after the other, within the Kafka
 * transaction of the events: with many tables that takes longer than a transaction may.
 */
final class TableTopics {

  private static final String LIMIT = "max.message.bytes";

  private final Kafka kafka;
  private final Consumer<String> progress;
  private final Admin admin;

  private TableTopics(Kafka kafka, Consumer<String> progress, Admin admin) {
    this.kafka = kafka;
    this.progress = progress;
    this.admin = admin;
  }

  /**
   * Makes topics that are missing, and raises the limit of the others where it is lower; it is
   * never lowered. What Kafka refuses is left to the connector.
   *
   * @param replicationFactor copies of a new topic, -1 for the broker's default
   * @param progress is told of topics whose limit changed, and of what was refused
   */
  static void prepare(Pipeline pipeline, int replicationFactor, Consumer<String> progress) {
    try (Admin admin = CapturedTopics.admin(pipeline.kafka())) {
      TableTopics topics = new TableTopics(pipeline.kafka(), progress, admin);
      Set<String> existing = admin.listTopics().names().get();
      List<String> wanted = pipeline.tables().stream().map(pipeline::topic).toList();
      topics.create(
          wanted.stream().filter(topic -> !existing.contains(topic)).toList(), replicationFactor);
      topics.raiseLimits(wanted.stream().filter(existing::contains).toList());
    } catch (ExecutionException e) {
      progress.accept("Cannot look at the topics: %s.".formatted(e.getCause().getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted while asking Kafka for its topics.", e);
    }
  }

  private void create(List<String> missing, int replicationFactor) throws InterruptedException {
    List<NewTopic> topics =
        missing.stream()
            .map(
                topic ->
                    new NewTopic(topic, kafka.partitions(), (short) replicationFactor)
                        .configs(kafka.topicSettings()))
            .toList();
    try {
      admin.createTopics(topics).all().get();
    } catch (ExecutionException e) {
      progress.accept(
          "Cannot create %d topics: %s. The connector tries it with their first events."
              .formatted(missing.size(), e.getCause().getMessage()));
    }
  }

  private void raiseLimits(List<String> topics) throws InterruptedException {
    try {
      List<ConfigResource> described =
          topics.stream()
              .map(topic -> new ConfigResource(ConfigResource.Type.TOPIC, topic))
              .toList();
      Map<ConfigResource, Collection<AlterConfigOp>> changes = new HashMap<>();
      for (Map.Entry<ConfigResource, Config> topic :
          admin.describeConfigs(described).all().get().entrySet()) {
        long limit = Long.parseLong(topic.getValue().get(LIMIT).value());
        if (limit < kafka.maxMessageBytes()) {
          ConfigEntry raised = new ConfigEntry(LIMIT, String.valueOf(kafka.maxMessageBytes()));
          changes.put(topic.getKey(), List.of(new AlterConfigOp(raised, AlterConfigOp.OpType.SET)));
        }
      }
      if (!changes.isEmpty()) {
        admin.incrementalAlterConfigs(changes).all().get();
        progress.accept(
            "%d topics take messages of %d MB"
                .formatted(changes.size(), kafka.maxMessageBytes() >> 20));
      }
    } catch (ExecutionException e) {
      progress.accept(
          "Cannot raise '%s' of the topics: %s. Set it to %d by hand."
              .formatted(LIMIT, e.getCause().getMessage(), kafka.maxMessageBytes()));
    }
  }
}
