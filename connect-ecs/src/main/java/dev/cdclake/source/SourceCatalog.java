/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.source;

import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.TableName;
import java.sql.Array;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads the tables of the source from its catalogs.
 *
 * <p>In comes a connection; out come the tables with columns, key and replica identity, ordered by
 * name. Reads catalogs only, never rows.
 */
public final class SourceCatalog {

  private static final String RELATIONS =
      """
      select c.oid, n.nspname, c.relname, c.relkind::text, c.relpersistence::text, c.relispartition,
             c.relreplident::text,
             case when c.relkind = 'p'
                  then (select case when count(*) = 0 then 0
                                    when min(leaf.reltuples) < 0 then -1
                                    else sum(leaf.reltuples) end
                          from pg_partition_tree(c.oid) tree
                          join pg_class leaf on leaf.oid = tree.relid
                         where tree.isleaf and leaf.relkind <> 'p')
                  else c.reltuples end::bigint as estimated_rows,
             (select array_agg(a.attname::text order by k.position)
                from pg_index i
               cross join lateral unnest(i.indkey) with ordinality as k (attnum, position)
                join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
               where i.indrelid = c.oid and i.indisprimary and k.position <= i.indnkeyatts)
               as primary_key,
             (select array_agg(a.attname::text order by k.position)
                from pg_index i
               cross join lateral unnest(i.indkey) with ordinality as k (attnum, position)
                join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
               where i.indrelid = c.oid and i.indisreplident and k.position <= i.indnkeyatts)
               as identity_index
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
       where %s
       order by n.nspname, c.relname
      """;

  private static final String NAMED =
      """
      c.relkind in ('r', 'p', 'v', 'm', 'f')
      and (n.nspname, c.relname) in (select * from unnest(?::text[], ?::text[]))
      """;

  /** Partitions arrive under their root's name, an extension's tables belong to the extension. */
  private static final String ALL =
      """
      c.relkind in ('r', 'p') and c.relpersistence <> 't' and not c.relispartition
      and n.nspname <> 'information_schema' and n.nspname !~ '^pg_' and n.nspname <> 'cdclake'
      and not exists (select from pg_depend d
                       where d.classid = 'pg_class'::regclass and d.objid = c.oid
                         and d.deptype = 'e')
      """;

  private static final String COLUMNS =
      """
      select a.attrelid, a.attname, format_type(a.atttypid, a.atttypmod) as type_name,
             not a.attnotnull as nullable, a.attgenerated <> '' as generated,
             base.typname, base.typtype::text, element.typname as element_name,
             element.typtype::text as element_type
        from pg_attribute a
       cross join lateral (
             with recursive resolved as (
               select t.* from pg_type t where t.oid = a.atttypid
               union all
               select t.* from resolved r join pg_type t on t.oid = r.typbasetype
                where r.typtype = 'd')
             select * from resolved where typtype <> 'd') base
        left join pg_type element on element.oid = base.typelem and base.typcategory = 'A'
       where a.attrelid = any (?::oid[]) and a.attnum > 0 and not a.attisdropped
       order by a.attrelid, a.attnum
      """;

  private SourceCatalog() {}

  /** Reads the named tables, whatever kind they are; names that do not exist are left out. */
  public static List<FoundTable> read(Connection connection, Collection<TableName> names) {
    String[] schemas = names.stream().map(TableName::schema).toArray(String[]::new);
    String[] tables = names.stream().map(TableName::table).toArray(String[]::new);
    return describe(
        connection,
        Query.of(connection, "the tables", RELATIONS.formatted(NAMED), schemas, tables)
            .rows(SourceCatalog::relation));
  }

  /** Returns those of a pipeline's tables that the source has, in their order. */
  public static List<SourceTable> present(Connection connection, List<SourceTable> tables) {
    List<TableName> found =
        read(connection, tables.stream().map(SourceTable::name).toList()).stream()
            .map(FoundTable::name)
            .toList();
    return tables.stream().filter(table -> found.contains(table.name())).toList();
  }

  /** Reads every ordinary and partitioned table outside the server's own schemas. */
  public static List<FoundTable> readAll(Connection connection) {
    return describe(
        connection,
        Query.of(connection, "the tables", RELATIONS.formatted(ALL)).rows(SourceCatalog::relation));
  }

  private static List<FoundTable> describe(Connection connection, List<Relation> relations) {
    String[] oids =
        relations.stream().map(relation -> String.valueOf(relation.oid())).toArray(String[]::new);
    Map<Long, List<SourceColumn>> columns = new HashMap<>();
    Query.of(connection, "the columns", COLUMNS, (Object) oids)
        .rows(
            row ->
                columns
                    .computeIfAbsent(row.getLong("attrelid"), oid -> new ArrayList<>())
                    .add(column(row)));
    return relations.stream()
        .map(relation -> relation.withColumns(columns.getOrDefault(relation.oid(), List.of())))
        .toList();
  }

  /** A row of the first query, before its columns are known. */
  private record Relation(
      long oid,
      TableName name,
      FoundTable.Kind kind,
      boolean partition,
      ReplicaIdentity replicaIdentity,
      long estimatedRows,
      List<String> primaryKey,
      List<String> identityIndex) {

    FoundTable withColumns(List<SourceColumn> columns) {
      List<String> identity =
          switch (replicaIdentity) {
            case DEFAULT -> primaryKey;
            case FULL -> columns.stream().map(SourceColumn::name).toList();
            case NOTHING -> List.of();
            case INDEX -> identityIndex;
          };
      return new FoundTable(
          name, kind, partition, columns, primaryKey, replicaIdentity, identity, estimatedRows);
    }
  }

  private static Relation relation(ResultSet row) throws SQLException {
    return new Relation(
        row.getLong("oid"),
        new TableName(row.getString("nspname"), row.getString("relname")),
        FoundTable.Kind.of(row.getString("relkind"), row.getString("relpersistence")),
        row.getBoolean("relispartition"),
        ReplicaIdentity.of(row.getString("relreplident")),
        row.getLong("estimated_rows"),
        names(row.getArray("primary_key")),
        names(row.getArray("identity_index")));
  }

  private static SourceColumn column(ResultSet row) throws SQLException {
    String element = row.getString("element_name");
    return new SourceColumn(
        row.getString("attname"),
        row.getString("type_name"),
        row.getBoolean("nullable"),
        row.getBoolean("generated"),
        element == null
            ? TypeSupport.ofScalar(row.getString("typname"), row.getString("typtype"))
            : TypeSupport.ofArray(element, row.getString("element_type")));
  }

  private static List<String> names(Array array) throws SQLException {
    return array == null ? List.of() : List.of((String[]) array.getArray());
  }
}
