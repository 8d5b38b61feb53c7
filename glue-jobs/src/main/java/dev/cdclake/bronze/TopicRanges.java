/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bronze;

import dev.cdclake.contract.Kafka;
import dev.cdclake.contract.Secret;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.FailureCode;
import dev.cdclake.failure.PipelineException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds what is unread: per topic and partition the offsets from the recorded progress to the last
 * committed transaction.
 *
 * <p>A gap behind what was read (offsets that Kafka no longer has, or a topic that ends before the
 * progress) stops the run. A topic that is read for the first time begins where Kafka still has it;
 * if that is not its beginning, the log says so.
 */
final class TopicRanges implements AutoCloseable {

  private static final ListOffsetsOptions COMMITTED =
      new ListOffsetsOptions(IsolationLevel.READ_COMMITTED);

  private static final Logger LOG = LoggerFactory.getLogger(TopicRanges.class);

  private final Admin admin;
  private final String bootstrap;

  /**
   * Offsets of one partition that are to be read.
   *
   * @param from inclusive
   * @param to exclusive
   */
  record Range(long from, long to) {
    long size() {
      return to - from;
    }
  }

  TopicRanges(Kafka kafka) {
    Properties properties = new Properties();
    properties.putAll(Secret.resolve(kafka.properties(), System.getenv()));
    properties.put("bootstrap.servers", kafka.bootstrap());
    properties.put("default.api.timeout.ms", "15000");
    properties.put("request.timeout.ms", "10000");
    this.admin = Admin.create(properties);
    this.bootstrap = kafka.bootstrap();
  }

  /**
   * Returns the unread ranges by topic, then by partition; topics without news, and topics that do
   * not exist yet, are absent.
   *
   * @param progress the next offsets of a topic, by partition
   */
  Map<String, Map<Integer, Range>> unread(
      List<String> topics, Function<String, Map<Integer, Long>> progress) {
    Set<TopicPartition> partitions = partitions(topics);
    Map<TopicPartition, Long> earliest = offsets(partitions, OffsetSpec.earliest());
    Map<TopicPartition, Long> latest = offsets(partitions, OffsetSpec.latest());
    Map<String, Map<Integer, Range>> unread = new TreeMap<>();
    for (TopicPartition partition : partitions) {
      Map<Integer, Long> recorded = progress.apply(partition.topic());
      long from = recorded.getOrDefault(partition.partition(), earliest.get(partition));
      long to = latest.get(partition);
      if (!recorded.containsKey(partition.partition()) && from > 0) {
        LOG.warn(
            "Topic {} is first read from offset {}: what was before has expired", partition, from);
      }
      refuseGap(partition, from, earliest.get(partition), to);
      if (from < to) {
        unread
            .computeIfAbsent(partition.topic(), topic -> new TreeMap<>())
            .put(partition.partition(), new Range(from, to));
      }
    }
    return unread;
  }

  /** Cuts ranges so that together they hold at most {@code most} events, each in proportion. */
  static Map<String, Map<Integer, Range>> cut(Map<String, Map<Integer, Range>> unread, long most) {
    long total = size(unread);
    if (total <= most) {
      return unread;
    }
    Map<String, Map<Integer, Range>> bounded = new TreeMap<>();
    unread.forEach(
        (topic, ranges) ->
            ranges.forEach(
                (partition, range) -> {
                  long share = Math.max(1, range.size() * most / total);
                  bounded
                      .computeIfAbsent(topic, key -> new TreeMap<>())
                      .put(partition, new Range(range.from(), range.from() + share));
                }));
    return bounded;
  }

  /** Returns the number of events in ranges; transaction markers are counted as events. */
  static long size(Map<String, Map<Integer, Range>> ranges) {
    return ranges.values().stream()
        .flatMap(partitions -> partitions.values().stream())
        .mapToLong(Range::size)
        .sum();
  }

  @Override
  public void close() {
    admin.close();
  }

  private void refuseGap(TopicPartition partition, long from, long earliest, long latest) {
    if (from < earliest || from > latest) {
      throw new PipelineException(
          Stage.BRONZE,
          FailureCode.KAFKA_GAP,
          "Cannot read topic '%s' partition %d from offset %d: Kafka holds offsets %d to %d. %s"
              .formatted(
                  partition.topic(),
                  partition.partition(),
                  from,
                  earliest,
                  latest,
                  from < earliest
                      ? "Events expired before they were read: take a new snapshot of the table."
                      : "The topic was created anew: drop the table's bronze and silver tables and"
                          + " take a new snapshot."));
    }
  }

  private Set<TopicPartition> partitions(List<String> topics) {
    Map<String, KafkaFuture<TopicDescription>> described =
        admin.describeTopics(topics).topicNameValues();
    return described.values().stream()
        .flatMap(
            future -> {
              TopicDescription topic = await(future);
              return topic == null
                  ? null
                  : topic.partitions().stream()
                      .map(info -> new TopicPartition(topic.name(), info.partition()));
            })
        .collect(Collectors.toSet());
  }

  private Map<TopicPartition, Long> offsets(Set<TopicPartition> partitions, OffsetSpec spec) {
    Map<TopicPartition, OffsetSpec> wanted = new HashMap<>();
    partitions.forEach(partition -> wanted.put(partition, spec));
    Map<TopicPartition, ListOffsetsResultInfo> found =
        await(admin.listOffsets(wanted, COMMITTED).all());
    if (found == null) {
      throw new PipelineException(
          Stage.BRONZE,
          FailureCode.KAFKA_GAP,
          "Cannot ask Kafka at '%s' for offsets: a topic was deleted meanwhile. Run again."
              .formatted(bootstrap));
    }
    Map<TopicPartition, Long> offsets = new HashMap<>();
    found.forEach((partition, info) -> offsets.put(partition, info.offset()));
    return offsets;
  }

  /** Waits for an answer; null stands for a topic that does not exist. */
  private <T> T await(KafkaFuture<T> future) {
    try {
      return future.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted while asking Kafka for offsets.", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof UnknownTopicOrPartitionException) {
        return null;
      }
      throw new PipelineException(
          Stage.BRONZE,
          FailureCode.UNREACHABLE,
          "Cannot ask Kafka at '%s' for offsets: %s. Check that the broker runs and that"
                  .formatted(bootstrap, e.getCause().getMessage())
              + " 'kafka' in pipeline.yaml names it.",
          e);
    }
  }
}
