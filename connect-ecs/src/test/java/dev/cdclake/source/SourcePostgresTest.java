/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.cdclake.PipelineText;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Secret;
import dev.cdclake.contract.Source;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.TableName;
import dev.cdclake.source.Finding.Severity;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is read from, written to and said about a real PostgreSQL. */
class SourcePostgresTest {

  private static EmbeddedPostgres logical;
  private static EmbeddedPostgres replica;

  private final Pipeline shop = pipeline("orders", "log", "\"sales.Größe\"", "events");

  @BeforeAll
  static void startServers() throws IOException {
    logical =
        EmbeddedPostgres.builder()
            .setServerConfig("wal_level", "logical")
            .setServerConfig("max_prepared_transactions", "2")
            .start();
    replica =
        EmbeddedPostgres.builder()
            .setServerConfig("wal_level", "replica")
            .setServerConfig("max_replication_slots", "0")
            .setServerConfig("max_slot_wal_keep_size", "1GB")
            .start();
  }

  @AfterAll
  static void stopServers() throws IOException {
    logical.close();
    replica.close();
  }

  @BeforeEach
  void createSchema() throws SQLException {
    execute(
        """
        drop publication if exists shop;
        drop schema if exists sales cascade;
        drop schema public cascade;
        create schema public;
        grant usage on schema public to public;
        create schema sales;
        create type mood as enum ('good', 'bad');
        create domain email as text;
        create type pair as (a int, b int);
        create table orders (
          line int not null, id bigint not null, total numeric(10,2), feeling mood, mail email,
          doubled numeric generated always as (total * 2) stored, spans int4multirange,
          waits interval[], pairs pair, primary key (id, line));
        insert into orders (line, id, total) select 1, n, n from generate_series(1, 100) n;
        create table log (at timestamptz, what text);
        create table sales."Größe" (id int primary key, v text);
        create table events (id int, at date, primary key (id, at)) partition by range (at);
        create table events_2025 partition of events
          for values from ('2025-01-01') to ('2026-01-01');
        create unlogged table cache (id int primary key);
        create view order_ids as select id from orders;
        analyze orders;
        """);
  }

  @Test
  void everyTableIsFoundOnceAndPartitionsBelongToTheirRoot() throws SQLException {
    try (Connection connection = connect("postgres")) {
      assertThat(SourceCatalog.readAll(connection))
          .extracting(table -> table.name().toString(), FoundTable::kind)
          .containsExactly(
              tuple("public.cache", FoundTable.Kind.UNLOGGED_TABLE),
              tuple("public.events", FoundTable.Kind.PARTITIONED_TABLE),
              tuple("public.log", FoundTable.Kind.TABLE),
              tuple("public.orders", FoundTable.Kind.TABLE),
              tuple("sales.Größe", FoundTable.Kind.TABLE));
    }
  }

  @Test
  void tableIsDescribedByItsCatalog() throws SQLException {
    FoundTable orders = found("public.orders");

    assertThat(orders.primaryKey()).containsExactly("id", "line");
    assertThat(orders.identityColumns()).containsExactly("id", "line");
    assertThat(orders.estimatedRows()).isEqualTo(100);
    assertThat(orders.columns())
        .containsExactly(
            new SourceColumn("line", "integer", false, false, TypeSupport.NATIVE),
            new SourceColumn("id", "bigint", false, false, TypeSupport.NATIVE),
            new SourceColumn("total", "numeric(10,2)", true, false, TypeSupport.NATIVE),
            new SourceColumn("feeling", "mood", true, false, TypeSupport.NATIVE),
            new SourceColumn("mail", "email", true, false, TypeSupport.NATIVE),
            new SourceColumn("doubled", "numeric", true, true, TypeSupport.NATIVE),
            new SourceColumn("spans", "int4multirange", true, false, TypeSupport.AS_TEXT),
            new SourceColumn("waits", "interval[]", true, false, TypeSupport.AS_TEXT),
            new SourceColumn("pairs", "pair", true, false, TypeSupport.AS_TEXT));
  }

  @Test
  void replicaIdentityNamesTheColumnsThatTheLogHolds() throws SQLException {
    execute(
        """
        alter table log alter what set not null;
        create unique index log_what on log (what);
        alter table log replica identity using index log_what;
        alter table orders replica identity full;
        """);

    assertThat(found("public.log"))
        .extracting(FoundTable::replicaIdentity, FoundTable::identityColumns)
        .containsExactly(ReplicaIdentity.INDEX, List.of("what"));
    assertThat(found("public.orders").identityColumns()).hasSize(9);
  }

