/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bronze;

import dev.cdclake.bronze.TopicRanges.Range;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.FailureCode;
import dev.cdclake.failure.PipelineException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteBufferDeserializer;

/**
 * The records of some slices, those of one partition in their order. All partitions are fetched
 * together: of many with few events each, one after the other would take an answer of Kafka each.
 *
 * <p>A value is a view of the bytes that Kafka's client unpacked, valid as long as its record.
 * Spark's Kafka source would copy each of them five times on its way to us, embedded schema
 * included; that was half of bronze's work. Records of transactions that were rolled back are left
 * out.
 */
final class KafkaRecords implements Iterator<ConsumerRecord<byte[], ByteBuffer>> {

  /** Below this, another task costs more than it gains. */
  private static final long SMALLEST_SHARE = 10_000;

  /** Bounds what a task repeats when it fails. */
  private static final long LARGEST_SHARE = 250_000;

  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final Duration LOOK = Duration.ofSeconds(1);

  private final KafkaConsumer<byte[], ByteBuffer> consumer;

  /** What is not read to its end. */
  private final Map<TopicPartition, Slice> unread = new LinkedHashMap<>();

  /** What the newest answer has, partition by partition. */
  private ConsumerRecords<byte[], ByteBuffer> answer = ConsumerRecords.empty();

  private Iterator<TopicPartition> partitions = Collections.emptyIterator();
  private Iterator<ConsumerRecord<byte[], ByteBuffer>> records = Collections.emptyIterator();
  private long end;
  private ConsumerRecord<byte[], ByteBuffer> next;

  /**
   * Offsets of one partition that one task reads, as Kafka counts them.
   *
   * @param from inclusive
   * @param to exclusive
   */
  record Slice(String topic, int partition, long from, long to) implements Serializable {
    long size() {
      return to - from;
    }
  }

  private KafkaRecords(KafkaConsumer<byte[], ByteBuffer> consumer, List<Slice> slices) {
    this.consumer = consumer;
    slices.forEach(
        slice -> unread.put(new TopicPartition(slice.topic(), slice.partition()), slice));
    consumer.assign(unread.keySet());
    // One that the last call has paused stays so.
    consumer.resume(unread.keySet());
    unread.forEach((partition, slice) -> consumer.seek(partition, slice.from()));
  }

  /**
   * Opens a consumer for {@link #read}.
   *
   * @param reading see {@link dev.cdclake.runtime.KafkaClients#reading}
   */
  static KafkaConsumer<byte[], ByteBuffer> consumer(Properties reading) {
    Properties properties = new Properties();
    properties.putAll(reading);
    // Offsets that are gone must fail the batch, which then finds the gap.
    properties.put("auto.offset.reset", "none");
    properties.put("allow.auto.create.topics", "false");
    properties.put("max.partition.fetch.bytes", Integer.toString(8 << 20));
    return new KafkaConsumer<>(
        properties, new ByteArrayDeserializer(), new ByteBufferDeserializer());
  }

  /** Reads the records of some slices; nobody else may use the consumer meanwhile. */
  static KafkaRecords read(KafkaConsumer<byte[], ByteBuffer> consumer, List<Slice> slices) {
    return new KafkaRecords(consumer, slices);
  }

  /**
   * Divides ranges among tasks, about the same number of events each. A task gets few topics, so
   * that few files are written; small ranges of many topics share a task.
   *
   * @param tasks how many run at a time
   */
  static List<List<Slice>> share(Map<String, Map<Integer, Range>> ranges, int tasks) {
    long even = (TopicRanges.size(ranges) + tasks - 1) / tasks;
    long share = Math.min(LARGEST_SHARE, Math.max(SMALLEST_SHARE, even));
    List<List<Slice>> shares = new ArrayList<>();
    long room = 0;
    for (Map.Entry<String, Map<Integer, Range>> topic : ranges.entrySet()) {
      for (Map.Entry<Integer, Range> partition : topic.getValue().entrySet()) {
        long to = partition.getValue().to();
        for (long from = partition.getValue().from(); from < to; ) {
          if (room == 0) {
            shares.add(new ArrayList<>());
            room = share;
          }
          long end = Math.min(to, from + room);
          shares
              .get(shares.size() - 1)
              .add(new Slice(topic.getKey(), partition.getKey(), from, end));
          room -= end - from;
          from = end;
        }
      }
    }
    return shares;
  }

  @Override
  public boolean hasNext() {
    while (next == null) {
      if (records.hasNext()) {
        take(records.next());
      } else if (partitions.hasNext()) {
        begin(partitions.next());
      } else if (isMoreToRead()) {
        answer = poll();
        partitions = answer.partitions().iterator();
      } else {
        return false;
      }
    }
    return true;
  }

  @Override
  public ConsumerRecord<byte[], ByteBuffer> next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    ConsumerRecord<byte[], ByteBuffer> record = next;
    next = null;
    return record;
  }

  private void begin(TopicPartition partition) {
    end = unread.get(partition).to();
    records = answer.records(partition).iterator();
  }

  /** Kafka hands out more than was asked for. */
  private void take(ConsumerRecord<byte[], ByteBuffer> record) {
    if (record.offset() < end) {
      next = record;
    } else {
      records = Collections.emptyIterator();
    }
  }

  /** Asks no more for what was read to its end. */
  private boolean isMoreToRead() {
    List<TopicPartition> read =
        unread.entrySet().stream()
            .filter(slice -> consumer.position(slice.getKey()) >= slice.getValue().to())
            .map(Map.Entry::getKey)
            .toList();
    consumer.pause(read);
    read.forEach(unread::remove);
    return !unread.isEmpty();
  }

  /** Returns what comes next; nothing, where only marks of transactions came. */
  private ConsumerRecords<byte[], ByteBuffer> poll() {
    long from = reached();
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (System.nanoTime() < deadline) {
      ConsumerRecords<byte[], ByteBuffer> more = consumer.poll(LOOK);
      if (reached() > from) {
        return more;
      }
    }
    Map.Entry<TopicPartition, Slice> first = unread.entrySet().iterator().next();
    throw new PipelineException(
        Stage.BRONZE,
        FailureCode.UNREACHABLE,
        "Cannot read topic '%s' partition %d from offset %d: nothing came for %d s (expected events up to %d). Check the brokers, then run again."
            .formatted(
                first.getValue().topic(),
                first.getValue().partition(),
                consumer.position(first.getKey()),
                PATIENCE.toSeconds(),
                first.getValue().to()));
  }

  private long reached() {
    return unread.keySet().stream().mapToLong(consumer::position).sum();
  }
}
