/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.runtime;

import dev.cdclake.contract.Kafka;
import dev.cdclake.contract.Secret;
import dev.cdclake.contract.Secrets;
import java.util.Properties;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Kafka clients that connect as the pipeline file says; secrets come from the environment. */
public final class KafkaClients {

  private KafkaClients() {}

  /** Opens a client that asks for topics and offsets. */
  public static Admin admin(Kafka kafka) {
    Properties properties = connection(kafka);
    properties.put("request.timeout.ms", "10000");
    return Admin.create(properties);
  }

  /** Opens a reader of what is committed. It belongs to no group: where it reads, it is told. */
  public static KafkaConsumer<byte[], byte[]> consumer(Kafka kafka) {
    Properties properties = reading(kafka);
    properties.put("auto.offset.reset", "earliest");
    return new KafkaConsumer<>(
        properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  /** Returns how to read what is committed. */
  public static Properties reading(Kafka kafka) {
    Properties properties = connection(kafka);
    properties.put("isolation.level", "read_committed");
    properties.put("enable.auto.commit", "false");
    // A consumer asks on before it is told to. Behind the last event the broker would hold that
    // question, half a second long, and the next one, about another topic, behind it.
    properties.put("fetch.max.wait.ms", "10");
    return properties;
  }

  private static Properties connection(Kafka kafka) {
    Properties properties = new Properties();
    properties.putAll(Secret.resolve(kafka.properties(), Secrets.known()));
    properties.put("bootstrap.servers", kafka.bootstrap());
    properties.put("default.api.timeout.ms", "15000");
    return properties;
  }
}
