/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The columns of a table as one event's schema gives them, in the source's order.
 *
 * @param columns by name
 */
record EventSchema(Map<String, ColumnType> columns) {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Map<String, EventSchema> PARSED = new ConcurrentHashMap<>();

  /** Returns the schema with a fingerprint, parsing its text once per process. */
  static EventSchema of(String fingerprint, String text) {
    return PARSED.computeIfAbsent(fingerprint, key -> parse(text));
  }

  private static EventSchema parse(String text) {
    JsonNode envelope;
    try {
      envelope = JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("Cannot read an event schema that bronze accepted.", e);
    }
    Map<String, ColumnType> columns = new LinkedHashMap<>();
    for (JsonNode part : envelope.path("fields")) {
      if ("after".equals(part.path("field").asText())) {
        for (JsonNode column : part.path("fields")) {
          columns.put(column.path("field").asText(), ColumnType.of(column));
        }
      }
    }
    return new EventSchema(columns);
  }
}
