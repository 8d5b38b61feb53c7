/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.connect;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How events are written to Kafka: the same for our own worker and for a connector that runs on
 * somebody else's.
 */
final class WireFormat {

  private static final String JSON = "org.apache.kafka.connect.json.JsonConverter";

  private WireFormat() {}

  /**
   * JSON that carries its schema, so exact types survive DDL in mid stream without another server.
   * Headers too: the key that a primary key update moved from or to reads like any event's key.
   */
  static Map<String, String> converters() {
    Map<String, String> settings = new LinkedHashMap<>();
    for (String part : new String[] {"key", "value", "header"}) {
      settings.put(part + ".converter", JSON);
      settings.put(part + ".converter.schemas.enable", "true");
      // Else a NULL in a column with a DEFAULT would arrive as the DEFAULT.
      settings.put(part + ".converter.replace.null.with.default", "false");
    }
    return settings;
  }

  /**
   * Producer settings for throughput. Large batches pay because the schema part of every event is
   * the same and compresses away; a transaction's end flushes them, so they cost little latency.
   */
  static Map<String, String> producer(String prefix, int maxMessageBytes) {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put(prefix + "max.request.size", String.valueOf(maxMessageBytes));
    settings.put(
        prefix + "buffer.memory", String.valueOf(Math.max(64L << 20, 2L * maxMessageBytes)));
    settings.put(prefix + "batch.size", String.valueOf(256 << 10));
    settings.put(prefix + "linger.ms", "5");
    settings.put(prefix + "compression.type", "zstd");
    settings.put(prefix + "compression.zstd.level", "1");
    return settings;
  }
}
