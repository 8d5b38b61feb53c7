/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.source;

import java.util.Set;

/**
 * How the values of a PostgreSQL type arrive in change events, given our connector settings.
 *
 * <p>Follows the type switch of Debezium's {@code PostgresValueConverter}; see <a
 * href="https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-data-types">its
 * table of types</a>.
 */
public enum TypeSupport {
  /** With a schema type of its own. */
  NATIVE,
  /** As PostgreSQL's own text; of an array, each element. */
  AS_TEXT;

  private static final Set<String> NATIVE_TYPES =
      Set.of(
          "bool",
          "bit",
          "varbit",
          "int2",
          "int4",
          "int8",
          "float4",
          "float8",
          "numeric",
          "money",
          "oid",
          "char",
          "bpchar",
          "varchar",
          "text",
          "name",
          "bytea",
          "json",
          "jsonb",
          "xml",
          "uuid",
          "date",
          "time",
          "timetz",
          "timestamp",
          "timestamptz",
          "interval",
          "inet",
          "cidr",
          "macaddr",
          "macaddr8",
          "int4range",
          "int8range",
          "numrange",
          "tsrange",
          "tstzrange",
          "daterange",
          "point",
          "box",
          "lseg",
          "path",
          "polygon",
          "circle",
          "line",
          "tsvector",
          "citext",
          "hstore",
          "ltree",
          "isbn");

  private static final Set<String> NATIVE_ELEMENTS =
      Set.of(
          "bool",
          "int2",
          "int4",
          "int8",
          "float4",
          "float8",
          "numeric",
          "oid",
          "char",
          "bpchar",
          "varchar",
          "text",
          "bytea",
          "json",
          "jsonb",
          "uuid",
          "date",
          "time",
          "timetz",
          "timestamp",
          "timestamptz",
          "inet",
          "cidr",
          "macaddr",
          "macaddr8",
          "int4range",
          "int8range",
          "numrange",
          "tsrange",
          "tstzrange",
          "daterange",
          "citext",
          "hstore",
          "ltree");

  /**
   * Classifies a type that is not an array.
   *
   * @param name its {@code typname}, domains resolved
   * @param kind its {@code typtype}
   */
  static TypeSupport ofScalar(String name, String kind) {
    return kind.equals("e") || NATIVE_TYPES.contains(name) ? NATIVE : AS_TEXT;
  }

  /**
   * Classifies an array by its element.
   *
   * @param element the element's {@code typname}, domains not resolved
   * @param kind the element's {@code typtype}
   */
  static TypeSupport ofArray(String element, String kind) {
    return kind.equals("e") || NATIVE_ELEMENTS.contains(element) ? NATIVE : AS_TEXT;
  }
}
