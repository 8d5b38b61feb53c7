/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.connect;

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
import org.apache.kafka.common.config.ConfigResource;

/**
 * Lets topics that exist take messages as large as the pipeline file says. The connector sets the
 * limit only on topics that it creates.
 */
final class TopicLimits {

  private static final String LIMIT = "max.message.bytes";

  private TopicLimits() {}

  /**
   * Raises the limit of the tables' topics where it is lower; it is never lowered.
   *
   * @param progress is told of topics whose limit changed, or could not be changed
   */
  static void raise(Pipeline pipeline, Consumer<String> progress) {
    try (Admin admin = CapturedTopics.admin(pipeline.kafka())) {
      Set<String> existing = admin.listTopics().names().get();
      List<ConfigResource> topics =
          pipeline.tables().stream()
              .map(pipeline::topic)
              .filter(existing::contains)
              .map(topic -> new ConfigResource(ConfigResource.Type.TOPIC, topic))
              .toList();
      Map<ConfigResource, Collection<AlterConfigOp>> changes = new HashMap<>();
      for (Map.Entry<ConfigResource, Config> topic :
          admin.describeConfigs(topics).all().get().entrySet()) {
        long limit = Long.parseLong(topic.getValue().get(LIMIT).value());
        if (limit < pipeline.kafka().maxMessageBytes()) {
          ConfigEntry raised =
              new ConfigEntry(LIMIT, String.valueOf(pipeline.kafka().maxMessageBytes()));
          changes.put(topic.getKey(), List.of(new AlterConfigOp(raised, AlterConfigOp.OpType.SET)));
        }
      }
      if (!changes.isEmpty()) {
        admin.incrementalAlterConfigs(changes).all().get();
        progress.accept(
            "%d topics take messages of %d MB"
                .formatted(changes.size(), pipeline.kafka().maxMessageBytes() >> 20));
      }
    } catch (ExecutionException e) {
      progress.accept(
          "Cannot raise '%s' of the topics: %s. Set it to %d by hand."
              .formatted(LIMIT, e.getCause().getMessage(), pipeline.kafka().maxMessageBytes()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted while asking Kafka for its topics.", e);
    }
  }
}
