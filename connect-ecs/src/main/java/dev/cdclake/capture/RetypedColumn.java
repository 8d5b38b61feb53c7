/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.capture;

import io.debezium.spi.converter.RelationalColumn;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.postgresql.core.Oid;

/**
 * A column whose type in the stream is not the one that it has in the catalog, because it was
 * altered, or another one got its name, while the connector was behind.
 *
 * <p>Debezium 3.7 takes the name of the type from the catalog when it meets a table in the stream,
 * and reads the older values as that type (<a
 * href="https://github.com/debezium/dbz/issues/2232">dbz#2232</a>). Numbers are brought back to the
 * type that the stream says; where a value might be another, its change says so. What cannot be
 * read as the newer type at all stops capture.
 */
enum RetypedColumn {
  /** Catalog and stream agree, or the values are read as they are all the same. */
  READ_RIGHT,
  /** The values are numbers that lost nothing but their type. */
  NUMBER,
  /** Values may have been changed by being read as the newer type. */
  MISREAD;

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

  /** Types whose values are read as the text that is in the stream. */
  private static final Set<Integer> TEXTS =
      Set.of(Oid.TEXT, Oid.VARCHAR, Oid.BPCHAR, Oid.JSON, Oid.JSONB, Oid.XML, Oid.UUID);

  /** Types as which every digit of a number is read. */
  private static final Set<Integer> EXACT_NUMBERS =
      Set.of(Oid.INT2, Oid.INT4, Oid.INT8, Oid.NUMERIC, Oid.TEXT, Oid.VARCHAR, Oid.BPCHAR);

  /** Pairs of types: what the first one holds is exact in the second one. */
  private static final Set<List<Integer>> EXACT_REALS =
      Set.of(
          List.of(Oid.INT2, Oid.FLOAT4),
          List.of(Oid.INT2, Oid.FLOAT8),
          List.of(Oid.INT4, Oid.FLOAT8),
          List.of(Oid.FLOAT4, Oid.FLOAT8));

  private static final Map<Integer, Function<String, Object>> NUMBERS =
      Map.of(
          Oid.INT2, Short::valueOf,
          Oid.INT4, Integer::valueOf,
          Oid.INT8, Long::valueOf,
          Oid.FLOAT4, Float::valueOf,
          Oid.FLOAT8, Double::valueOf);

  /** Compares the types that a column has in stream and catalog. */
  static RetypedColumn of(RelationalColumn column) {
    int streamed = column.nativeType();
    if (!BUILT_IN.containsValue(streamed)) {
      return READ_RIGHT;
    }
    Integer catalog = BUILT_IN.get(column.typeName());
    if (catalog == null) {
      // An array's name begins so; a domain has a name of its own, and is read as what it is.
      return column.typeName().startsWith("_") ? MISREAD : READ_RIGHT;
    }
    if (NUMBERS.containsKey(streamed) && catalog != streamed && EXACT_NUMBERS.contains(catalog)) {
      return NUMBER;
    }
    return readsRight(streamed, catalog) ? READ_RIGHT : MISREAD;
  }

  private static boolean readsRight(int streamed, int catalog) {
    return streamed == catalog
        || (TEXTS.contains(streamed) && TEXTS.contains(catalog))
        || (streamed == Oid.NUMERIC && EXACT_NUMBERS.contains(catalog))
        || EXACT_REALS.contains(List.of(streamed, catalog));
  }

  /** Returns a number of the type that the stream says, given what PostgreSQL writes for it. */
  static Object number(int type, String text) {
    return NUMBERS.get(type).apply(text);
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
