/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.forget;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cdclake.lake.Position;
import java.io.Serializable;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The keys that one row had, each with the position up to which it had it: afterwards the key may
 * be another row's.
 */
record PersonKeys(List<Held> keys) implements Serializable {

  /** Up to the end of the log. */
  static final Position FOR_EVER = new Position(Integer.MAX_VALUE, -1);

  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * A key that the row had.
   *
   * @param values by the column's name in the source, as text
   * @param until inclusive
   */
  record Held(Map<String, String> values, Position until) implements Serializable {

    boolean is(Map<String, String> other, Position at) {
      return values.equals(other) && at.compareTo(until) <= 0;
    }
  }

  PersonKeys {
    keys = List.copyOf(keys);
  }

  /** Whether a key, as an event carries it, was the row's at a position. */
  boolean has(String json, Position at) {
    return json != null && has(columns(json), at);
  }

  /** Whether a key was the row's at a position. */
  boolean has(Map<String, String> key, Position at) {
    return keys.stream().anyMatch(held -> held.is(key, at));
  }

  /**
   * Whether a row or key in JSON, with or without a schema around it, is the row's.
   *
   * @param at where it stood in the log; null if nobody knows, and then any time counts
   */
  boolean isIn(String json, Position at) {
    try {
      return json != null && isIn(JSON.readTree(json), at);
    } catch (JsonProcessingException e) {
      // What is not JSON names no key.
      return false;
    }
  }

  private boolean isIn(JsonNode node, Position at) {
    if (!node.isObject()) {
      return false;
    }
    if (keys.stream()
        .filter(held -> at == null || at.compareTo(held.until()) <= 0)
        .anyMatch(held -> carries(node, held.values()))) {
      return true;
    }
    for (String part : List.of("payload", "before", "after")) {
      if (node.has(part) && isIn(node.get(part), at)) {
        return true;
      }
    }
    return false;
  }

  /** Reads where a change stood in the log, from its event; null if that does not say it. */
  static Position position(String event, int epoch) {
    try {
      JsonNode document = JSON.readTree(event == null ? "" : event);
      JsonNode source = document.path("payload").path("source");
      source = source.isObject() ? source : document.path("source");
      // What a snapshot read was the row's at another time than its position says.
      boolean streamed = "false".equals(source.path("snapshot").asText("false"));
      return streamed && source.path("lsn").isIntegralNumber()
          ? new Position(epoch, source.path("lsn").longValue())
          : null;
    } catch (JsonProcessingException e) {
      return null;
    }
  }

  private static boolean carries(JsonNode row, Map<String, String> key) {
    return key.entrySet().stream()
        .allMatch(
            column ->
                row.hasNonNull(column.getKey())
                    && row.get(column.getKey()).asText().equals(column.getValue()));
  }

  /** Reads a key as an event carries it; empty if it is not JSON. */
  static Map<String, String> columns(String json) {
    Map<String, String> values = new HashMap<>();
    try {
      JSON.readTree(json)
          .properties()
          .forEach(column -> values.put(column.getKey(), column.getValue().asText()));
    } catch (JsonProcessingException e) {
      return Map.of();
    }
    return values;
  }
}
