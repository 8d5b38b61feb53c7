/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.line;

import dev.cdclake.connect.Capture;
import dev.cdclake.connect.CaptureException;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.runtime.KafkaClients;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.errors.TopicExistsException;

/** Makes topics that are gone, as the connector would once it has an event for them. */
final class MissingTopics {

  private MissingTopics() {}

  /** Makes those topics that do not exist. */
  static void create(Pipeline pipeline, Set<String> topics) {
    if (topics.isEmpty()) {
      return;
    }
    int copies = Capture.copies(pipeline);
    List<NewTopic> missing =
        topics.stream()
            .map(
                topic ->
                    new NewTopic(
                            topic,
                            Optional.of(pipeline.kafka().partitions()),
                            copies > 0 ? Optional.of((short) copies) : Optional.empty())
                        .configs(pipeline.kafka().topicSettings()))
            .toList();
    try (Admin admin = KafkaClients.admin(pipeline.kafka())) {
      admin.createTopics(missing).all().get();
    } catch (ExecutionException e) {
      if (!(e.getCause() instanceof TopicExistsException)) {
        throw new CaptureException(
            "Cannot make the topics %s: %s (expected the right to). Make them, then run again."
                .formatted(topics, e.getCause().getMessage()),
            e);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CaptureException("Cannot make the topics: the wait was interrupted.", e);
    }
  }
}
