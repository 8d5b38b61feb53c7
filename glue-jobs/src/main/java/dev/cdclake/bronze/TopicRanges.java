/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bronze;

import dev.cdclake.contract.Kafka;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.FailureCode;
import dev.cdclake.failure.PipelineException;
import dev.cdclake.lake.Progress;
import dev.cdclake.lake.TopicIdentity;
import dev.cdclake.runtime.KafkaClients;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
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
 * <p>A gap behind what was read (offsets that Kafka no longer has, a topic that was deleted or
 * created anew) is found per topic; the other topics are read all the same. A topic that is read
 * for the first time begins where Kafka still has it; if that is not its beginning, the log says
 * so.
 */
final class TopicRanges implements AutoCloseable {

  private static final ListOffsetsOptions COMMITTED =
      new ListOffsetsOptions(IsolationLevel.READ_COMMITTED);

  private static final ListOffsetsOptions WRITTEN =
      new ListOffsetsOptions(IsolationLevel.READ_UNCOMMITTED);

  /** Longer than the connector keeps a Kafka transaction open, unless it died in the midst. */
  private static final Duration SETTLE_PATIENCE = Duration.ofSeconds(1);

  private static final Logger LOG = LoggerFactory.getLogger(TopicRanges.class);

  private final Admin admin;
  private final String bootstrap;

  /**
   * Offsets of one partition that are to be read, as Kafka counts them.
   *
   * @param from inclusive
   * @param to exclusive
   */
  record Range(long from, long to) {
    long size() {
      return to - from;
    }
  }

  /**
   * What waits on the topics.
   *
   * @param ranges by topic, then by partition; topics without news, with a gap, or not yet created
   *     are absent
   * @param topics by topic: which one it is
   * @param gaps by topic: why it cannot be read on
   * @param visible by partition: the offsets below were visible when the question was asked
   * @param settled whether every Kafka transaction that was then visible anywhere is whole in the
   *     ranges; not so while one of a connector that died hangs
   */
  record Unread(
      Map<String, Map<Integer, Range>> ranges,
      Map<String, TopicIdentity> topics,
      Map<String, PipelineException> gaps,
      Map<TopicPartition, Long> visible,
      boolean settled) {

    /** Returns the visible offsets of one topic by partition, as Kafka counts them. */
    Map<Integer, Long> visible(String topic) {
      Map<Integer, Long> ends = new TreeMap<>();
      visible.forEach(
          (partition, end) -> {
            if (partition.topic().equals(topic)) {
              ends.put(partition.partition(), end);
            }
          });
      return ends;
    }

    private void gap(String topic, String found, String expected) {
      gaps.put(
          topic,
          new PipelineException(
              Stage.BRONZE,
              FailureCode.KAFKA_GAP,
              ("Cannot read on from topic '%s': %s (expected %s). Changes are lost; run './cdclake"
                      + " resnapshot TABLE' for this table. Other tables go on.")
                  .formatted(topic, found, expected)));
    }
  }

  TopicRanges(Kafka kafka) {
    this.admin = KafkaClients.admin(kafka);
    this.bootstrap = kafka.bootstrap();
  }

  /**
   * Returns what is unread, and waits until it is settled: Kafka makes a transaction visible topic
   * by topic, and all that a visible one wrote lies below the ends that are asked for after it was
   * seen. Once those ends are committed, it is visible as a whole.
   *
   * @param progress by topic: what was consumed of it
   * @param marks the topic of marks, which has no ranges
   */
  Unread unread(Map<String, Progress> progress, String marks) {
    Set<String> names = new TreeSet<>(progress.keySet());
    names.add(marks);
    Map<String, TopicDescription> described = describe(names);
    Set<TopicPartition> partitions =
        described.values().stream().flatMap(TopicRanges::partitions).collect(Collectors.toSet());
    Map<TopicPartition, Long> earliest = offsets(partitions, OffsetSpec.earliest(), COMMITTED);
    Map<TopicPartition, Long> visible = offsets(partitions, OffsetSpec.latest(), COMMITTED);
    Map<TopicPartition, Long> written = offsets(partitions, OffsetSpec.latest(), WRITTEN);
    Map<TopicPartition, Long> latest = awaitCommitted(partitions, visible, written);
    Unread unread =
        new Unread(
            new TreeMap<>(), new TreeMap<>(), new TreeMap<>(), visible, reaches(latest, written));
    Map<String, Held> held = held(described, earliest, latest);
    progress.forEach((topic, consumed) -> find(topic, held.get(topic), consumed, unread));
    return unread;
  }

