/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cdclake.lake.JoinedText;
import dev.cdclake.silver.ColumnType.UnreadableValueException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** The values that identify a row, typed, and their one spelling as text. */
final class RowKey {

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);

  private RowKey() {}

  /**
   * Decodes the key of an event.
   *
   * @param json the key's payload
   * @param schema the schema that the event carried
   * @return the values in the order of the table's key
   */
  static Object[] decode(String json, EventSchema schema, SilverSchema silver)
      throws UnreadableValueException {
    JsonNode key;
    try {
      key = JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw new UnreadableValueException("The key is not JSON", e);
    }
    Map<String, String> sourceNames = new HashMap<>();
    schema.columns().keySet().forEach(name -> sourceNames.put(schema.lakeName(name), name));
    Object[] values = new Object[silver.key().size()];
    for (int i = 0; i < values.length; i++) {
      String column = silver.key().get(i);
      String source = sourceNames.get(column);
      JsonNode value = source == null ? null : key.get(source);
      if (value == null || value.isNull()) {
        throw new UnreadableValueException("The key has no column '" + column + "'", null);
      }
      Object decoded = schema.columns().get(source).decode(value);
      if (decoded == ColumnType.UNREPRESENTABLE) {
        throw new UnreadableValueException(
            "Key column '" + column + "' has a value that the lake cannot express", null);
      }
      values[i] = SilverSchema.widen(decoded, silver.columns().apply(column).dataType());
    }
    return values;
  }

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
