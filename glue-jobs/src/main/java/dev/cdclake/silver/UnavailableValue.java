/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cdclake.silver.ColumnType.UnreadableValueException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.UUID;
import org.apache.spark.sql.types.StringType;

/**
 * Recognises the placeholder that Debezium sends for a value which an update left unchanged and
 * PostgreSQL therefore did not log (a TOASTed value).
 *
 * <p>See <a
 * href="https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-toasted-values">toasted
 * values</a>; the placeholder takes the form of the column's type.
 */
final class UnavailableValue {

  private static final String TEXT = "__debezium_unavailable_value";
  private static final byte[] BYTES = TEXT.getBytes(StandardCharsets.UTF_8);
  private static final String MAP = "{\"" + TEXT + "\":\"" + TEXT + "\"}";
  private static final String BASE64 = Base64.getEncoder().encodeToString(BYTES);
  private static final String ID = UUID.nameUUIDFromBytes(BYTES).toString();

  private static final ObjectMapper JSON = new ObjectMapper();

  private UnavailableValue() {}

  static boolean is(JsonNode value, ColumnType type) {
    if (value.isTextual()) {
      String text = value.textValue();
      return TEXT.equals(text) || MAP.equals(text) || isBytes(value, type);
    }
    if (value.isArray()) {
      return isArray(value);
    }
    return value.isObject() && value.size() == 1 && TEXT.equals(value.path(TEXT).asText());
  }

  /** Tells whether an event lacks a value of the row after its change, in any column. */
  static boolean isIn(String after, EventSchema schema) throws UnreadableValueException {
    JsonNode row;
    try {
      row = JSON.readTree(after);
    } catch (JsonProcessingException e) {
      throw new UnreadableValueException("The row is not JSON", e);
    }
    return schema.columns().entrySet().stream()
        .anyMatch(column -> isAt(row.get(column.getKey()), column.getValue()));
  }

  /** Tells whether a column lacks its value; one that vanished from the row does. */
  static boolean isAt(JsonNode value, ColumnType type) {
    return value == null || is(value, type);
  }

  private static boolean isBytes(JsonNode value, ColumnType type) {
    if (type.sparkType() instanceof StringType) {
      return false;
    }
    try {
      return Arrays.equals(value.binaryValue(), BYTES);
    } catch (IOException e) {
      return false;
    }
  }

  private static boolean isArray(JsonNode array) {
    if (array.size() == 1) {
      String only = array.get(0).asText();
      return TEXT.equals(only) || ID.equals(only) || BASE64.equals(only);
    }
    if (array.size() != BYTES.length) {
      return false;
    }
    for (int i = 0; i < BYTES.length; i++) {
      if (!array.get(i).isNumber() || array.get(i).doubleValue() != BYTES[i]) {
        return false;
      }
    }
    return true;
  }
}
