/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.source;

import static java.util.function.Function.identity;
import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toMap;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.TableName;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Examines whether a source can be captured, before anything is changed in it.
 *
 * <p>In come a connection and the pipeline; out come all findings: the server, the role, the slot,
 * the publication, then each table in the order of the pipeline file. A finding that fails never
 * hides another one. Nothing is written to the source.
 */
public final class Doctor {

  private static final int OLDEST_VERSION = 13;
  private static final Duration OLD_TRANSACTION = Duration.ofHours(1);
  private static final String CONNECTOR_APPLICATION = "Debezium Streaming";

  /** PostgreSQL folds the names that the connector passes to lower case and cuts them there. */
  private static final Pattern PLAIN_NAME = Pattern.compile("[a-z_][a-z0-9_]*");

  private static final String SERVER =
      """
      select current_setting('server_version') as version,
             current_setting('server_version_num')::int / 10000 as major,
             current_setting('wal_level') as wal_level,
             pg_is_in_recovery() as standby,
             current_setting('max_replication_slots')::int
               - (select count(*) from pg_replication_slots)::int as free_slots,
             current_setting('max_wal_senders')::int
               - (select count(*) from pg_stat_replication)::int as free_senders,
             current_setting('max_slot_wal_keep_size', true) as keep_size
      """;

  private static final String ROLE =
      """
      select current_user as name, rolsuper, rolreplication,
             exists (select from pg_roles granted
                      where granted.rolname = 'rds_replication'
                        and pg_has_role(current_user, granted.oid, 'member')) as rds,
             has_database_privilege(current_database(), 'create') as may_create
        from pg_roles where rolname = current_user
      """;

  private static final String SLOT =
      """
      select s.plugin, s.database, s.database = current_database() as same_database, s.active,
             s.active_pid, a.application_name, s.wal_status,
             pg_size_pretty(pg_wal_lsn_diff(
               case when pg_is_in_recovery() then pg_last_wal_replay_lsn()
                    else pg_current_wal_lsn() end, s.restart_lsn)) as retained
        from pg_replication_slots s
        left join pg_stat_activity a on a.pid = s.active_pid
       where s.slot_name = ?
      """;

  /** A new slot waits until every transaction that had written something has ended. */
  private static final String OLD_TRANSACTIONS =
      """
      select 'session ' || pid || coalesce(' of role ' || usename, '') as holder,
             date_trunc('second', now() - xact_start)::text as age
        from pg_stat_activity
       where pid <> pg_backend_pid() and xact_start < now() - make_interval(secs => ?)
         and (backend_xid is not null or backend_xmin is not null)
         and backend_type = 'client backend'
      union all
      select 'prepared transaction ' || quote_literal(gid),
             date_trunc('second', now() - prepared)::text
        from pg_prepared_xacts
       where prepared < now() - make_interval(secs => ?)
      """;

  private static final String PRIVILEGES =
      """
      select n.nspname, c.relname,
             has_schema_privilege(n.oid, 'usage') as schema_usage,
             has_table_privilege(c.oid, 'select') as may_select,
             pg_has_role(c.relowner, 'usage') as owned
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where (n.nspname, c.relname) in (select * from unnest(?::text[], ?::text[]))
      """;

  private final Connection connection;
  private final Pipeline pipeline;
  private final Duration oldTransaction;
  private final List<Finding> findings = new ArrayList<>();

  private Doctor(Connection connection, Pipeline pipeline, Duration oldTransaction) {
    this.connection = connection;
    this.pipeline = pipeline;
    this.oldTransaction = oldTransaction;
  }

  /**
   * Examines the source of a pipeline; reads catalogs, and the rows of tables below a million rows
   * to measure the largest.
   *
   * @throws SourceException only when the catalogs themselves cannot be read
   */
  public static List<Finding> examine(Connection connection, Pipeline pipeline) {
    return examine(connection, pipeline, OLD_TRANSACTION);
  }

  static List<Finding> examine(Connection connection, Pipeline pipeline, Duration oldTransaction) {
    Doctor doctor = new Doctor(connection, pipeline, oldTransaction);
    doctor.examine();
    return List.copyOf(doctor.findings);
  }

  private void examine() {
    Server server = Query.of(connection, "the server's settings", SERVER).row(Server::read);
    Role role = Query.of(connection, "the role", ROLE).row(Role::read);
    List<TableName> names = pipeline.tables().stream().map(SourceTable::name).toList();
    Map<TableName, FoundTable> tables =
        SourceCatalog.read(connection, names).stream().collect(toMap(FoundTable::name, identity()));
    Map<TableName, Privileges> privileges = privileges(names);

    examineServer(server);
    examineRole(role);
    examineSlot(server);
    examineOldTransactions();
    examinePublication(role, tables, privileges);
    for (SourceTable table : pipeline.tables()) {
      examineTable(table, tables.get(table.name()), privileges.get(table.name()));
    }
  }

