/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.capture;

import io.debezium.spi.converter.CustomConverter.Converter;
import io.debezium.spi.converter.RelationalColumn;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.errors.ConnectException;
import org.postgresql.core.Oid;

/**
 * A column whose type in the stream is not the one that it has in the catalog, because it was
 * altered, or another one got its name, while the connector was behind.
 *
 * <p>Debezium 3.7 takes the name of the type from the catalog when it meets a table in the stream,
 * and reads the older values as that type (<a
 * href="https://github.com/debezium/dbz/issues/2232">dbz#2232</a>). Numbers are brought back to the
 * type that the stream says; where a value might be another, capture stops. What cannot be read as
 * the newer type at all stops it too.
 */
final class RetypedColumn {

  /** Built-in types by the names that the JDBC driver has for them. */
  private static final Map<String, Integer> BUILT_IN =
      Map.ofEntries(
          Map.entry("bool", Oid.BOOL),
          Map.entry("smallserial", Oid.INT2),
          Map.entry("int2", Oid.INT2),
          Map.entry("serial", Oid.INT4),
          Map.entry("int4", Oid.INT4),
          Map.entry("bigserial", Oid.INT8),
          Map.entry("int8", Oid.INT8),
          Map.entry("float4", Oid.FLOAT4),
          Map.entry("float8", Oid.FLOAT8),
          Map.entry("numeric", Oid.NUMERIC),
          Map.entry("money", Oid.MONEY),
          Map.entry("text", Oid.TEXT),
          Map.entry("varchar", Oid.VARCHAR),
          Map.entry("bpchar", Oid.BPCHAR),
          Map.entry("bytea", Oid.BYTEA),
          Map.entry("json", Oid.JSON),
          Map.entry("jsonb", Oid.JSONB),
          Map.entry("xml", Oid.XML),
          Map.entry("uuid", Oid.UUID),
          Map.entry("date", Oid.DATE),
          Map.entry("time", Oid.TIME),
          Map.entry("timetz", Oid.TIMETZ),
          Map.entry("timestamp", Oid.TIMESTAMP),
          Map.entry("timestamptz", Oid.TIMESTAMPTZ),
          Map.entry("interval", Oid.INTERVAL));

  private static final Set<Integer> TEXTS = Set.of(Oid.TEXT, Oid.VARCHAR, Oid.BPCHAR);

  /** Types as which every digit of a number is read. */
  private static final Set<Integer> EXACT_NUMBERS =
      Set.of(Oid.INT2, Oid.INT4, Oid.INT8, Oid.NUMERIC, Oid.TEXT, Oid.VARCHAR, Oid.BPCHAR);

  private static final Set<Integer> TIMES =
      Set.of(Oid.DATE, Oid.TIME, Oid.TIMETZ, Oid.TIMESTAMP, Oid.TIMESTAMPTZ);

  private static final Map<Integer, Function<String, Object>> NUMBERS =
      Map.of(
          Oid.INT2, Short::valueOf,
          Oid.INT4, Integer::valueOf,
          Oid.INT8, Long::valueOf,
          Oid.FLOAT4, Float::valueOf,
          Oid.FLOAT8, Double::valueOf);

  private RetypedColumn() {}

  /**
   * Returns what the column's values are brought back with; empty if catalog and stream agree, or
   * the values are read as they are all the same.
   *
   * @param text spells a value, whatever it was read as
   * @throws ConnectException if values might have been changed by being read as the newer type
   */
  static Optional<Converter> of(RelationalColumn column, Function<Object, String> text) {
    int streamed = column.nativeType();
    Integer catalog = BUILT_IN.get(column.typeName());
    if (catalog == null || catalog == streamed) {
      return Optional.empty();
    }
    Function<String, Object> number = NUMBERS.get(streamed);
    if (number != null && EXACT_NUMBERS.contains(catalog)) {
      // As Debezium does where the log holds the key only and the column takes no NULL.
      Object absent = column.isOptional() ? null : number.apply("0");
      return Optional.of(value -> value == null ? absent : number.apply(text.apply(value)));
    }
    if (!mayChange(streamed, catalog)) {
      return Optional.empty();
    }
    throw new ConnectException(
        ("Cannot read older changes of column '%s' of '%s': the catalog says '%s' now (expected the"
                + " type that it had then). Run './cdclake resnapshot --all'.")
            .formatted(column.name(), column.dataCollection(), column.typeName()));
  }

  /** Whether reading a value as the newer type may change it without anybody noticing. */
  private static boolean mayChange(int streamed, int catalog) {
    if (TEXTS.contains(streamed)) {
      return NUMBERS.containsKey(catalog) || catalog == Oid.NUMERIC || TIMES.contains(catalog);
    }
    if (streamed == Oid.NUMERIC || streamed == Oid.INT8 || streamed == Oid.INT4) {
      return catalog == Oid.FLOAT4 || (catalog == Oid.FLOAT8 && streamed != Oid.INT4);
    }
    return TIMES.contains(streamed) && TIMES.contains(catalog);
  }

  /** Returns the schema of a number's type. */
  static SchemaBuilder schema(int type) {
    return switch (type) {
      case Oid.INT2 -> SchemaBuilder.int16();
      case Oid.INT4 -> SchemaBuilder.int32();
      case Oid.INT8 -> SchemaBuilder.int64();
      case Oid.FLOAT4 -> SchemaBuilder.float32();
      case Oid.FLOAT8 -> SchemaBuilder.float64();
      default -> throw new IllegalArgumentException("Type " + type + " is no number.");
    };
  }
}
