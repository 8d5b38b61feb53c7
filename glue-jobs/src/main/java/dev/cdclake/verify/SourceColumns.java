/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.verify;

import dev.cdclake.contract.TableName;
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
 * @param comparable columns that are compared
 * @param notCompared columns whose text in the source and in the event differ by design
 * @param pages size of the table in pages, 0 for a partitioned table
 */
record SourceColumns(List<SourceColumn> comparable, List<String> notCompared, long pages)
    implements Serializable {

  /** Types that Debezium spells in another way than PostgreSQL. */
  private static final Set<String> SPELT_OTHERWISE =
      Set.of(
          "interval",
          "timetz",
          "bit",
          "varbit",
          "money",
          "point",
          "box",
          "circle",
          "line",
          "lseg",
          "path",
          "polygon",
          "hstore",
          "tsvector",
          "tsquery",
          "geometry",
          "geography",
          "vector");

  /** In an array, PostgreSQL writes their blanks differently. */
  private static final Set<String> JSON = Set.of("json", "jsonb");

  /** A cast to text would drop the blanks of a char(n), and append a mask to an address. */
  private static final Set<String> AS_IT_IS = Set.of("bpchar", "inet");

  private static final String QUERY =
      "select a.attname, t.typname, t.typtype::text, t.typcategory::text, coalesce(e.typname, ''),"
          + " c.relpages, c.relkind::text,"
          + " (a.atthasdef and a.attgenerated = '' or a.attidentity <> '')"
          // Debezium leaves such arrays out of every event.
          + " and coalesce(e.typname, '') not in ('name', 'xml', 'refcursor')"
          + " from pg_attribute a"
          + " join pg_class c on c.oid = a.attrelid"
          + " join pg_type t on t.oid = a.atttypid"
          + " left join pg_type e on e.oid = t.typelem and t.typcategory = 'A'"
          + " where a.attrelid = ?::regclass and a.attnum > 0 and not a.attisdropped"
          + " order by a.attnum";

  /**
   * A column.
   *
   * @param name in the source
   * @param selection an SQL expression for its text
   * @param hasDefault whether rows that were there before it may have a value without an event
   */
  record SourceColumn(String name, String selection, boolean hasDefault) implements Serializable {}

  static SourceColumns read(Connection connection, TableName table) throws SQLException {
    List<SourceColumn> comparable = new ArrayList<>();
    List<String> notCompared = new ArrayList<>();
    long pages = 0;
    try (PreparedStatement statement = connection.prepareStatement(QUERY)) {
      statement.setString(1, table.quoted());
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          String name = row.getString(1);
          String type = row.getString(2);
          boolean array = "A".equals(row.getString(4));
          String compared = array ? row.getString(5) : type;
          pages = "r".equals(row.getString(7)) ? row.getLong(6) : 0;
          if (SPELT_OTHERWISE.contains(compared)
              || (array && JSON.contains(compared))
              || "c".equals(row.getString(3))) {
            notCompared.add(name);
          } else {
            comparable.add(new SourceColumn(name, selection(name, type, array), row.getBoolean(8)));
          }
        }
      }
    }
    return new SourceColumns(comparable, notCompared, pages);
  }

  private static String selection(String name, String type, boolean array) {
    String quoted = TableName.quote(name);
    if (array) {
      return "array_to_json(" + quoted + ")::text";
    }
    return AS_IT_IS.contains(type) ? quoted : quoted + "::text";
  }
}
