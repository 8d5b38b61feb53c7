/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.verify;

import dev.cdclake.contract.TableName;
import dev.cdclake.runtime.SourceQuery;
import java.io.Serializable;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The columns of a source table, and how to select each so that its text can be compared.
 *
 * @param columns in the order of the table
 * @param pages size of the table in pages, 0 for a partitioned table
 */
record SourceColumns(List<SourceColumn> columns, long pages) implements Serializable {

  /** A cast to text would drop the blanks of a char(n), and append a mask to an address. */
  private static final Set<String> AS_IT_IS = Set.of("bpchar", "inet");

  private static final String QUERY =
      """
      select a.attname, base.typname as type, element.typname as element,
             c.relpages, c.relkind::text as kind,
             a.atthasdef and a.attgenerated = '' or a.attidentity <> '' as has_default,
             a.attgenerated <> '' as generated
        from pg_attribute a
        join pg_class c on c.oid = a.attrelid
        join pg_type t on t.oid = a.atttypid
      """
          + SourceQuery.BASE_TYPE
          + """
       where a.attrelid = to_regclass(?) and a.attnum > 0 and not a.attisdropped
       order by a.attnum
      """;

  /**
   * A column.
   *
   * @param name in the source
   * @param selection an SQL expression for its text
   * @param spelling how that text and the lake's are brought to one form
   * @param hasDefault whether rows that were there before it may have a value without an event
   * @param generated whether the server computes it; then no event carries it
   */
  record SourceColumn(
      String name, String selection, Spelling spelling, boolean hasDefault, boolean generated)
      implements Serializable {}

  /** Reads the columns of a table; none if there is no such table. */
  static SourceColumns read(Connection connection, TableName table) throws SQLException {
    List<SourceColumn> columns = new ArrayList<>();
    long pages = 0;
    try (PreparedStatement statement = connection.prepareStatement(QUERY)) {
      statement.setString(1, table.quoted());
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          String name = row.getString("attname");
          String element = row.getString("element");
          pages = "r".equals(row.getString("kind")) ? row.getLong("relpages") : 0;
          String type = row.getString("type");
          columns.add(
              new SourceColumn(
                  name,
                  element == null ? scalar(name, type) : array(name, element),
                  spelling(type),
                  row.getBoolean("has_default"),
                  row.getBoolean("generated")));
        }
      }
    }
    return new SourceColumns(columns, pages);
  }

  private static String array(String name, String element) {
    // JSON has its own spelling of numbers, dates and documents; of texts it has not.
    String elements = TableName.quote(name) + (AS_IT_IS.contains(element) ? "" : "::text[]");
    return "array_to_json(" + elements + ")::text";
  }

  private static String scalar(String name, String type) {
    String quoted = TableName.quote(name);
    return switch (type) {
      case "interval" -> interval(quoted);
      case "money" -> quoted + "::numeric::text";
      case "hstore" -> quoted + "::json::text";
      default -> AS_IT_IS.contains(type) ? quoted : quoted + "::text";
    };
  }

  private static Spelling spelling(String type) {
    return switch (type) {
      case "interval" -> Spelling.INTERVAL;
      case "float4" -> Spelling.REAL;
      case "hstore" -> Spelling.PAIRS;
      case "point", "box", "circle", "line", "lseg", "path", "polygon" -> Spelling.NUMBERS;
      default -> Spelling.OF_TYPE;
    };
  }

  /** Months, days and microseconds: what PostgreSQL itself keeps of an interval. */
  private static String interval(String quoted) {
    return """
        (extract(year from %1$s) * 12 + extract(month from %1$s))::bigint || ' '
        || extract(day from %1$s)::bigint || ' '
        || (extract(hour from %1$s)::numeric * 3600000000
            + extract(minute from %1$s)::numeric * 60000000
            + extract(microseconds from %1$s)::numeric)::bigint"""
        .formatted(quoted);
  }
}
