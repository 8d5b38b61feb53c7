/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.chaos;

import java.util.List;
import java.util.function.Function;

/**
 * A type of PostgreSQL, and values of it to try: ordinary ones, those at the edge, and where the
 * type has them values so large that they are stored apart (TOAST).
 *
 * @param sql its name in DDL; {@code ${t.mood}} and {@code ${t.percent}} are made with each table
 * @param literal an SQL expression for a value
 * @param wider types that it can be altered to while every value stays
 */
record FuzzType(String sql, Function<Dice, String> literal, List<String> wider) {

  /**
   * Types whose values are compared with the source's, and what Debezium makes of them is typed.
   */
  static final List<FuzzType> ALL =
      List.of(
          type("smallint", d -> d.of("0", "-32768", "32767", small(d)), "int"),
          type("int", d -> d.of("0", "-2147483648", "2147483647", small(d)), "bigint"),
          type("bigint", d -> d.of("0", "-9223372036854775808", "9223372036854775807", small(d))),
          type("boolean", d -> d.of("true", "false")),
          type("real", d -> d.of("0", "-0.0", "1.5", "3.4e38", "1e-40", "0.1", "'Infinity'")),
          type(
              "double precision",
              d -> d.of("0", "'-0'", "0.1", "1e308", "5e-324", "'NaN'", "'-Infinity'", small(d))),
          type("numeric", d -> d.of("0", "1.10", "-12345.678901234567", "1e19", "1e-18", "1e30")),
          type("numeric", d -> d.of("'NaN'", "'Infinity'", "1.500")),
          type(
              "numeric(10, 2)",
              d -> d.of("0", "99999999.99", "-0.01", small(d) + ".5"),
              "numeric(14, 2)"),
          type("numeric(38, 10)", d -> d.of("1234567890123456789012345678.0123456789", "0")),
          type("numeric(50, 3)", d -> d.of("1e46", "-1.125", "0")),
          type("text", FuzzType::text),
          type("text", FuzzType::text),
          type("text", d -> bigText(d)),
          type("text", d -> d.chance(50) ? bigText(d) : text(d)),
          type("varchar(20)", d -> quoted(d.of("", "a", "Zoë", "x y")), "text", "varchar(40)"),
          type("varchar", d -> bigText(d), "text"),
          type("char(5)", d -> quoted(d.of("", "a", "ab c", "abcde"))),
          type("date", d -> quoted(d.of("2026-02-28", "1970-01-01", "0001-01-01", "9999-12-31"))),
          type("date", d -> quoted(d.of("infinity", "-infinity", "0044-03-15 BC", "2024-02-29"))),
          type("timestamp", FuzzType::timestamp),
          type("timestamp(3)", FuzzType::timestamp, "timestamp"),
          type("timestamp(0)", FuzzType::timestamp),
          type(
              "timestamptz",
              d ->
                  quoted(
                      d.of(
                          "2026-10-25 02:30:00.123456+02",
                          "0001-01-01 00:00:00+00",
                          "infinity",
                          "0044-03-15 00:00:00+00 BC",
                          "1969-12-31 23:59:59.999999+00"))),
          type("time", d -> quoted(d.of("00:00", "23:59:59.999999", "24:00", "12:30"))),
          type("time(3)", d -> quoted(d.of("00:00", "23:59:59.999", "12:30:15.5"))),
          type("timetz", d -> quoted(d.of("12:30:15+02", "00:00+00", "23:59:59.999999-11"))),
          type("interval", d -> quoted(d.of("1 year 2 mons", "-3 days 04:05:06.7", "0"))),
          type("uuid", d -> "md5('%d')::uuid".formatted(d.between(1, 9))),
          type("json", d -> quoted(d.of("{}", "{ \"b\" : 1,  \"a\": 1.0 }", "null", "[1, 2]"))),
          type("jsonb", d -> quoted(d.of("{}", "{\"b\": 1.10, \"a\": \"ü\"}", "null", "\"x\""))),
          type("jsonb", d -> "jsonb_build_object('big', " + bigText(d) + ")"),
          type("bytea", d -> d.of("''", "'\\x00ff10'", "'\\x' || repeat('ab', 9)::bytea")),
          type("bytea", d -> "convert_to(" + bigText(d) + ", 'UTF8')"),
          type("int[]", d -> quoted(d.of("{}", "{1,NULL,3}", "{2147483647}"))),
          type(
              "bigint[]",
              d ->
                  "array(select n::bigint * %s from generate_series(1, 900) n)"
                      .formatted(small(d))),
          type(
              "int[]",
              d -> "array(select n * %s from generate_series(1, 1500) n)".formatted(small(d))),
          type(
              "text[]", d -> d.of("'{}'", "'{a,NULL,\"b, c\",\"\"}'", "array[" + bigText(d) + "]")),
          type(
              "uuid[]",
              d ->
                  "array(select md5(%s || n::text)::uuid from generate_series(1, 200) n)"
                      .formatted(small(d))),
          type(
              "date[]",
              d ->
                  "array(select '2026-01-01'::date + n * %s from generate_series(1, 900) n)"
                      .formatted(d.between(1, 9))),
          type("boolean[]", d -> quoted(d.of("{}", "{t,f,NULL}"))),
          type("numeric(8, 2)[]", d -> quoted(d.of("{}", "{1.10,NULL,-2.25}"))),
          type("timestamptz[]", d -> quoted(d.of("{}", "{\"2026-01-01 00:00:00+00\",NULL}"))),
          type("double precision[]", d -> quoted(d.of("{}", "{0.1,NaN,NULL}"))),
          type("inet", d -> quoted(d.of("10.1.2.3", "::1", "10.0.0.1/8"))),
          type("cidr", d -> quoted(d.of("10.1.0.0/16", "::/0"))),
          type("macaddr", d -> quoted("08:00:2b:01:02:03")),
          type("int4range", d -> quoted(d.of("empty", "[1,5)", "(,3]"))),
          type("tstzrange", d -> quoted("[2026-01-01 00:00:00+00,2026-01-02 00:00:00+00)")),
          type("xml", d -> quoted(d.of("<a>b</a>", "<a/>"))),
          type("bit(3)", d -> "B'101'"),
          type("varbit", d -> d.of("B'1'", "B''", "B'10101010101'")),
          type("money", d -> d.of("'1.25'", "'-99.99'")),
          type("point", d -> quoted(d.of("(1,2)", "(-1.5,0)"))),
          type("tsvector", d -> "to_tsvector('simple', 'a fat cat')"),
          type("${t.mood}", d -> quoted(d.of("sad", "so so", "Happy"))),
          type("${t.mood}[]", d -> quoted(d.of("{}", "{sad,\"so so\",NULL}"))),
          type("${t.percent}", d -> d.of("0", "100", "50")));