  @Test
  void publicationIsCreatedThenCompletedThenLeftAlone() throws SQLException {
    try (Connection connection = connect("postgres")) {
      Pipeline two = pipeline("orders", "events");

      assertThat(Publication.ensure(connection, two).report())
          .isEqualTo("Created publication 'shop' for 2 tables.");
      assertThat(Publication.ensure(connection, two).report())
          .isEqualTo("Publication 'shop' covers every table.");
      assertThat(Publication.ensure(connection, shop).report())
          .isEqualTo("Added to publication 'shop': public.log, sales.Größe.");
      assertThat(Publication.ensure(connection, pipeline("orders")).added()).isEmpty();
      assertThat(Publication.State.read(connection, "shop").orElseThrow())
          .satisfies(state -> assertThat(state.viaRoot()).isTrue())
          .satisfies(
              state ->
                  assertThat(state.tables())
                      .containsExactlyInAnyOrderElementsOf(
                          shop.tables().stream().map(SourceTable::name).toList()));
    }
  }

  @Test
  void publicationForAllTablesNeedsNothing() throws SQLException {
    execute("create publication shop for all tables");
    try (Connection connection = connect("postgres")) {
      assertThat(Publication.ensure(connection, shop).added()).isEmpty();
    }
  }

  @Test
  void publicationWithoutPrivilegeSaysWhatTheOwnerMustRun() throws SQLException {
    createRole("login");
    try (Connection connection = connect("visitor")) {
      assertThatThrownBy(() -> Publication.ensure(connection, asVisitor("orders")))
          .isInstanceOf(SourceException.class)
          .hasMessage(
              "Cannot prepare publication 'shop' of database 'postgres': role 'visitor' lacks the"
                  + " privilege (expected CREATE on the database and ownership of every table and"
                  + " of the publication). Let the owner run: create publication \"shop\" for table"
                  + " \"public\".\"orders\" with (publish_via_partition_root = true);");
    }
  }

  @Test
  void publicationOfAMissingTableIsRefused() throws SQLException {
    try (Connection connection = connect("postgres")) {
      assertThatThrownBy(() -> Publication.ensure(connection, pipeline("absent")))
          .isInstanceOf(SourceException.class)
          .hasMessageContaining(
              "a table does not exist (expected every table of the pipeline file)");
      assertThatThrownBy(() -> Publication.ensure(connection, pipeline("cache")))
          .isInstanceOf(SourceException.class)
          .hasMessageContaining("a relation cannot be published");
    }
  }

  @Test
  void soundSourceHasNothingThatFails() {
    List<Finding> findings = examine(logical, shop);

    assertThat(findings).extracting(Finding::severity).doesNotContain(Severity.FAIL);
    assertThat(findings)
        .contains(
            Finding.ok("wal_level", "logical."),
            Finding.ok("role 'postgres'", "It is a superuser."),
            Finding.ok("replication slot 'shop'", "It does not exist; the connector creates it."),
            Finding.ok(
                "publication 'shop'", "It does not exist; it is created at the first start."));
    assertThat(about(findings, "max_slot_wal_keep_size")).contains(Severity.WARN);
    assertThat(findings)
        .anySatisfy(
            finding ->
                assertThat(finding.found())
                    .matches(
                        "Its largest event is about \\d+ bytes \\(an estimate; the limit is 16"
                            + " MiB\\)."));
  }

  @Test
  void tableWithoutKeyIsAWarning() {
    assertThat(examine(logical, pipeline("log")))
        .anySatisfy(
            finding -> {
              assertThat(finding.subject()).isEqualTo("public.log");
              assertThat(finding.severity()).isEqualTo(Severity.WARN);
              assertThat(finding.found())
                  .contains("PostgreSQL refuses every UPDATE and DELETE of it");
            });
  }

  @Test
  void indexThatStandsInForAKeyIsFound() throws SQLException {
    execute(
        """
        create unique index log_z on log (what);
        create unique index log_b on log (what, at) where what <> '';
        create unique index log_a on log (lower(what));
        """);
    try (Connection connection = connect("postgres")) {
      assertThat(UniqueIndex.find(connection, TableName.parse("public.log")))
          .contains(new UniqueIndex("log_b", List.of("what", "at"), true, true));
      assertThat(UniqueIndex.find(connection, TableName.parse("public.orders"))).isEmpty();
    }
  }

