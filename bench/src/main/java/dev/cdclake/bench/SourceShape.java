/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** A table of the source whose changes are measured; its key is the column {@code id}. */
enum SourceShape {
  /** Ten columns of the usual types; a row is about 0.35 kB of JSON. */
  NARROW(
      "orders",
      List.of(
          new Column("id", "bigint", DataTypes.LongType, "g"),
          new Column("customer_id", "int", DataTypes.IntegerType, "(g * 7919 + r) % 100000"),
          new Column(
              "status",
              "text",
              DataTypes.StringType,
              "(array['new', 'paid', 'packed', 'shipped', 'delivered', 'returned'])[1 + (g + r) %"
                  + " 6]"),
          new Column(
              "total",
              "numeric(12,2)",
              DataTypes.createDecimalType(12, 2),
              "((g * 7919 + r * 31) % 1000000) / 100.0"),
          new Column("quantity", "int", DataTypes.IntegerType, "1 + (g + r) % 9"),
          new Column(
              "discount", "double precision", DataTypes.DoubleType, "((g + r) % 100) / 400.0"),
          new Column("is_paid", "boolean", DataTypes.BooleanType, "(g + r) % 3 = 0"),
          new Column(
              "placed_at",
              "timestamptz",
              DataTypes.TimestampType,
              "timestamptz '2026-01-01 00:00:00Z' + g * interval '1.25 seconds'"),
          new Column(
              "updated_at",
              "timestamptz",
              DataTypes.TimestampType,
              "timestamptz '2026-06-01 00:00:00Z' + r * interval '1 second'"),
          new Column(
              "note",
              "text",
              DataTypes.StringType,
              "md5(g::text) || md5(r::text) || md5((g + r)::text) || md5((g * r)::text)"))),

  /** Sixty columns of six types; a row is about 1.5 kB of JSON. */
  WIDE("readings", wideColumns());

  /**
   * A column.
   *
   * @param type in PostgreSQL
   * @param lakeType in silver
   * @param value an expression over {@code g}, the id, and {@code r}, the round that writes it
   */
  record Column(String name, String type, DataType lakeType, String value) {}

  private final String table;

  /** Nobody changes it. */
  @SuppressWarnings("ImmutableEnumChecker")
  private final List<Column> columns;

  SourceShape(String table, List<Column> columns) {
    this.table = table;
    this.columns = columns;
  }

  private static List<Column> wideColumns() {
    List<Column> columns = new ArrayList<>();
    columns.add(new Column("id", "bigint", DataTypes.LongType, "g"));
    for (int i = 1; i < 60; i++) {
      columns.add(wideColumn(i));
    }
    return columns;
  }

  private static Column wideColumn(int i) {
    return switch (i % 6) {
      case 0 ->
          new Column("count_" + i, "int", DataTypes.IntegerType, "(g + r * " + i + ") % 50000");
      case 1 -> new Column("sum_" + i, "bigint", DataTypes.LongType, "g * 100003 + r * " + i);
      case 2 ->
          new Column(
              "unit_" + i,
              "text",
              DataTypes.StringType,
              "substr(md5((g + r + " + i + ")::text), 1, 12)");
      case 3 ->
          new Column(
              "mean_" + i,
              "double precision",
              DataTypes.DoubleType,
              "((g + r * " + i + ") % 4096) / 64.0");
      case 4 ->
          new Column("flag_" + i, "boolean", DataTypes.BooleanType, "(g + r + " + i + ") % 2 = 0");
      default ->
          new Column(
              "price_" + i,
              "numeric(12,2)",
              DataTypes.createDecimalType(12, 2),
              "((g * 31 + r * " + i + ") % 1000000) / 100.0");
    };
  }

  /** Returns how many events its topic is to have: wide ones are fewer, theirs are larger. */
  long events(long narrow) {
    return this == WIDE ? narrow * 3 / 10 : narrow;
  }

  /** Returns the table's noun, in the source as in the lake. */
  String table() {
    return table;
  }

  /** Returns the columns with the types that silver has for them. */
  StructType types() {
    StructType types = new StructType();
    for (Column column : columns) {
      types = types.add(column.name(), column.lakeType());
    }
    return types;
  }

  /** Returns the columns as they stand in the JSON of an event: what JSON has no type for, text. */
  String jsonTypes() {
    return columns.stream()
        .map(column -> column.name() + " " + jsonType(column.lakeType()))
        .collect(Collectors.joining(", "));
  }

  private static String jsonType(DataType type) {
    boolean inJson =
        Arrays.asList(
                DataTypes.LongType,
                DataTypes.IntegerType,
                DataTypes.DoubleType,
                DataTypes.BooleanType,
                DataTypes.StringType)
            .contains(type);
    return inJson ? type.sql() : "STRING";
  }

  /**
   * Returns selected columns of a row's JSON with the types that silver has for them.
   *
   * @param row the struct that the JSON was parsed into
   */
  List<String> typed(String row) {
    return columns.stream()
        .filter(column -> !column.name().equals("id"))
        .map(
            column ->
                "cast(%s.%s as %s) as %2$s".formatted(row, column.name(), column.lakeType().sql()))
        .toList();
  }

  String createTable() {
    return createTable(table);
  }

  /** Returns what creates a table of this shape under another name. */
  String createTable(String table) {
    return "create table %s (%s, primary key (id))"
        .formatted(
            table,
            columns.stream()
                .map(column -> column.name() + " " + column.type() + " not null")
                .collect(Collectors.joining(", ")));
  }

  /** Returns what inserts the rows with the ids from one to another. */
  String insert(long from, long to, long round) {
    return insert(table, from, to, round);
  }

  /** Returns what inserts rows into a table of this shape. */
  String insert(String table, long from, long to, long round) {
    return "insert into %s select %s from (select g, %d::bigint as r from generate_series(%d::bigint, %d) g) made"
        .formatted(
            table,
            columns.stream().map(Column::value).collect(Collectors.joining(", ")),
            round,
            from,
            to);
  }

  /** Returns what updates every column of the rows that a condition over {@code id} selects. */
  String update(String condition, long round) {
    return update(table, condition, round);
  }

  /** Returns what updates rows of a table of this shape. */
  String update(String table, String condition, long round) {
    return "update %s set (%s) = (select %s from (select id as g, %d::bigint as r) made) where %s"
        .formatted(
            table,
            columns.stream().skip(1).map(Column::name).collect(Collectors.joining(", ")),
            columns.stream().skip(1).map(Column::value).collect(Collectors.joining(", ")),
            round,
            condition);
  }

  String delete(String condition) {
    return "delete from %s where %s".formatted(table, condition);
  }
}
