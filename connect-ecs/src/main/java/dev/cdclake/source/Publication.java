/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.source;

import static java.util.stream.Collectors.joining;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.TableName;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The publication that names the captured tables to PostgreSQL.
 *
 * <p>In comes the pipeline; out comes a publication that covers at least its tables. Running it
 * again changes nothing, and nothing is ever dropped, so tables that other readers of the
 * publication need stay in it.
 *
 * @param name the publication
 * @param created whether this call created it
 * @param added the tables that this call added to it, in the order of the pipeline file
 */
public record Publication(String name, boolean created, List<TableName> added) {

  private static final String STATE =
      """
      select puballtables, pubviaroot,
             pubinsert and pubupdate and pubdelete and pubtruncate as all_operations,
             pg_has_role(pubowner, 'USAGE') as owned
        from pg_publication
       where pubname = ?
      """;

  /** What is listed, and what that expands to; a partitioned root is found in one of the two. */
  private static final String TABLES =
      """
      select schemaname, tablename from pg_publication_tables where pubname = ?
      union
      select n.nspname, c.relname
        from pg_publication_rel r
        join pg_publication p on p.oid = r.prpubid
        join pg_class c on c.oid = r.prrelid
        join pg_namespace n on n.oid = c.relnamespace
       where p.pubname = ?
      """;

  public Publication {
    added = List.copyOf(added);
  }

  /**
   * Creates the publication, or adds the tables that it lacks.
   *
   * @throws SourceException when a table is missing or the role lacks a privilege
   */
  public static Publication ensure(Connection connection, Pipeline pipeline) {
    String name = pipeline.source().publication();
    List<TableName> wanted = pipeline.tables().stream().map(SourceTable::name).toList();
    Optional<State> state = State.read(connection, name);
    if (state.isEmpty()) {
      execute(
          connection,
          pipeline,
          "create publication %s for table %s with (publish_via_partition_root = true)"
              .formatted(TableName.quote(name), list(wanted)));
      return new Publication(name, true, wanted);
    }
    List<TableName> missing = wanted.stream().filter(table -> !state.get().covers(table)).toList();
    if (!missing.isEmpty()) {
      execute(
          connection,
          pipeline,
          "alter publication %s add table %s".formatted(TableName.quote(name), list(missing)));
    }
    return new Publication(name, false, missing);
  }

  /** Returns what was done, as one sentence. */
  public String report() {
    if (created) {
      return "Created publication '%s' for %d tables.".formatted(name, added.size());
    }
    return added.isEmpty()
        ? "Publication '%s' covers every table.".formatted(name)
        : "Added to publication '%s': %s."
            .formatted(name, added.stream().map(TableName::toString).collect(joining(", ")));
  }

  /** What the server says about an existing publication. */
  record State(
      boolean allTables,
      boolean viaRoot,
      boolean allOperations,
      boolean owned,
      Set<TableName> tables) {

    static Optional<State> read(Connection connection, String publication) {
      Set<TableName> tables =
          new HashSet<>(
              Query.of(connection, "the publication's tables", TABLES, publication, publication)
                  .rows(row -> new TableName(row.getString(1), row.getString(2))));
      return Query.of(connection, "the publication", STATE, publication)
          .rows(
              row ->
                  new State(
                      row.getBoolean("puballtables"),
                      row.getBoolean("pubviaroot"),
                      row.getBoolean("all_operations"),
                      row.getBoolean("owned"),
                      tables))
          .stream()
          .findFirst();
    }

    boolean covers(TableName table) {
      return allTables || tables.contains(table);
    }
  }

  private static void execute(Connection connection, Pipeline pipeline, String sql) {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new SourceException(
          "Cannot prepare publication '%s' of database '%s': %s"
              .formatted(
                  pipeline.source().publication(),
                  pipeline.source().database(),
                  reason(e, pipeline, sql)),
          e);
    }
  }

  private static String reason(SQLException e, Pipeline pipeline, String sql) {
    return switch (e.getSQLState() == null ? "" : e.getSQLState()) {
      case "42501" ->
          "role '%s' lacks the privilege (expected CREATE on the database and ownership of every"
                  .formatted(pipeline.source().user())
              + " table and of the publication). Let the owner run: %s;".formatted(sql);
      case "42P01", "3F000" ->
          "a table does not exist (expected every table of the pipeline file). './cdclake doctor'"
              + " names it.";
      case "22023", "42809", "0A000" ->
          "a relation cannot be published (expected ordinary or partitioned, logged tables)."
              + " './cdclake doctor' names it.";
      case "25006" ->
          "the server is read-only (expected the primary). Name the primary in source.host.";
      default ->
          "%s (expected it to be accepted). Run it by hand to see the details: %s;"
              .formatted(e.getMessage(), sql);
    };
  }

  private static String list(List<TableName> tables) {
    return tables.stream().map(TableName::quoted).collect(joining(", "));
  }
}