  private void examineServer(Server server) {
    findings.add(
        server.major() >= OLDEST_VERSION
            ? Finding.ok("server version", "PostgreSQL " + server.version() + ".")
            : Finding.fail(
                "server version",
                "PostgreSQL " + server.version() + ".",
                "Use PostgreSQL %d or newer.".formatted(OLDEST_VERSION)));
    findings.add(
        server.walLevel().equals("logical")
            ? Finding.ok("wal_level", "logical.")
            : Finding.fail(
                "wal_level",
                server.walLevel() + ": the log holds too little to read changes from it.",
                "Run: ALTER SYSTEM SET wal_level = logical; and restart the server (on RDS and"
                    + " Aurora: rds.logical_replication = 1 in the parameter group)."));
    if (server.standby()) {
      findings.add(
          Finding.fail(
              "server",
              "It is a standby: neither publication nor heartbeat can be written there.",
              "Name the primary in source.host."));
    }
    if ("-1".equals(server.keepSize())) {
      findings.add(
          Finding.warn(
              "max_slot_wal_keep_size",
              "-1: while the connector is down, the log grows until the server's disk is full.",
              "Set a limit below the free disk space, for example: ALTER SYSTEM SET"
                  + " max_slot_wal_keep_size = '50GB'; past it the slot is lost and a resnapshot"
                  + " is needed, but the server lives."));
    } else if (server.keepSize() != null) {
      findings.add(Finding.ok("max_slot_wal_keep_size", server.keepSize() + "."));
    }
  }

  private void examineRole(Role role) {
    String subject = "role '%s'".formatted(role.name());
    if (role.superuser()) {
      findings.add(Finding.ok(subject, "It is a superuser."));
    } else if (role.replication()) {
      findings.add(Finding.ok(subject, "It has REPLICATION."));
    } else if (role.rds()) {
      findings.add(Finding.ok(subject, "It is a member of rds_replication."));
    } else {
      findings.add(
          Finding.fail(
              subject,
              "It may not read the log.",
              ("Run as a superuser: ALTER ROLE %s REPLICATION; (on RDS and Aurora: GRANT"
                      + " rds_replication TO %s;).")
                  .formatted(TableName.quote(role.name()), TableName.quote(role.name()))));
    }
  }

  private void examineSlot(Server server) {
    String name = pipeline.source().slot();
    String subject = "replication slot '%s'".formatted(name);
    Optional<Slot> slot =
        Query.of(connection, "the replication slot", SLOT, name).rows(Slot::read).stream()
            .findFirst();
    if (slot.isPresent()) {
      findings.add(slot.get().finding(subject));
    } else {
      findings.add(
          server.freeSlots() > 0
              ? Finding.ok(subject, "It does not exist; the connector creates it.")
              : Finding.fail(
                  subject,
                  "It does not exist, and every one of max_replication_slots is taken.",
                  "Drop a slot nobody reads (select * from pg_replication_slots), or raise"
                      + " max_replication_slots and restart the server."));
      examineFreeSenders(server);
    }
  }

  private void examineFreeSenders(Server server) {
    findings.add(
        server.freeSenders() > 0
            ? Finding.ok("max_wal_senders", "%d free.".formatted(server.freeSenders()))
            : Finding.fail(
                "max_wal_senders",
                "Every one is taken, so the connector cannot read the log.",
                "Raise max_wal_senders and restart the server."));
  }

  private void examineOldTransactions() {
    double seconds = oldTransaction.toMillis() / 1000.0;
    Query.of(connection, "the open transactions", OLD_TRANSACTIONS, seconds, seconds)
        .rows(
            row ->
                findings.add(
                    Finding.warn(
                        "open transaction",
                        "%s has one open for %s; creating the slot waits for it to end."
                            .formatted(row.getString("holder"), row.getString("age")),
                        "End it before the first start.")));
  }

