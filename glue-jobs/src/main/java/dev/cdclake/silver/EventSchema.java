/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cdclake.contract.TextForm;
import dev.cdclake.lake.Position;
import dev.cdclake.lake.Renames;
import dev.cdclake.lake.Renames.Rename;
import dev.cdclake.lake.SilverKey;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.sql.types.DataType;

/**
 * The columns of a table as one event's schema gives them, in the source's order.
 *
 * @param columns by name
 * @param lakeNames by the same names: what the columns are called in the lake
 * @param collision a name that two of them would have in the lake, null if all differ
 * @param misread the first column whose values were not read as what they are, null if there is
 *     none; such columns are not among the others
 * @param namedAt the place in the source's log whose names the columns have; null for that of the
 *     event itself
 */
record EventSchema(
    Map<String, ColumnType> columns,
    Map<String, String> lakeNames,
    String collision,
    String misread,
    Position namedAt) {

  /** Fields of a schema that is not Debezium's: where its columns had these names. */
  static final String NAMED_EPOCH = "cdclake.named-epoch";

  static final String NAMED_LSN = "cdclake.named-lsn";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Map<String, EventSchema> PARSED = new ConcurrentHashMap<>();

  /** Returns the schema with a fingerprint, parsing its text once per process. */
  static EventSchema of(String fingerprint, String text) {
    EventSchema known = PARSED.get(fingerprint);
    return known != null ? known : PARSED.computeIfAbsent(fingerprint, key -> parse(text));
  }

  /** Returns the schema of an event, its columns named as they are after all renames behind it. */
  EventSchema under(Renames renames, int epoch, long lsn) {
    return under(behind(renames, epoch, lsn));
  }

  /** Returns the renames that came after an event. */
  List<Rename> behind(Renames renames, int epoch, long lsn) {
    return renames.followed().isEmpty()
        ? List.of()
        : renames.behind(namedAt == null ? new Position(epoch, lsn) : namedAt);
  }

  /** Returns the schema, its columns named as they are after some renames. */
  EventSchema under(List<Rename> behind) {
    return behind.isEmpty() ? this : named(columns, behind, misread, namedAt);
  }

  /** Returns the name that a column has in the lake. */
  String lakeName(String column) {
    return lakeNames.get(column);
  }

  /** Returns the type of the column that has a name in the lake, null if there is none. */
  DataType typeOf(String lakeName) {
    return columns.entrySet().stream()
        .filter(column -> lakeNames.get(column.getKey()).equals(lakeName))
        .map(column -> column.getValue().sparkType())
        .findFirst()
        .orElse(null);
  }

  /** Whether another schema has the same columns of the same types. */
  boolean hasColumnsOf(EventSchema other) {
    return types().equals(other.types());
  }

  private Map<String, DataType> types() {
    Map<String, DataType> types = new HashMap<>();
    columns.forEach((name, type) -> types.put(name, type.sparkType()));
    return types;
  }

  /** Returns the names of the columns in the lake, in the source's order. */
  List<String> inLake() {
    return columns.keySet().stream().map(this::lakeName).toList();
  }

  private static EventSchema named(
      Map<String, ColumnType> columns, List<Rename> renames, String misread, Position namedAt) {
    Map<String, String> names = new HashMap<>();
    Map<String, String> owners = new HashMap<>();
    String collision = null;
    for (String column : columns.keySet()) {
      String name = SilverKey.lakeName(Renames.applied(renames, column));
      names.put(column, name);
      collision = owners.put(name, column) == null ? collision : name;
    }
    return new EventSchema(columns, names, collision, misread, namedAt);
  }

  private static EventSchema parse(String text) {
    JsonNode envelope;
    try {
      envelope = JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("Cannot read an event schema that bronze accepted.", e);
    }
    Map<String, ColumnType> columns = new LinkedHashMap<>();
    String misread = null;
    for (JsonNode part : envelope.path("fields")) {
      if ("after".equals(part.path("field").asText())) {
        for (JsonNode column : part.path("fields")) {
          String name = column.path("field").asText();
          if (!TextForm.MISREAD.equals(column.path("name").asText())) {
            columns.put(name, ColumnType.of(column));
          } else if (misread == null) {
            misread = name;
          }
        }
      }
    }
    Position namedAt =
        envelope.has(NAMED_LSN)
            ? new Position(envelope.get(NAMED_EPOCH).asInt(), envelope.get(NAMED_LSN).asLong())
            : null;
    return named(columns, List.of(), misread, namedAt);
  }
}
