/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.connect;

import dev.cdclake.contract.Kafka;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Secret;
import dev.cdclake.contract.Secrets;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;

/** Asks Kafka about the topics that events of a pipeline's tables travel on. */
final class CapturedTopics {

  private CapturedTopics() {}

  /** Opens a client that connects as the pipeline file says. */
  static Admin admin(Kafka kafka) {
    Properties properties = new Properties();
    properties.putAll(Secret.resolve(kafka.properties(), Secrets.known()));
    properties.put("bootstrap.servers", kafka.bootstrap());
    properties.put("request.timeout.ms", "10000");
    properties.put("default.api.timeout.ms", "15000");
    return Admin.create(properties);
  }

  /**
   * Returns whether the topics ever had an event that was committed.
   *
   * @throws CaptureException if Kafka does not answer
   */
  static boolean haveEvents(Pipeline pipeline) {
    try (Admin admin = admin(pipeline.kafka())) {
      Set<String> topics =
          pipeline.tables().stream().map(pipeline::topic).collect(Collectors.toSet());
      topics.retainAll(admin.listTopics().names().get());
      Map<TopicPartition, OffsetSpec> ends =
          admin.describeTopics(topics).allTopicNames().get().values().stream()
              .flatMap(
                  topic ->
                      topic.partitions().stream()
                          .map(
                              partition -> new TopicPartition(topic.name(), partition.partition())))
              .collect(Collectors.toMap(Function.identity(), partition -> OffsetSpec.latest()));
      return admin
          .listOffsets(ends, new ListOffsetsOptions(IsolationLevel.READ_COMMITTED))
          .all()
          .get()
          .values()
          .stream()
          .anyMatch(end -> end.offset() > 0);
    } catch (ExecutionException e) {
      throw new CaptureException(
          "Cannot ask Kafka at '%s' for its topics: %s (expected an answer). Check kafka.bootstrap and kafka.properties, and that the brokers run."
              .formatted(pipeline.kafka().bootstrap(), e.getCause().getMessage()),
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CaptureException("Cannot ask Kafka for its topics: interrupted.", e);
    }
  }
}