  private void examinePublication(
      Role role, Map<TableName, FoundTable> tables, Map<TableName, Privileges> privileges) {
    String name = pipeline.source().publication();
    String subject = "publication '%s'".formatted(name);
    if (!PLAIN_NAME.matcher(name).matches()) {
      findings.add(
          Finding.fail(
              subject,
              "PostgreSQL folds this name to lower case when the connector asks for it.",
              "Choose source.publication of lower-case letters, digits and _."));
    }
    Optional<Publication.State> state = Publication.State.read(connection, name);
    List<TableName> missing =
        tables.keySet().stream()
            .filter(table -> state.isEmpty() || !state.get().covers(table))
            .sorted(Comparator.comparing(TableName::toString))
            .toList();
    List<TableName> foreign =
        missing.stream()
            .filter(table -> !role.superuser() && !privileges.get(table).owned())
            .toList();
    if (state.isPresent()) {
      examineExistingPublication(subject, state.get(), tables);
    }
    if (missing.isEmpty() && state.isPresent()) {
      findings.add(Finding.ok(subject, "It covers every table that exists."));
    } else if (state.isEmpty() && !role.superuser() && !role.mayCreate()) {
      findings.add(
          Finding.fail(
              subject,
              "It does not exist, and the role may not create one in this database.",
              ("Run as its owner: GRANT CREATE ON DATABASE %s TO %s; or create the"
                      + " publication there.")
                  .formatted(
                      TableName.quote(pipeline.source().database()),
                      TableName.quote(role.name()))));
    } else if (state.isPresent() && !role.superuser() && !state.get().owned()) {
      findings.add(
          Finding.fail(
              subject,
              "It lacks %s, and it belongs to another role.".formatted(join(missing)),
              "Let its owner run: ALTER PUBLICATION %s ADD TABLE %s;"
                  .formatted(TableName.quote(name), quoted(missing))));
    } else if (foreign.isEmpty()) {
      findings.add(
          Finding.ok(
              subject,
              state.isEmpty()
                  ? "It does not exist; it is created at the first start."
                  : "It lacks %s; they are added at the next start.".formatted(join(missing))));
    }
    if (!foreign.isEmpty()) {
      findings.add(
          Finding.fail(
              subject,
              "Only their owner can add %s to it.".formatted(join(foreign)),
              ("Let the owner add them to the publication, or make role '%s' a member of"
                      + " the owner's role.")
                  .formatted(role.name())));
    }
  }

  private void examineExistingPublication(
      String subject, Publication.State state, Map<TableName, FoundTable> tables) {
    if (!state.allOperations()) {
      findings.add(
          Finding.warn(
              subject,
              "It leaves out some of insert, update, delete and truncate; the lake will miss them.",
              "Run: ALTER PUBLICATION %s SET (publish = 'insert, update, delete, truncate');"
                  .formatted(TableName.quote(pipeline.source().publication()))));
    }
    List<TableName> partitioned =
        tables.values().stream().filter(FoundTable::isPartitioned).map(FoundTable::name).toList();
    if (!state.viaRoot() && !partitioned.isEmpty()) {
      findings.add(
          Finding.fail(
              subject,
              "It publishes changes of %s under the names of their partitions."
                  .formatted(join(partitioned)),
              "Run: ALTER PUBLICATION %s SET (publish_via_partition_root = true);"
                  .formatted(TableName.quote(pipeline.source().publication()))));
    }
  }

  private void examineTable(SourceTable table, FoundTable found, Privileges privileges) {
    String subject = table.name().toString();
    if (found == null) {
      findings.add(
          Finding.fail(
              subject,
              "There is no such table in database '%s'.".formatted(pipeline.source().database()),
              "Check its schema, spelling and case in the pipeline file."));
      return;
    }
    if (!found.isCapturable()) {
      findings.add(
          Finding.fail(
              subject,
              "It is %s, and PostgreSQL publishes changes of logged tables only."
                  .formatted(found.kind().label()),
              "Take it out of the pipeline file, or name the tables it is made from."));
      return;
    }
    if (found.partition()) {
      findings.add(
          Finding.fail(
              subject,
              "It is a partition; its changes arrive under the name of its root.",
              "Name the partitioned table in the pipeline file."));
    }
    examinePrivileges(subject, table, privileges);
    findings.addAll(TableKey.examine(table, found, UniqueIndex.find(connection, found.name())));
    findings.addAll(ConfiguredColumns.examine(table, found));
    examineColumns(subject, found);
    if (privileges.schemaUsage() && privileges.maySelect()) {
      findings.add(LargestRow.examine(connection, found, pipeline.kafka().maxMessageBytes()));
      findings.addAll(UnreadableIntervals.examine(connection, found));
    }
  }

  private void examinePrivileges(String subject, SourceTable table, Privileges privileges) {
    String role = TableName.quote(pipeline.source().user());
    if (!privileges.schemaUsage()) {
      findings.add(
          Finding.fail(
              subject,
              "The role may not use schema '%s'.".formatted(table.name().schema()),
              "Run as its owner: GRANT USAGE ON SCHEMA %s TO %s;"
                  .formatted(TableName.quote(table.name().schema()), role)));
    }
    if (!privileges.maySelect()) {
      findings.add(
          Finding.fail(
              subject,
              "The role may not read it, so there is no first snapshot.",
              "Run as its owner: GRANT SELECT ON %s TO %s;"
                  .formatted(table.name().quoted(), role)));
    }
  }

