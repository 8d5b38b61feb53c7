/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bronze;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.runtime.KafkaClients;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;

/**
 * The marks in the topic of logical messages: the connector writes one into the source's log at
 * every heartbeat, so the newest one tells how far the log was read while the tables are quiet.
 */
final class Marks implements AutoCloseable {

  /** Only the newest counts; a few before it may belong to rolled back transactions. */
  private static final long LOOK_BACK = 50;

  private static final Duration PATIENCE = Duration.ofMillis(500);

  private final KafkaConsumer<byte[], byte[]> consumer;
  private final ChangeEnvelope envelope = new ChangeEnvelope();
  private final Map<Integer, Long> next = new TreeMap<>();
  private long newest;

  Marks(Pipeline pipeline) {
    this.consumer = KafkaClients.consumer(pipeline.kafka());
  }

  /**
   * Returns the newest commit that any mark below the given offsets names, 0 if there is none.
   *
   * @param topic the topic of logical messages
   * @param ends by partition, exclusive
   */
  long newest(String topic, Map<Integer, Long> ends) {
    ends.forEach((partition, end) -> read(new TopicPartition(topic, partition), end));
    return newest;
  }

  private void read(TopicPartition partition, long end) {
    long known = next.getOrDefault(partition.partition(), 0L);
    if (known > end) {
      newest = 0; // The topic was created anew.
      known = 0;
    }
    long from = Math.max(known, end - LOOK_BACK);
    if (from >= end) {
      return;
    }
    if (!consumer.assignment().contains(partition)) {
      consumer.assign(List.of(partition));
    }
    consumer.seek(partition, from);
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (consumer.position(partition) < end && System.nanoTime() < deadline) {
      for (ConsumerRecord<byte[], byte[]> mark : consumer.poll(Duration.ofMillis(100))) {
        if (mark.offset() < end && mark.value() != null) {
          envelope.read(ByteBuffer.wrap(mark.value()));
          newest = Math.max(newest, envelope.previousCommit());
        }
      }
    }
    next.put(partition.partition(), Math.min(end, consumer.position(partition)));
  }

  @Override
  public void close() {
    consumer.close(Duration.ofSeconds(1));
  }
}
