/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.source;

import dev.cdclake.contract.TableName;
import java.sql.Connection;
import java.util.List;
import java.util.Optional;

/**
 * The index that Debezium takes for the key of a table without a primary key: the first unique one
 * by name that is made of plain columns, whether or not it tells all rows apart.
 *
 * @param columns in the order of the index
 * @param partial whether it holds some of the rows only
 * @param nullable whether it holds several rows with NULL
 */
record UniqueIndex(String name, List<String> columns, boolean partial, boolean nullable) {

  private static final String QUERY =
      """
      select c.relname, i.indpred is not null as partial,
             array_agg(a.attname::text order by k.position) as columns,
             not bool_and(a.attnotnull) as nullable
        from pg_index i
        join pg_class c on c.oid = i.indexrelid
        join pg_class t on t.oid = i.indrelid
        join pg_namespace n on n.oid = t.relnamespace
       cross join lateral unnest(i.indkey) with ordinality as k (attnum, position)
        join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
       where n.nspname = ? and t.relname = ? and i.indisunique and not i.indisprimary
             and i.indexprs is null and k.position <= i.indnkeyatts
       group by c.relname, i.indisclustered, partial
       order by i.indisclustered desc, c.relname
       limit 1
      """;

  UniqueIndex {
    columns = List.copyOf(columns);
  }

  /** Finds the index; empty if a table has none. */
  static Optional<UniqueIndex> find(Connection connection, TableName table) {
    return Query.of(
            connection, "the unique indexes of a table", QUERY, table.schema(), table.table())
        .rows(
            row ->
                new UniqueIndex(
                    row.getString("relname"),
                    List.of((String[]) row.getArray("columns").getArray()),
                    row.getBoolean("partial"),
                    row.getBoolean("nullable")))
        .stream()
        .findFirst();
  }

  /** Whether every row has a place of its own in it. */
  boolean isKey() {
    return !partial && !nullable;
  }

  @Override
  public String toString() {
    return "unique index '%s' (%s)".formatted(name, String.join(", ", columns));
  }
}