  /**
   * What Kafka has of a topic.
   *
   * @param ranges by partition
   */
  private record Held(String id, Map<Integer, Range> ranges) {}

  private static Map<String, Held> held(
      Map<String, TopicDescription> described,
      Map<TopicPartition, Long> earliest,
      Map<TopicPartition, Long> latest) {
    Map<String, Held> held = new TreeMap<>();
    described.forEach(
        (topic, description) -> {
          Map<Integer, Range> ranges = new TreeMap<>();
          partitions(description)
              .forEach(
                  partition ->
                      ranges.put(
                          partition.partition(),
                          new Range(earliest.get(partition), latest.get(partition))));
          held.put(topic, new Held(description.topicId().toString(), ranges));
        });
    return held;
  }

  private Map<String, Held> held(Set<String> topics) {
    Map<String, TopicDescription> described = describe(topics);
    Set<TopicPartition> partitions =
        described.values().stream().flatMap(TopicRanges::partitions).collect(Collectors.toSet());
    return held(
        described,
        offsets(partitions, OffsetSpec.earliest(), COMMITTED),
        offsets(partitions, OffsetSpec.latest(), COMMITTED));
  }

  private static void find(String topic, Held there, Progress consumed, Unread unread) {
    find(
        topic,
        there == null ? null : there.id(),
        there == null ? Map.of() : there.ranges(),
        consumed,
        unread);
  }

  /**
   * Returns the progress from which a topic with a gap can be read on; empty if it has none, or if
   * the topic does not exist.
   */
  Optional<Progress> behindGap(String topic, Progress consumed) {
    Held there = held(Set.of(topic)).get(topic);
    if (there == null) {
      return Optional.empty();
    }
    Unread unread = new Unread(new TreeMap<>(), new TreeMap<>(), new TreeMap<>(), Map.of(), false);
    find(topic, there, consumed, unread);
    return unread.gaps().isEmpty()
        ? Optional.empty()
        : Optional.of(behindGap(topic, there.id(), there.ranges(), consumed));
  }

  /** Returns, by topic and partition, the offsets behind everything written, committed or not. */
  Map<String, Map<Integer, Long>> written(Set<String> topics) {
    Set<TopicPartition> partitions =
        describe(topics).values().stream()
            .flatMap(TopicRanges::partitions)
            .collect(Collectors.toSet());
    Map<String, Map<Integer, Long>> written = new TreeMap<>();
    offsets(partitions, OffsetSpec.latest(), WRITTEN)
        .forEach(
            (partition, end) ->
                written
                    .computeIfAbsent(partition.topic(), topic -> new TreeMap<>())
                    .put(partition.partition(), end));
    return written;
  }

  /** Counts on: what Kafka has first gets the offset that would have been read next, or its own. */
  static Progress behindGap(String topic, String id, Map<Integer, Range> held, Progress consumed) {
    Map<Integer, Long> bases = new TreeMap<>();
    Map<Integer, Long> next = new TreeMap<>();
    held.forEach(
        (partition, range) -> {
          long recorded = consumed.offsets(topic).getOrDefault(partition, 0L);
          long base = consumed.topic(topic).map(known -> known.base(partition)).orElse(0L);
          boolean same = consumed.topic(topic).filter(known -> known.id().equals(id)).isPresent();
          long counted = same && range.from() + base >= recorded ? base : recorded - range.from();
          bases.put(partition, counted);
          next.put(partition, range.from() + counted);
        });
    return consumed.withTopic(topic, new TopicIdentity(id, bases)).withOffsets(topic, next);
  }

