/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Set;
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

  private static final Set<Integer> LENGTHS = Set.of(TEXT.length(), MAP.length(), BASE64.length());

  private UnavailableValue() {}

  static boolean is(JsonNode value, ColumnType type) {
    if (value.isTextual()) {
      String text = value.textValue();
      return TEXT.equals(text) || MAP.equals(text) || isBytes(text, type);
    }
    if (value.isArray()) {
      return isArray(value);
    }
    return value.isObject() && value.size() == 1 && TEXT.equals(value.path(TEXT).asText());
  }

  /**
   * Tells whether the value that a parser stands at looks like the placeholder, for {@link #is} to
   * decide: so that nothing is made of all the others.
   */
  static boolean mayBeAt(JsonParser parser) throws IOException {
    return switch (parser.currentToken()) {
      case VALUE_STRING -> LENGTHS.contains(parser.getTextLength());
      case START_ARRAY, START_OBJECT -> true;
      default -> false;
    };
  }

  /** Tells whether a column lacks its value; one that vanished from the row does. */
  static boolean isAt(JsonNode value, ColumnType type) {
    return value == null || is(value, type);
  }

  private static boolean isBytes(String text, ColumnType type) {
    return BASE64.equals(text) && !(type.sparkType() instanceof StringType);
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
