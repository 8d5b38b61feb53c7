/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bronze;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Secret;
import dev.cdclake.contract.Secrets;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.FailureCode;
import dev.cdclake.failure.PipelineException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * The event that follows a snapshot of a whole table: every row that was last changed before the
 * snapshot began and was not read by it is gone from the source.
 *
 * <p>It travels on the table's topic, so bronze and silver take it exactly once, like a TRUNCATE at
 * the position where the snapshot began. Sending it again changes nothing.
 */
public final class Barrier {

  private static final ObjectMapper JSON = new ObjectMapper();

  private Barrier() {}

  /**
   * Sends the event.
   *
   * @param began position in the source's log; every transaction that wrote before it had ended
   *     when the first row was read
   * @return the offset of the event in partition 0
   */
  public static long send(Pipeline pipeline, SourceTable table, long began) {
    Properties properties = new Properties();
    properties.putAll(Secret.resolve(pipeline.kafka().properties(), Secrets.known()));
    properties.put("bootstrap.servers", pipeline.kafka().bootstrap());
    properties.put("enable.idempotence", "true");
    String topic = pipeline.topic(table);
    ProducerRecord<byte[], byte[]> event =
        new ProducerRecord<>(
            topic,
            0,
            null,
            null,
            value(began).toString().getBytes(StandardCharsets.UTF_8),
            List.of(
                new RecordHeader(
                    ChangeColumns.EPOCH_HEADER,
                    String.valueOf(pipeline.source().epoch()).getBytes(StandardCharsets.UTF_8))));
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer())) {
      RecordMetadata sent = producer.send(event).get();
      return sent.offset();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted while sending to topic '" + topic + "'.", e);
    } catch (ExecutionException e) {
      throw new PipelineException(
          Stage.CAPTURE,
          FailureCode.UNREACHABLE,
          "Cannot write to topic '%s': %s (expected the right to). Grant it, then run again."
              .formatted(topic, e.getCause().getMessage()),
          e);
    }
  }

  static ObjectNode value(long began) {
    ObjectNode value = JSON.createObjectNode().put("op", ChangeColumns.BARRIER);
    value
        .putObject("source")
        .put("lsn", began)
        .put("snapshot", "false")
        .put("ts_us", ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now()));
    return value;
  }
}
