/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.verify;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cdclake.lake.JoinedText;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.DecimalType;
import scala.collection.Iterable;
import scala.jdk.javaapi.CollectionConverters;

/**
 * One spelling of a value for both sides: values are equal exactly if their spellings are.
 *
 * <p>The source's side is parsed from PostgreSQL's own text, not from the event, so that a mistake
 * in decoding events shows. A value that the lake's type cannot express is spelt like NULL on both
 * sides; the silver row carries a flag for it.
 */
final class ComparableRow {

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);
  private static final String NULL = "\u0000";
  private static final Set<String> NO_DIGITS = Set.of("NaN", "Infinity", "-Infinity");

  private ComparableRow() {}

  /** Returns 128 bits that stand for a text. */
  static String digest(String text) {
    try {
      byte[] digest =
          MessageDigest.getInstance("MD5").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java platform has MD5.", e);
    }
  }

  /** Spells a value of silver. */
  static String ofLake(Object value, Spelling spelling) {
    if (spelling == Spelling.REAL && value instanceof Double number) {
      return floating(number.floatValue());
    }
    return value instanceof String text ? spelling.ofText(text) : ofLake(value);
  }

  private static String ofLake(Object value) {
    if (value == null) {
      return NULL;
    }
    if (value instanceof BigDecimal decimal) {
      return plain(decimal);
    }
    if (value instanceof Float || value instanceof Double) {
      return floating((Number) value);
    }
    if (value instanceof byte[] bytes) {
      return HexFormat.of().formatHex(bytes);
    }
    if (value instanceof Instant instant) {
      return instant.truncatedTo(ChronoUnit.MICROS).toString();
    }
    if (value instanceof Iterable<?> elements) {
      List<String> spelt = new ArrayList<>();
      CollectionConverters.asJava(elements).forEach(element -> spelt.add(ofLake(element)));
      return JoinedText.of(spelt);
    }
    return value.toString();
  }

  /**
   * Spells a value of the source. What has not the form of the type, because the source's column
   * has become another that silver's cannot follow, is spelt as it is, and differs.
   *
   * @param text PostgreSQL's text of the value (of an array: its JSON), null for NULL
   * @param type the type that the column has in silver
   */
  static String ofSource(String text, DataType type, Spelling spelling) {
    if (text != null && spelling == Spelling.REAL && type.equals(DataTypes.DoubleType)) {
      return floating(Float.valueOf(text));
    }
    return text == null ? NULL : ofSource(spelling.ofText(text), type);
  }

  private static String ofSource(String text, DataType type) {
    if (type instanceof ArrayType array) {
      return ofArray(text, array.elementType());
    }
    if (type instanceof DecimalType decimal) {
      return ofDecimal(text, decimal);
    }
    if (type instanceof BinaryType) {
      return text.startsWith("\\x") ? text.substring(2) : text;
    }
    try {
      if (type.equals(DataTypes.FloatType)) {
        return floating(Float.valueOf(text));
      }
      if (type.equals(DataTypes.DoubleType)) {
        return floating(Double.valueOf(text));
      }
      if (type.equals(DataTypes.TimestampType)) {
        return inCalendar(instant(text));
      }
      if (type.equals(DataTypes.TimestampNTZType)) {
        return LocalDateTime.parse(text.replace(' ', 'T')).toString();
      }
      if (type.equals(DataTypes.DateType)) {
        return LocalDate.parse(text).toString();
      }
    } catch (DateTimeException e) {
      return NULL;
    } catch (NumberFormatException e) {
      return text;
    }
    return text;
  }

  private static String ofArray(String json, DataType elementType) {
    JsonNode array;
    try {
      array = JSON.readTree(json);
    } catch (JsonProcessingException e) {
      return json;
    }
    if (!array.isArray()) {
      return json;
    }
    List<String> spelt = new ArrayList<>();
    for (JsonNode item : array) {
      String element = item.isNull() ? NULL : ofSource(item.asText(), elementType);
      if (item.isArray() || (element.equals(NULL) && !item.isNull())) {
        // The lake has no type for arrays in arrays, nor for arrays of which it lacks an element.
        return NULL;
      }
      spelt.add(element);
    }
    return JoinedText.of(spelt);
  }

  private static String ofDecimal(String text, DecimalType type) {
    try {
      BigDecimal scaled = new BigDecimal(text).setScale(type.scale(), RoundingMode.UNNECESSARY);
      return scaled.precision() <= type.precision() ? plain(scaled) : NULL;
    } catch (ArithmeticException e) {
      return NULL;
    } catch (NumberFormatException e) {
      return NO_DIGITS.contains(text) ? NULL : text;
    }
  }

  /** Minus zero equals zero, in PostgreSQL too; its sign does not survive JSON. */
  private static String floating(Number number) {
    return number.doubleValue() == 0 ? "0" : number.toString();
  }

  private static String plain(BigDecimal decimal) {
    return decimal.signum() == 0 ? "0" : decimal.stripTrailingZeros().toPlainString();
  }

  private static Instant instant(String text) {
    // PostgreSQL writes 2026-11-21 03:00:00.5+00, and in JSON 2026-11-21T03:00:00.5+00:00.
    String iso = text.replace(' ', 'T');
    return OffsetDateTime.parse(iso.endsWith("+00") ? iso + ":00" : iso).toInstant();
  }

  private static String inCalendar(Instant instant) {
    return instant.isBefore(Instant.parse("+10000-01-01T00:00:00Z")) ? instant.toString() : NULL;
  }
}
