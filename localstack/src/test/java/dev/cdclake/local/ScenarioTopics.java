/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import dev.cdclake.contract.Pipeline;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The topics as scenarios use them: waiting for the connector, and records put past it. */
public final class ScenarioTopics implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final Duration POLL = Duration.ofMillis(50);

  private final String bootstrap;
  private final Duration patience;
  private final KafkaConsumer<byte[], byte[]> marks;
  private final KafkaProducer<byte[], byte[]> producer;

  ScenarioTopics(Pipeline pipeline) {
    this(pipeline, PATIENCE);
  }

  /**
   * Connects to the topics of a pipeline.
   *
   * @param patience how long the connector may take to capture what is committed
   */
  public ScenarioTopics(Pipeline pipeline, Duration patience) {
    this.patience = patience;
    this.bootstrap = pipeline.kafka().bootstrap();
    this.marks = consumer();
    this.marks.assign(List.of(new TopicPartition(pipeline.messageTopic(), 0)));
    Properties properties = new Properties();
    properties.put("bootstrap.servers", bootstrap);
    properties.put("max.request.size", String.valueOf(16 << 20));
    this.producer =
        new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
  }

  /**
   * Waits until the topics have everything that is committed in the source: a mark written into its
   * log comes out behind it, and a second one behind the Kafka transaction of the first.
   */
  public synchronized void awaitCaptured(LocalLine line) throws SQLException {
    for (int i = 0; i < 2; i++) {
      String mark = UUID.randomUUID().toString();
      try (Connection connection = line.openSource();
          PreparedStatement statement =
              connection.prepareStatement(
                  "select pg_logical_emit_message(true, 'cdclake.scenario', ?)")) {
        statement.setString(1, mark);
        statement.execute();
      }
      awaitMark(Base64.getEncoder().encodeToString(mark.getBytes(StandardCharsets.UTF_8)));
    }
  }

  /** Loses the events of a topic, as if they had expired before anybody read them. */
  public void loseEvents(String topic) throws ExecutionException, InterruptedException {
    TopicPartition partition = new TopicPartition(topic, 0);
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
      long end =
          admin
              .listOffsets(Map.of(partition, OffsetSpec.latest()))
              .partitionResult(partition)
              .get()
              .offset();
      admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(end))).all().get();
    }
  }

  private void awaitMark(String mark) {
    Instant deadline = Instant.now().plus(patience);
    while (Instant.now().isBefore(deadline)) {
      boolean seen = false;
      for (ConsumerRecord<byte[], byte[]> message : marks.poll(POLL)) {
        seen |= message.value() != null && text(message.value()).contains(mark);
      }
      if (seen) {
        return;
      }
    }
    throw new AssertionError(
        "The connector did not capture what was committed (expected it within %d s)."
            .formatted(patience.toSeconds()));
  }

  /** Puts one record on a topic, past the connector. */
  public void produce(String topic, String key, String value) {
    produce(topic, new ScenarioStep.Produce(topic, key, value, List.of(), false, Map.of()));
  }

  /** Puts the records of a step on a topic and returns when the broker has them. */
  void produce(String topic, ScenarioStep.Produce step) {
    List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
    if (step.repeated()) {
      List<ConsumerRecord<byte[], byte[]>> events = events(topic);
      for (int i = 1; i <= events.size(); i++) {
        if (step.again().isEmpty() || step.again().contains(i)) {
          ConsumerRecord<byte[], byte[]> event = events.get(i - 1);
          byte[] key = step.key() == null ? event.key() : bytes(step.key());
          records.add(
              made(
                  topic,
                  replaced(key, step.replace()),
                  replaced(event.value(), step.replace()),
                  event.headers()));
        }
      }
      if (records.isEmpty()) {
        throw new IllegalArgumentException(
            "Topic '%s' has %d events, none of %s".formatted(topic, events.size(), step.again()));
      }
    } else {
      byte[] value = step.value() == null ? null : bytes(step.value());
      byte[] key = step.key() == null ? null : bytes(step.key());
      records.add(made(topic, key, value, new RecordHeaders()));
    }
    try {
      for (ProducerRecord<byte[], byte[]> made : records) {
        producer.send(made).get();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted while producing.", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException("Cannot produce to topic '" + topic + "'.", e);
    }
  }

  private static ProducerRecord<byte[], byte[]> made(
      String topic, byte[] key, byte[] value, Headers headers) {
    return new ProducerRecord<>(topic, 0, key, value, headers);
  }

  /** Returns all committed events of a topic, each with its key and headers, as text. */
  List<String> texts(String topic) {
    return events(topic).stream()
        .map(
            event -> {
              StringBuilder text = new StringBuilder();
              text.append(event.key() == null ? "" : text(event.key()));
              text.append(event.value() == null ? "" : text(event.value()));
              event.headers().forEach(header -> text.append(text(header.value())));
              return text.toString();
            })
        .toList();
  }

  /** Returns the sizes of all committed events of a topic, in bytes. */
  List<Integer> sizes(String topic) {
    return events(topic).stream().map(ConsumerRecord::serializedValueSize).toList();
  }

  /** Returns all committed events of a topic in the order of their offsets. */
  private List<ConsumerRecord<byte[], byte[]>> events(String topic) {
    try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
      TopicPartition partition = new TopicPartition(topic, 0);
      consumer.assign(List.of(partition));
      long end = consumer.endOffsets(List.of(partition)).get(partition);
      List<ConsumerRecord<byte[], byte[]>> events = new ArrayList<>();
      Instant deadline = Instant.now().plus(PATIENCE);
      while (consumer.position(partition) < end && Instant.now().isBefore(deadline)) {
        consumer.poll(POLL).forEach(events::add);
      }
      return events;
    }
  }

  private KafkaConsumer<byte[], byte[]> consumer() {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", bootstrap);
    properties.put("isolation.level", "read_committed");
    properties.put("enable.auto.commit", "false");
    properties.put("auto.offset.reset", "earliest");
    return new KafkaConsumer<>(
        properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  private static byte[] replaced(byte[] bytes, Map<String, String> replace) {
    if (bytes == null || bytes.length == 0) {
      return null;
    }
    String text = text(bytes);
    for (Map.Entry<String, String> entry : replace.entrySet()) {
      text = text.replaceAll(entry.getKey(), entry.getValue());
    }
    return bytes(text);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    marks.close();
    producer.close();
  }
}
