/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonParser.NumberType;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.cdclake.failure.RejectReason;
import dev.cdclake.silver.ColumnType.UnreadableValueException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.unsafe.Platform;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * How the rows of events with one schema lie in a silver table. It is worked out once for many
 * events. Columns are numbered in the event's order.
 */
final class EventLayout {

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);

  private static final int NONE = -1;

  /** The parser reads a name fast where so many bytes follow that it could not be cut short. */
  private static final int LOOK_AHEAD = 13;

  /** Reads the value of a column, to its end. */
  private interface Column {
    void at(int column, JsonParser parser) throws IOException;
  }

  private final EventSchema schema;
  private final SilverSchema silver;
  private final RejectReason reason;
  private final String detail;
  private final String[] names;
  private final String[] lakeNames;
  private final ColumnType[] types;
  private final int[] positions;
  private final boolean complete;
  private final Map<String, Integer> numbers = new HashMap<>();

  /** By place in the table's key: the number of the column, {@link #NONE} if the event has none. */
  private final int[] key;

  EventLayout(EventSchema schema, SilverSchema silver) {
    this.schema = schema;
    this.silver = silver;
    this.names = schema.columns().keySet().toArray(String[]::new);
    this.types = schema.columns().values().toArray(ColumnType[]::new);
    this.lakeNames = new String[names.length];
    this.positions = new int[names.length];
    Map<String, Integer> inTable = silver.sourcePositions();
    Map<String, Integer> inLake = new HashMap<>();
    for (int i = 0; i < names.length; i++) {
      numbers.put(names[i], i);
      lakeNames[i] = schema.lakeName(names[i]);
      positions[i] = inTable.getOrDefault(lakeNames[i], NONE);
      inLake.put(lakeNames[i], i);
    }
    this.complete = names.length >= inTable.size();
    this.key = silver.key().stream().mapToInt(name -> inLake.getOrDefault(name, NONE)).toArray();
    if (schema.misread() != null) {
      this.reason = RejectReason.COLUMN_RETYPED;
      this.detail =
          "Column '%s' had another type when the row was written".formatted(schema.misread());
    } else {
      this.detail = silver.conflict(schema);
      this.reason = detail == null ? null : RejectReason.SCHEMA_CONFLICT;
    }
  }

  /** Whether the table can hold rows of this schema. */
  boolean fits() {
    return reason == null;
  }

  /** Returns why the table cannot hold rows of this schema, null if it can. */
  RejectReason reason() {
    return reason;
  }

  /** Says what keeps the table from holding rows of this schema. */
  String detail() {
    return detail;
  }

  /** Returns the names of the columns in the lake. */
  List<String> inLake() {
    return List.of(lakeNames);
  }

  String lakeName(int column) {
    return lakeNames[column];
  }

  ColumnType type(int column) {
    return types[column];
  }

  /** Returns where the table has a column. */
  int position(int column) {
    return positions[column];
  }

  /** Whether the event has all of the table's columns that come from the source. */
  boolean isComplete() {
    return complete;
  }

  /** Whether a column of the lake is among the event's. */
  boolean hasInLake(String lakeName) {
    return schema.lakeNames().containsValue(lakeName);
  }

  /**
   * Reads a row that an event carries.
   *
   * @return a value for every column, null where the row leaves it out
   */
  JsonNode[] read(UTF8String json) throws UnreadableValueException {
    JsonNode[] values = new JsonNode[names.length];
    forEach(json.getBytes(), (column, parser) -> values[column] = node(parser));
    return values;
  }

  /**
   * Tells whether a row that an event carries lacks the value of a column: it leaves the column
   * out, or has the placeholder in its stead.
   */
  boolean lacksValue(UTF8String json) throws UnreadableValueException {
    BitSet there = new BitSet(names.length);
    forEach(
        json.getBytes(),
        (column, parser) -> {
          boolean lacks =
              UnavailableValue.mayBeAt(parser) && UnavailableValue.is(node(parser), types[column]);
          there.set(column, !lacks);
        });
    return there.cardinality() < names.length;
  }

  /** Calls for every column of a row with a parser that stands at its value. */
  private void forEach(byte[] json, Column read) throws UnreadableValueException {
    try (JsonParser parser = JSON.createParser(json)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new UnreadableValueException("The row is not a JSON object", null);
      }
      int expected = 0;
      for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
        parser.nextToken();
        int column = number(name, expected);
        if (column == NONE) {
          parser.skipChildren();
        } else {
          read.at(column, parser);
          expected = column + 1;
        }
      }
    } catch (JsonProcessingException e) {
      throw new UnreadableValueException("The row is not JSON", e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns a text with blanks behind it; most keys are shorter than what the parser looks for. */
  private static byte[] withBlanks(UTF8String json) {
    byte[] bytes = new byte[json.numBytes() + LOOK_AHEAD];
    json.writeToMemory(bytes, Platform.BYTE_ARRAY_OFFSET);
    Arrays.fill(bytes, json.numBytes(), bytes.length, (byte) ' ');
    return bytes;
  }

  /** Events have their columns in the schema's order, nearly always. */
  private int number(String name, int expected) {
    return expected < names.length && names[expected].equals(name)
        ? expected
        : numbers.getOrDefault(name, NONE);
  }

  private static JsonNode node(JsonParser parser) throws IOException {
    JsonNodeFactory nodes = JsonNodeFactory.instance;
    return switch (parser.currentToken()) {
      case VALUE_STRING -> nodes.textNode(parser.getText());
      case VALUE_NUMBER_INT ->
          parser.getNumberType() == NumberType.BIG_INTEGER
              ? nodes.numberNode(parser.getBigIntegerValue())
              : nodes.numberNode(parser.getLongValue());
      // As a tree of JSON has it: without zeros behind the last digit.
      case VALUE_NUMBER_FLOAT -> nodes.numberNode(parser.getDecimalValue().stripTrailingZeros());
      case VALUE_NULL -> nodes.nullNode();
      case VALUE_TRUE -> nodes.booleanNode(true);
      case VALUE_FALSE -> nodes.booleanNode(false);
      default -> JSON.readTree(parser);
    };
  }

  /**
   * Decodes a value of a column as silver stores it.
   *
   * @return null, {@link ColumnType#UNREPRESENTABLE}, or a value of the class that Spark's rows
   *     have
   */
  Object decode(int column, JsonNode value) throws UnreadableValueException {
    Object decoded;
    try {
      decoded = types[column].decode(value);
    } catch (UnreadableValueException e) {
      throw new UnreadableValueException(
          "Column '%s': %s".formatted(names[column], e.getMessage()), e);
    }
    return decoded == ColumnType.UNREPRESENTABLE
        ? decoded
        : SilverSchema.widen(decoded, stored(column));
  }

  private DataType stored(int column) {
    return silver.columns().fields()[positions[column]].dataType();
  }

  /**
   * Decodes the key of an event.
   *
   * @param json the key's payload
   * @return the values in the order of the table's key
   */
  Object[] key(UTF8String json) throws UnreadableValueException {
    JsonNode[] read = new JsonNode[names.length];
    try {
      forEach(withBlanks(json), (column, parser) -> read[column] = node(parser));
    } catch (UnreadableValueException e) {
      throw new UnreadableValueException("The key is not JSON", e);
    }
    Object[] values = new Object[key.length];
    for (int i = 0; i < values.length; i++) {
      JsonNode value = key[i] == NONE ? null : read[key[i]];
      if (value == null || value.isNull()) {
        throw new UnreadableValueException(
            "The key has no column '" + silver.key().get(i) + "'", null);
      }
      values[i] = decode(key[i], value);
      if (values[i] == ColumnType.UNREPRESENTABLE) {
        throw new UnreadableValueException(
            "Key column '%s' has a value that the lake cannot express"
                .formatted(silver.key().get(i)),
            null);
      }
    }
    return values;
  }
}