  @Test
  void columnsThatDoNotTravelWellAreNamed() {
    assertThat(examine(logical, pipeline("orders")))
        .filteredOn(finding -> finding.severity() == Severity.WARN)
        .extracting(Finding::found)
        .contains(
            "Column 'doubled' (numeric) is generated: PostgreSQL leaves it out of the stream, and so"
                + " do we.",
            "Column 'spans' (int4multirange) has no type in change events: its values arrive as"
                + " text.",
            "Column 'waits' (interval[]) has no type in change events: its values arrive as text.",
            "Column 'pairs' (pair) has no type in change events: its values arrive as text.");
  }

  @Test
  void columnsThatDifferInCaseOnlyAreRefused() throws SQLException {
    execute("alter table log add column \"What\" text");

    assertThat(examine(logical, pipeline("log")))
        .filteredOn(finding -> finding.severity() == Severity.FAIL)
        .extracting(Finding::found)
        .containsExactly(
            "Columns 'what' and 'What' differ in case only, and Debezium keeps one of them.");
  }

  @Test
  void intervalThatStopsTheConnectorIsRefused() throws SQLException {
    execute("create table jobs (id int primary key, took interval, longest interval)");
    execute("insert into jobs values (1, '2147483647 hours', '2562047788 hours')");

    assertThat(examine(logical, pipeline("jobs")))
        .filteredOn(finding -> finding.severity() == Severity.FAIL)
        .extracting(Finding::found)
        .containsExactly(
            "Column 'longest' (interval) holds an interval that is infinite or has more than"
                + " 2147483647 hours; the connector stops at it.");
  }

  @Test
  void columnsThatTheFileNamesHaveToBeThere() {
    String orders =
        "orders, renames: {mail: address}, checks: {unique: [[id, lin]]}, mask: {mial: redact,"
            + " mail: redact, address: redact, line: redact, total: {truncate: 3}}";

    assertThat(examine(logical, pipeline(orders)))
        .filteredOn(finding -> finding.severity() == Severity.FAIL)
        .extracting(Finding::found)
        .containsExactlyInAnyOrder(
            "'mask' names column 'mial', which it does not have (expected one of line, id, total,"
                + " feeling, mail, doubled, spans, waits, pairs).",
            "Column 'line' (integer) cannot be masked by 'redact': it is part of the key, which only"
                + " a hash keeps apart.",
            "Column 'total' (numeric(10,2)) cannot be masked by 'truncate': it is no text.",
            "'checks' names column 'lin', which it does not have (expected one of line, id, total,"
                + " feeling, mail, doubled, spans, waits, pairs).");
  }

  @Test
  void everythingWrongIsFoundAtOnce() throws SQLException {
    List<Finding> findings =
        examine(logical, pipeline("absent", "cache", "order_ids", "events_2025"));

    assertThat(findings)
        .filteredOn(finding -> finding.severity() == Severity.FAIL)
        .extracting(finding -> finding.subject() + ": " + finding.found())
        .containsExactly(
            "public.absent: There is no such table in database 'postgres'.",
            "public.cache: It is an unlogged table, and PostgreSQL publishes changes of logged"
                + " tables only.",
            "public.order_ids: It is a view, and PostgreSQL publishes changes of logged tables"
                + " only.",
            "public.events_2025: It is a partition; its changes arrive under the name of its"
                + " root.");
  }

  @Test
  void roleWithoutPrivilegesIsToldEachOneItLacks() throws SQLException {
    createRole("login");
    try (Connection connection = connect("visitor")) {
      assertThat(Doctor.examine(connection, asVisitor("orders", "\"sales.Größe\"")))
          .filteredOn(finding -> finding.severity() == Severity.FAIL)
          .extracting(Finding::toString)
          .containsExactly(
              "FAIL role 'visitor': It may not read the log. Run as a superuser: ALTER ROLE"
                  + " \"visitor\" REPLICATION; (on RDS and Aurora: GRANT rds_replication TO"
                  + " \"visitor\";).",
              "FAIL publication 'shop': It does not exist, and the role may not create one in this"
                  + " database. Run as its owner: GRANT CREATE ON DATABASE \"postgres\" TO"
                  + " \"visitor\"; or create the publication there.",
              "FAIL publication 'shop': Only their owner can add public.orders, sales.Größe to it."
                  + " Let the owner add them to the publication, or make role 'visitor' a member of"
                  + " the owner's role.",
              "FAIL public.orders: The role may not read it, so there is no first snapshot. Run as"
                  + " its owner: GRANT SELECT ON \"public\".\"orders\" TO \"visitor\";",
              "FAIL sales.Größe: The role may not use schema 'sales'. Run as its owner: GRANT USAGE"
                  + " ON SCHEMA \"sales\" TO \"visitor\";",
              "FAIL sales.Größe: The role may not read it, so there is no first snapshot. Run as"
                  + " its owner: GRANT SELECT ON \"sales\".\"Größe\" TO \"visitor\";");
    }
  }