  private void examineColumns(String subject, FoundTable found) {
    Map<String, String> byLowerCase = new HashMap<>();
    for (SourceColumn column : found.columns()) {
      String twin = byLowerCase.put(column.name().toLowerCase(Locale.ROOT), column.name());
      if (twin != null) {
        // Debezium's TableEditorImpl files columns by their lower-case names.
        findings.add(
            Finding.fail(
                subject,
                "Columns '%s' and '%s' differ in case only, and Debezium keeps one of them."
                    .formatted(twin, column.name()),
                "Rename one of them."));
      }
      String named = "Column '%s' (%s) ".formatted(column.name(), column.typeName());
      if (column.generated()) {
        findings.add(
            Finding.warn(
                subject,
                named + "is generated: PostgreSQL leaves it out of the stream, and so do we.",
                "Compute it in a gold model from the columns it is made from."));
      } else if (column.support() == TypeSupport.AS_TEXT) {
        findings.add(
            Finding.warn(
                subject,
                named + "has no type in change events: its values arrive as text.",
                "Cast it where it is read."));
      }
    }
  }

  private Map<TableName, Privileges> privileges(List<TableName> names) {
    String[] schemas = names.stream().map(TableName::schema).toArray(String[]::new);
    String[] tables = names.stream().map(TableName::table).toArray(String[]::new);
    Map<TableName, Privileges> privileges = new HashMap<>();
    Query.of(connection, "the privileges", PRIVILEGES, schemas, tables)
        .rows(
            row ->
                privileges.put(
                    new TableName(row.getString("nspname"), row.getString("relname")),
                    new Privileges(
                        row.getBoolean("schema_usage"),
                        row.getBoolean("may_select"),
                        row.getBoolean("owned"))));
    return privileges;
  }

  private static String join(List<TableName> tables) {
    return tables.stream().map(TableName::toString).collect(joining(", "));
  }

  private static String quoted(List<TableName> tables) {
    return tables.stream().map(TableName::quoted).collect(joining(", "));
  }

  private record Privileges(boolean schemaUsage, boolean maySelect, boolean owned) {}

  /** The server's settings; {@code keepSize} is null before version 13, which has no such limit. */
  private record Server(
      String version,
      int major,
      String walLevel,
      boolean standby,
      int freeSlots,
      int freeSenders,
      String keepSize) {

    static Server read(ResultSet row) throws SQLException {
      return new Server(
          row.getString("version"),
          row.getInt("major"),
          row.getString("wal_level"),
          row.getBoolean("standby"),
          row.getInt("free_slots"),
          row.getInt("free_senders"),
          row.getString("keep_size"));
    }
  }

  private record Role(
      String name, boolean superuser, boolean replication, boolean rds, boolean mayCreate) {

    static Role read(ResultSet row) throws SQLException {
      return new Role(
          row.getString("name"),
          row.getBoolean("rolsuper"),
          row.getBoolean("rolreplication"),
          row.getBoolean("rds"),
          row.getBoolean("may_create"));
    }
  }

  private record Slot(
      String plugin,
      String database,
      boolean sameDatabase,
      boolean active,
      int pid,
      String application,
      String walStatus,
      String retained) {

    static Slot read(ResultSet row) throws SQLException {
      return new Slot(
          row.getString("plugin"),
          row.getString("database"),
          row.getBoolean("same_database"),
          row.getBoolean("active"),
          row.getInt("active_pid"),
          row.getString("application_name"),
          row.getString("wal_status"),
          row.getString("retained"));
    }

    Finding finding(String subject) {
      if (!"pgoutput".equals(plugin) || !sameDatabase) {
        return Finding.fail(
            subject,
            "It belongs to plugin '%s' and database '%s'.".formatted(plugin, database),
            "Choose another name in source.slot.");
      }
      if ("lost".equals(walStatus)) {
        return Finding.fail(
            subject,
            "It is lost: the server has removed log that was not read yet.",
            "Run './cdclake resnapshot --all'.");
      }
      if (active && !CONNECTOR_APPLICATION.equals(application)) {
        return Finding.fail(
            subject,
            "It is in use by session %d%s, which is not our connector."
                .formatted(pid, application == null ? "" : " ('" + application + "')"),
            "Stop that reader, or choose another name in source.slot.");
      }
      String state =
          "It exists, is %s and holds back %s of log (%s)."
              .formatted(active ? "read by the connector" : "not in use", retained, walStatus);
      return "unreserved".equals(walStatus)
          ? Finding.warn(
              subject, state, "Start the connector soon: the server is about to remove that log.")
          : Finding.ok(subject, state);
    }
  }
}