  private static FuzzType type(String sql, Function<Dice, String> literal, String... wider) {
    return new FuzzType(sql, literal, List.of(wider));
  }

  private static String small(Dice dice) {
    return String.valueOf(dice.between(-99, 99));
  }

  private static String quoted(String text) {
    return "'" + text.replace("'", "''") + "'";
  }

  private static String text(Dice dice) {
    return quoted(
        dice.of(
            "",
            "a",
            "it's",
            "Grüße, 世界 🚀",
            "line\nbreak\ttab",
            "back\\slash \"quoted\"",
            "null",
            "__debezium_unavailable_value_",
            "value " + dice.between(1, 999)));
  }

  /** Hexadecimal digits hardly shrink, so that a few thousand of them leave the row. */
  private static String bigText(Dice dice) {
    return "(select string_agg(md5('%d ' || n), '') from generate_series(1, %d) n)"
        .formatted(dice.between(1, 999), dice.of(80, 150, 400));
  }

  private static String timestamp(Dice dice) {
    return quoted(
        dice.of(
            "2026-02-28 23:59:59.999999",
            "1969-12-31 23:59:59.5",
            "0001-01-01 00:00:00",
            "2026-03-29 02:30:00",
            "infinity"));
  }

  /** Returns the type's name within a table. */
  String in(String letter) {
    return sql.replace("${t.", "${" + letter + ".");
  }

  boolean isArray() {
    return sql.endsWith("]");
  }
}
