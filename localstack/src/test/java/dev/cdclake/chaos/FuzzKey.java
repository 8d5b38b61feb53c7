/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.chaos;

import java.util.List;

/** What identifies a row: columns with their types, and the values of the n-th key. */
enum FuzzKey {
  INT("id int"),
  BIGINT("id bigint"),
  TEXT("\"Name\" text"),
  UUID("id uuid"),
  DECIMAL("id numeric(8,2)"),
  DATE("day date"),
  MOMENT("at timestamptz"),
  BYTES("id bytea"),
  NUMBER_AND_TEXT("id int;\"part of\" text"),
  TEXT_AND_DATE("code varchar(20);day date"),
  NONE("");

  private static final List<String> TEXTS =
      List.of("", "a", "A", "a ", "ü", "x,y", "it''s", "\"q\"", "null", "[1]", "\\");

  private final String columns;

  /**
   * Names a kind of key.
   *
   * @param columns names and types, divided by semicolons
   */
  FuzzKey(String columns) {
    this.columns = columns;
  }

  List<String> columns() {
    return columns.isEmpty() ? List.of() : List.of(columns.split(";", -1));
  }

  List<String> names() {
    return columns().stream().map(column -> column.substring(0, column.lastIndexOf(' '))).toList();
  }

  List<String> values(int n) {
    String text = "'" + TEXTS.get(n % TEXTS.size()) + (n < TEXTS.size() ? "" : n) + "'";
    String day = "'2026-01-01'::date + " + n;
    return switch (this) {
      case INT -> List.of(String.valueOf(n));
      case BIGINT -> List.of(String.valueOf(4_000_000_000L + n));
      case TEXT -> List.of(text);
      case UUID -> List.of("md5('%d')::uuid".formatted(n));
      case DECIMAL -> List.of(n + ".50");
      case DATE -> List.of(day);
      case MOMENT ->
          List.of(
              "'2026-01-01 00:00+00'::timestamptz + %d * interval '1 microsecond'".formatted(n));
      case BYTES -> List.of("int4send(%d)".formatted(n));
      case NUMBER_AND_TEXT -> List.of(String.valueOf(n % 4), text);
      case TEXT_AND_DATE -> List.of(text, day);
      case NONE -> List.of();
    };
  }

  boolean isOneNumber() {
    return this == INT || this == BIGINT || this == DECIMAL;
  }
}
