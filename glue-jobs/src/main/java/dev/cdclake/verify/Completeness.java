/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.verify;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.FailureCode;
import dev.cdclake.failure.PipelineException;
import dev.cdclake.runtime.KafkaClients;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;

/**
 * Waits until silver has everything that the source had committed at a moment.
 *
 * <p>Marks written into the source's log come out of the connector behind every earlier commit.
 * Kafka makes a transaction of the connector visible topic by topic, so one mark may overtake its
 * neighbours; a second mark, written once the first was seen, cannot: its transaction began after
 * the first was complete everywhere. See <a
 * href="https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-REPLICATION">pg_logical_emit_message</a>.
 */
final class Completeness {

  private static final Duration QUIET = Duration.ofSeconds(5);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Pipeline pipeline;
  private final Instant deadline;
  private final Duration allowed;

  Completeness(Pipeline pipeline, Duration allowed) {
    this.pipeline = pipeline;
    this.allowed = allowed;
    this.deadline = Instant.now().plus(allowed);
  }

  /**
   * Waits.
   *
   * @param folded by topic: the next offsets that silver has to read
   * @return whether the source's log proved it; else the topics only fell silent
   * @throws PipelineException if silver does not get there in the time allowed
   */
  boolean await(SourceSnapshot snapshot, Function<String, Map<Integer, Long>> folded) {
    try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(pipeline.kafka())) {
      boolean proven = awaitMarks(snapshot, consumer);
      if (!proven) {
        awaitSilence(consumer);
      }
      Map<TopicPartition, Long> ends = ends(consumer, tableTopics());
      for (Map.Entry<TopicPartition, Long> end : ends.entrySet()) {
        awaitFolded(end.getKey(), end.getValue(), folded);
      }
      return proven;
    } catch (SQLException e) {
      throw new PipelineException(
          Stage.SOURCE,
          FailureCode.UNREACHABLE,
          "Cannot mark the source's log: %s (expected the role to run pg_logical_emit_message, as everybody may by default). Grant it, or run again."
              .formatted(e.getMessage()),
          e);
    }
  }

  private boolean awaitMarks(SourceSnapshot snapshot, KafkaConsumer<byte[], byte[]> consumer)
      throws SQLException {
    for (int i = 0; i < 2; i++) {
      Map<TopicPartition, Long> from = ends(consumer, List.of(pipeline.messageTopic()));
      String mark = UUID.randomUUID().toString();
      if (!snapshot.mark(mark)) {
        return false;
      }
      awaitMark(consumer, from, mark);
    }
    return true;
  }

  private void awaitMark(
      KafkaConsumer<byte[], byte[]> consumer, Map<TopicPartition, Long> from, String mark) {
    Map<TopicPartition, Long> start = new HashMap<>(from);
    while (true) {
      if (start.isEmpty()) {
        // The first message of all creates the topic; everything in it is newer than the mark.
        ends(consumer, List.of(pipeline.messageTopic()))
            .keySet()
            .forEach(partition -> start.put(partition, 0L));
      }
      if (!consumer.assignment().equals(start.keySet())) {
        consumer.assign(start.keySet());
        start.forEach(consumer::seek);
      }
      if (!start.isEmpty()) {
        for (ConsumerRecord<byte[], byte[]> event : consumer.poll(Duration.ofMillis(100))) {
          if (event.value() != null && mark.equals(content(event.value()))) {
            consumer.unsubscribe();
            return;
          }
        }
      }
      pause("the connector has not captured what was committed before; is it running?");
    }
  }

  private static String content(byte[] event) {
    try {
      JsonNode document = JSON.readTree(event);
      JsonNode payload = document.has("payload") ? document.get("payload") : document;
      String content = payload.path("message").path("content").asText("");
      return new String(Base64.getDecoder().decode(content), StandardCharsets.UTF_8);
    } catch (IOException | IllegalArgumentException e) {
      // Somebody else's message; ours are JSON and base64.
      return "";
    }
  }

  /** Without marks (PostgreSQL 13): waits until no topic has grown for a while. */
  private void awaitSilence(KafkaConsumer<byte[], byte[]> consumer) {
    Map<TopicPartition, Long> last = ends(consumer, tableTopics());
    Instant since = Instant.now();
    while (Duration.between(since, Instant.now()).compareTo(QUIET) < 0) {
      pause("the topics keep growing, and this server cannot mark its log (expected 14 or newer)");
      Map<TopicPartition, Long> now = ends(consumer, tableTopics());
      if (!now.equals(last)) {
        last = now;
        since = Instant.now();
      }
    }
  }

  private void awaitFolded(
      TopicPartition partition, long end, Function<String, Map<Integer, Long>> folded) {
    while (folded.apply(partition.topic()).getOrDefault(partition.partition(), 0L) < end) {
      pause(
          "silver has folded topic '%s' up to offset %d of %d; run './cdclake run all' or keep"
                  .formatted(
                      partition.topic(),
                      folded.apply(partition.topic()).getOrDefault(partition.partition(), 0L),
                      end)
              + " './cdclake up' running");
    }
  }

  private void pause(String whatIsMissing) {
    if (Instant.now().isAfter(deadline)) {
      throw new PipelineException(
          Stage.SILVER,
          FailureCode.BEHIND,
          "Cannot compare source and silver: after %d s %s."
              .formatted(allowed.toSeconds(), whatIsMissing));
    }
    try {
      TimeUnit.MILLISECONDS.sleep(100);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted while waiting for silver.", e);
    }
  }

  private List<String> tableTopics() {
    return pipeline.tables().stream().map(pipeline::topic).toList();
  }

  /** Returns the ends of topics, as far as transactions are committed. */
  private static Map<TopicPartition, Long> ends(
      KafkaConsumer<byte[], byte[]> consumer, List<String> topics) {
    Map<String, List<PartitionInfo>> known = consumer.listTopics();
    return consumer.endOffsets(
        topics.stream()
            .flatMap(topic -> known.getOrDefault(topic, List.of()).stream())
            .map(info -> new TopicPartition(info.topic(), info.partition()))
            .collect(Collectors.toSet()));
  }
}
