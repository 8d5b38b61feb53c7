/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cdclake.lake.JoinedText;
import dev.cdclake.silver.ColumnType.UnreadableValueException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.apache.spark.unsafe.types.UTF8String;
import scala.jdk.javaapi.CollectionConverters;

/**
 * The values that a row has in some columns, by which a row is found that no key identifies.
 *
 * <p>A table with REPLICA IDENTITY FULL sends the whole row as it was before an update or delete,
 * TOASTed values included. What the lake cannot express counts as NULL on both sides.
 */
final class RowImage {

  private RowImage() {}

  /**
   * Decodes the values of a row that an event carries, as silver would store them.
   *
   * @param json the row before or after the change
   * @param columns names in the lake
   */
  static Object[] decode(UTF8String json, EventLayout event, List<String> columns)
      throws UnreadableValueException {
    JsonNode[] row = event.read(json);
    Map<String, Object> values = new HashMap<>();
    for (int column = 0; column < row.length; column++) {
      if (row[column] != null && columns.contains(event.lakeName(column))) {
        Object decoded = event.decode(column, row[column]);
        values.put(event.lakeName(column), decoded == ColumnType.UNREPRESENTABLE ? null : decoded);
      }
    }
    return columns.stream().map(values::get).toArray();
  }

  /** Spells values so that two rows are equal exactly if their texts are. */
  static String text(Object[] values) {
    List<String> texts = new ArrayList<>(values.length);
    for (Object value : values) {
      texts.add(spell(value));
    }
    return JoinedText.of(texts);
  }

  private static String spell(Object value) {
    if (value == null) {
      return "";
    }
    if (value instanceof byte[] bytes) {
      return "=" + HexFormat.of().formatHex(bytes);
    }
    if (value instanceof BigDecimal number) {
      return "=" + number.stripTrailingZeros().toPlainString();
    }
    if (value instanceof Object[] array) {
      return "=" + text(array);
    }
    if (value instanceof scala.collection.Seq<?> sequence) {
      return "=" + text(CollectionConverters.asJava(sequence).toArray());
    }
    return "=" + value;
  }
}