  @Test
  void roleNeedsNoPrivilegeForAPublicationThatIsComplete() throws SQLException {
    createRole("login replication");
    execute("grant select on orders to visitor; create publication shop for table orders");
    try (Connection connection = connect("visitor")) {
      assertThat(Doctor.examine(connection, asVisitor("orders")))
          .extracting(Finding::severity)
          .doesNotContain(Severity.FAIL);
    }
  }

  @Test
  void publicationThatHidesPartitionedChangesFails() throws SQLException {
    execute("create publication shop for table events with (publish = 'insert')");

    assertThat(examine(logical, pipeline("events")))
        .filteredOn(finding -> finding.subject().equals("publication 'shop'"))
        .extracting(Finding::severity)
        .containsExactly(Severity.WARN, Severity.FAIL, Severity.OK);
  }

  @Test
  void serverWithoutLogicalDecodingFails() {
    List<Finding> findings = examine(replica, shop);

    assertThat(about(findings, "wal_level")).containsExactly(Severity.FAIL);
    assertThat(about(findings, "replication slot 'shop'")).containsExactly(Severity.FAIL);
    assertThat(findings).contains(Finding.ok("max_slot_wal_keep_size", "1GB."));
  }

  @Test
  void slotOfOurNameIsExamined() throws SQLException {
    execute("select pg_create_logical_replication_slot('shop', 'pgoutput')");
    try {
      assertThat(examine(logical, shop))
          .filteredOn(finding -> finding.subject().equals("replication slot 'shop'"))
          .singleElement()
          .satisfies(
              finding ->
                  assertThat(finding.found())
                      .matches(
                          "It exists, is not in use and holds back .* of log \\(reserved\\)."));
    } finally {
      execute("select pg_drop_replication_slot('shop')");
    }
  }

  @Test
  void slotOfAnotherPluginIsRefused() throws SQLException {
    execute("select pg_create_physical_replication_slot('shop')");
    try {
      assertThat(about(examine(logical, shop), "replication slot 'shop'"))
          .containsExactly(Severity.FAIL);
    } finally {
      execute("select pg_drop_replication_slot('shop')");
    }
  }

  @Test
  void oldTransactionsAreNamed() throws SQLException {
    try (Connection open = connect("postgres");
        Connection connection = connect("postgres");
        Statement statement = open.createStatement()) {
      open.setAutoCommit(false);
      statement.execute("insert into log values (now(), 'x')");
      execute("begin; insert into log values (now(), 'y'); prepare transaction 'held'");
      try {
        assertThat(Doctor.examine(connection, shop, Duration.ofMillis(-1)))
            .filteredOn(finding -> finding.subject().equals("open transaction"))
            .extracting(Finding::found)
            .hasSize(2)
            .anyMatch(found -> found.startsWith("session "))
            .anyMatch(found -> found.startsWith("prepared transaction 'held' has one open for"));
      } finally {
        execute("rollback prepared 'held'");
        open.rollback();
      }
    }
  }

  @Test
  void rowLargerThanKafkaAcceptsFails() throws SQLException {
    execute("insert into log values (now(), repeat('x', 17000000))");

    assertThat(examine(logical, pipeline("log")))
        .filteredOn(finding -> finding.severity() == Severity.FAIL)
        .extracting(Finding::found)
        .containsExactly("Its largest event is about 16 MiB (an estimate; the limit is 16 MiB).");
  }

  @Test
  void draftOfTheDatabaseIsAPipelineOfItsTables() throws SQLException {
    try (Connection connection = connect("postgres")) {
      Pipeline pipeline =
          PipelineText.read(
              PipelineDraft.render(source(logical, "postgres"), SourceCatalog.readAll(connection)));

      assertThat(pipeline.source().jdbcUrl()).isEqualTo(source(logical, "postgres").jdbcUrl());
      assertThat(pipeline.tables())
          .extracting(SourceTable::name)
          .containsExactly(
              TableName.parse("events"),
              TableName.parse("log"),
              TableName.parse("orders"),
              TableName.parse("sales.Größe"));
      assertThat(Doctor.examine(connection, pipeline))
          .extracting(Finding::severity)
          .doesNotContain(Severity.FAIL);
    }
  }