  private Map<TopicPartition, Long> awaitCommitted(
      Set<TopicPartition> partitions,
      Map<TopicPartition, Long> visible,
      Map<TopicPartition, Long> written) {
    Map<TopicPartition, Long> committed = visible;
    long deadline = System.nanoTime() + SETTLE_PATIENCE.toNanos();
    while (!reaches(committed, written) && System.nanoTime() < deadline) {
      pause();
      committed = offsets(partitions, OffsetSpec.latest(), COMMITTED);
    }
    return committed;
  }

  private static boolean reaches(
      Map<TopicPartition, Long> committed, Map<TopicPartition, Long> written) {
    return written.entrySet().stream()
        .allMatch(end -> committed.get(end.getKey()) >= end.getValue());
  }

  private static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(10);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted while waiting for Kafka.", e);
    }
  }

  /**
   * Works out what is unread of one topic.
   *
   * @param id Kafka's id of the topic, null if there is no such topic
   * @param held by partition: the offsets that Kafka has
   * @param unread gets the ranges, or the gap
   */
  static void find(
      String topic, String id, Map<Integer, Range> held, Progress consumed, Unread unread) {
    Map<Integer, Long> recorded = consumed.offsets(topic);
    if (id == null) {
      if (!recorded.isEmpty()) {
        unread.gap(topic, "there is no such topic", "the one that was read up to " + recorded);
      }
      return;
    }
    TopicIdentity identity = consumed.topic(topic).orElseGet(() -> TopicIdentity.first(id));
    if (!identity.id().equals(id)) {
      unread.gap(
          topic,
          "it was created anew, as topic " + id,
          "topic %s, read up to %s".formatted(identity.id(), recorded));
      return;
    }
    Map<Integer, Range> ranges = new TreeMap<>();
    for (Map.Entry<Integer, Range> partition : held.entrySet()) {
      long earliest = partition.getValue().from();
      long latest = partition.getValue().to();
      long base = identity.base(partition.getKey());
      long from = recorded.getOrDefault(partition.getKey(), earliest + base) - base;
      if (!recorded.containsKey(partition.getKey()) && from > 0) {
        LOG.warn(
            "Topic {} partition {} is first read from offset {}: what was before has expired",
            topic,
            partition.getKey(),
            from);
      }
      if (from < earliest || from > latest) {
        unread.gap(
            topic,
            "partition %d holds offsets %d to %d%s"
                .formatted(
                    partition.getKey(),
                    earliest,
                    latest,
                    from < earliest ? ", so events expired before they were read" : ""),
            "offset %d".formatted(from));
        return;
      }
      if (from < latest) {
        ranges.put(partition.getKey(), new Range(from, latest));
      }
    }
    unread.topics().put(topic, identity);
    if (!ranges.isEmpty()) {
      unread.ranges().put(topic, ranges);
    }
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

  private Map<String, TopicDescription> describe(Set<String> topics) {
    Map<String, TopicDescription> described = new TreeMap<>();
    admin
        .describeTopics(topics)
        .topicNameValues()
        .forEach(
            (topic, future) -> {
              TopicDescription description = await(future);
              if (description != null) {
                described.put(topic, description);
              }
            });
    return described;
  }

  private static Stream<TopicPartition> partitions(TopicDescription topic) {
    return topic.partitions().stream()
        .map(info -> new TopicPartition(topic.name(), info.partition()));
  }

  private Map<TopicPartition, Long> offsets(
      Set<TopicPartition> partitions, OffsetSpec spec, ListOffsetsOptions options) {
    Map<TopicPartition, OffsetSpec> wanted = new HashMap<>();
    partitions.forEach(partition -> wanted.put(partition, spec));
    Map<TopicPartition, ListOffsetsResultInfo> found =
        await(admin.listOffsets(wanted, options).all());
    if (found == null) {
      throw new PipelineException(
          Stage.BRONZE,
          FailureCode.UNREACHABLE,
          "Cannot ask Kafka at '%s' for offsets: one of %s was deleted meanwhile (expected it to stay). Run again."
              .formatted(bootstrap, partitions));
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
