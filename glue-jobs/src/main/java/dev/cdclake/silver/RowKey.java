/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cdclake.lake.JoinedText;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/** The columns that identify a row, and the one spelling of their values as text. */
final class RowKey {

  private static final ObjectMapper JSON = new ObjectMapper();

  private RowKey() {}

  /** Returns the columns that an event's key names, in its order; none if there is no key. */
  static List<String> columns(String json) {
    if (json == null) {
      return List.of();
    }
    try {
      List<String> columns = new ArrayList<>();
      JSON.readTree(json).fieldNames().forEachRemaining(columns::add);
      return columns;
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("Bronze accepts no key that is not JSON: " + json, e);
    }
  }

  /** Spells a key so that two keys are equal exactly if their texts are. */
  static String text(Object[] values) {
    return text(Arrays.asList(values));
  }

  /** Spells a key so that two keys are equal exactly if their texts are. */
  static String text(List<?> values) {
    return JoinedText.of(
        values.stream()
            .map(
                value ->
                    value instanceof byte[] bytes
                        ? HexFormat.of().formatHex(bytes)
                        : value.toString())
            .toList());
  }
}