  @Test
  void connectionFailuresAreToldApart() throws SQLException {
    Source good = source(logical, "postgres");

    assertRefused(
        new Source(
            false, "localhost", 1, "shop", "me", good.password(), "disable", "shop", "shop", 1),
        "Cannot connect to database 'shop' at localhost:1 as role 'me': the server cannot be"
            + " reached (expected PostgreSQL to answer there within 10 s). Check source.host,"
            + " source.port and source.ssl-mode, that the server runs, and the firewall between.");
    assertRefused(
        new Source(
            false,
            good.host(),
            good.port(),
            "absent",
            good.user(),
            good.password(),
            "disable",
            "shop",
            "shop",
            1),
        "there is no such database (expected an existing one).");
    assertRefused(source(logical, "nobody"), "the role is unknown, or pg_hba.conf does not let it");
  }

  @Test
  void wrongAndMissingPasswordAreToldApart() throws SQLException, IOException {
    createRole("login password 'right'");
    Path rules = Path.of(setting("hba_file"));
    String trusting = Files.readString(rules);
    Files.writeString(rules, "host all visitor all scram-sha-256\n" + trusting);
    execute("select pg_reload_conf()");
    try {
      Source source = source(logical, "visitor");
      assertThatThrownBy(() -> SourceDatabase.open(source, Map.of("PG_PASSWORD", "wrong")))
          .isInstanceOf(SourceException.class)
          .hasMessageEndingWith(
              "the password was refused (expected that role's password in PG_PASSWORD). Set it and"
                  + " try again.")
          .hasMessageNotContaining("wrong");
      assertRefused(
          source,
          "the server asks for a password (expected it in the environment variable PG_PASSWORD,"
              + " which is not set). Set it and try again.");
      SourceDatabase.open(source, Map.of("PG_PASSWORD", "right")).close();
    } finally {
      Files.writeString(rules, trusting);
      execute("select pg_reload_conf()");
    }
  }

  private static void assertRefused(Source source, String message) {
    assertThatThrownBy(() -> SourceDatabase.open(source, Map.of()))
        .isInstanceOf(SourceException.class)
        .hasMessageContaining(message);
  }

  private static FoundTable found(String name) throws SQLException {
    try (Connection connection = connect("postgres")) {
      return SourceCatalog.read(connection, List.of(TableName.parse(name))).get(0);
    }
  }

  private static List<Finding> examine(EmbeddedPostgres server, Pipeline pipeline) {
    try (Connection connection = SourceDatabase.open(source(server, "postgres"), Map.of())) {
      return Doctor.examine(connection, pipeline);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<Severity> about(List<Finding> findings, String subject) {
    return findings.stream()
        .filter(finding -> finding.subject().equals(subject))
        .map(Finding::severity)
        .toList();
  }

  private static void createRole(String options) throws SQLException {
    execute(
        """
        do $$ begin
          if exists (select from pg_roles where rolname = 'visitor') then
            drop owned by visitor; drop role visitor;
          end if;
        end $$;
        create role visitor %s;
        """
            .formatted(options));
  }

  private static String setting(String name) throws SQLException {
    try (Connection connection = connect("postgres")) {
      return Query.of(connection, name, "select current_setting(?)", name)
          .row(row -> row.getString(1));
    }
  }

  private static void execute(String sql) throws SQLException {
    try (Connection connection = connect("postgres");
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static Connection connect(String user) {
    return SourceDatabase.open(source(logical, user), Map.of());
  }

  private static Source source(EmbeddedPostgres server, String user) {
    return new Source(
        false,
        "localhost",
        server.getPort(),
        "postgres",
        user,
        new Secret("PG_PASSWORD"),
        "disable",
        "shop",
        "shop",
        1);
  }

  private static Pipeline pipeline(String... tables) {
    return pipelineOf("postgres", tables);
  }

  private static Pipeline asVisitor(String... tables) {
    return pipelineOf("visitor", tables);
  }

  private static Pipeline pipelineOf(String user, String... tables) {
    return PipelineText.read(
        """
        project: shop
        source: {host: localhost, database: postgres, user: %s}
        tables: [{name: %s}]
        """
            .formatted(user, String.join("}, {name: ", tables)));
  }
}
