/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

import java.util.Locale;

/**
 * A table of the source as PostgreSQL knows it: unquoted, case kept.
 *
 * @param schema the schema, {@code public} unless said otherwise
 * @param table the table
 */
public record TableName(String schema, String table) {

  public static final String DEFAULT_SCHEMA = "public";

  /** Parses {@code schema.table} or {@code table}; everything after the first dot is the table. */
  public static TableName parse(String text) {
    int dot = text.indexOf('.');
    return dot < 0
        ? new TableName(DEFAULT_SCHEMA, text)
        : new TableName(text.substring(0, dot), text.substring(dot + 1));
  }

  /** Returns the name as an SQL identifier, both parts quoted. */
  public String quoted() {
    return quote(schema) + "." + quote(table);
  }

  /**
   * Returns the name that the lake uses unless the pipeline file gives another: the table's own
   * noun, lower case, with every character other than letters, digits and {@code _} replaced by
   * {@code _}; prefixed by the schema outside {@code public}.
   */
  String lakeName() {
    String noun = DEFAULT_SCHEMA.equals(schema) ? table : schema + "_" + table;
    return noun.toLowerCase(Locale.ROOT).replaceAll("[^\\p{L}\\p{N}_]", "_");
  }

  /**
   * Returns the name as it stands in a topic's name: Debezium writes {@code _} for every character
   * that Kafka does not allow there.
   */
  String topicName() {
    return toString().replaceAll("[^A-Za-z0-9._-]", "_");
  }

  /** Quotes an identifier for PostgreSQL. */
  public static String quote(String identifier) {
    return '"' + identifier.replace("\"", "\"\"") + '"';
  }

  @Override
  public String toString() {
    return schema + "." + table;
  }
}
