/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.cdclake.contract.Expectation.OnBreak;
import dev.cdclake.contract.Maintenance.Retention;
import dev.cdclake.contract.Profile.Catalog;
import dev.cdclake.contract.SourceTable.OnDelete;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PipelineFileTest {

  @TempDir Path folder;

  @Test
  void repositorysOwnFileIsAccepted() {
    Pipeline pipeline = Pipeline.read(Path.of("..", "pipeline.yaml"), "dev", "local");

    assertThat(pipeline.project()).isEqualTo("cdc_demo");
    assertThat(pipeline.tables())
        .extracting(SourceTable::lakeName)
        .containsExactly("users", "products", "orders", "order_items", "transactions");
    assertThat(pipeline.topic(pipeline.tables().get(2))).isEqualTo("shop.public.orders");
    assertThat(pipeline.silver(pipeline.tables().get(2)).quoted())
        .isEqualTo("lake.`cdc_demo_dev_silver`.`orders`");
  }

  @Test
  void namesInACloudComeFromProjectAndEnvironment() {
    Pipeline pipeline = Pipeline.read(Path.of("..", "pipeline.yaml"), "staging", "local");

    assertThat(pipeline.prefix()).isEqualTo("cdc-demo-staging");
    assertThat(pipeline.jobName(JobName.BRONZE)).isEqualTo("cdc-demo-staging-bronze");
    assertThat(pipeline.database(Layer.GOLD)).isEqualTo("cdc_demo_staging_gold");
  }

  @Test
  void everythingButProjectAndTablesHasADefault() {
    Pipeline pipeline = read("project: shop", "tables:", "  - name: orders");

    assertThat(pipeline.source())
        .isEqualTo(
            new Source(
                true,
                "localhost",
                15432,
                "shop",
                "postgres",
                new Secret("CDCLAKE_SOURCE_PASSWORD"),
                "disable",
                "shop",
                "shop",
                1));
    assertThat(pipeline.kafka())
        .isEqualTo(
            new Kafka(
                true,
                "localhost:19092",
                true,
                "http://localhost:18083",
                "shop",
                1,
                16 << 20,
                Map.of()));
    assertThat(pipeline.tables())
        .containsExactly(SourceTable.of(new TableName("public", "orders")));
    assertThat(pipeline.gold())
        .isEqualTo(new Gold(folder.resolve("sql/gold"), Duration.ofSeconds(10)));
    assertThat(pipeline.profile().catalog()).isEqualTo(Catalog.JDBC);
    assertThat(pipeline.profile().state()).isEqualTo(folder.resolve(".cdclake"));
    assertThat(pipeline.profile().warehouse())
        .isEqualTo(folder.resolve(".cdclake/warehouse").toString());
  }

  @Test
  void everySettingIsReadFromTheFile() {
    Pipeline pipeline =
        read(
            "project: shop",
            "source:",
            "  host: db.example.com",
            "  port: 5433",
            "  database: Shop DB",
            "  user: capture",
            "  password: ${env:DB_PASSWORD}",
            "  ssl-mode: verify-full",
            "  publication: changes",
            "  slot: changes_1",
            "  epoch: 3",
            "kafka:",
            "  bootstrap: a:9092,b:9092",
            "  connect: http://connect:8083",
            "  topic-prefix: Shop-1",
            "  partitions: 4",
            "  max-message: 64MB",
            "  properties: {security.protocol: SSL}",
            "tables:",
            "  - name: sales.Orders",
            "    as: orders",
            "    key: [id, region]",
            "    renames: {state: status}",
            "    on-delete: purge",
            "    expect:",
            "      total_is_positive: total > 0",
            "      id_is_set: {condition: id is not null, on-break: stop}",
            "    checks:",
            "      unique: [code, [shop, number]]",
            "      references: {parent_id: orders.id}",
            "      fresh-within: 15m",
            "    mask:",
            "      email: hash",
            "      phone: redact",
            "      name: {truncate: 3}",
            "      card: {hash: \"${env:CARDS}\"}",
            "gold: {models: models, refresh-every: 5m}",
            "profiles:",
            "  local:",
            "    catalog: hadoop",
            "    warehouse: s3://bucket/lake",
            "    properties: {io-impl: x}",
            "    state: state",
            "    ports: {postgres: 1, kafka: 2, controller: 3, connect: 4}");

    assertThat(pipeline.source())
        .isEqualTo(
            new Source(
                false,
                "db.example.com",
                5433,
                "Shop DB",
                "capture",
                new Secret("DB_PASSWORD"),
                "verify-full",
                "changes",
                "changes_1",
                3));
    assertThat(pipeline.kafka())
        .isEqualTo(
            new Kafka(
                false,
                "a:9092,b:9092",
                false,
                "http://connect:8083",
                "Shop-1",
                4,
                64 << 20,
                Map.of("security.protocol", "SSL")));
    assertThat(pipeline.tables())
        .containsExactly(
            new SourceTable(
                new TableName("sales", "Orders"),
                "orders",
                List.of("id", "region"),
                Map.of("state", "status"),
                OnDelete.PURGE,
                List.of(
                    new Expectation("total_is_positive", "total > 0", OnBreak.FLAG),
                    new Expectation("id_is_set", "id is not null", OnBreak.STOP)),
                new Checks(
                    List.of(List.of("code"), List.of("shop", "number")),
                    List.of(new Checks.Reference("parent_id", "orders", "id")),
                    Duration.ofMinutes(15)),
                List.of(
                    new Mask("email", Mask.Kind.HASH, 0, new Secret("CDCLAKE_MASK_SALT")),
                    new Mask("phone", Mask.Kind.REDACT, 0, new Secret("CDCLAKE_MASK_SALT")),
                    new Mask("name", Mask.Kind.TRUNCATE, 3, new Secret("CDCLAKE_MASK_SALT")),
                    new Mask("card", Mask.Kind.HASH, 0, new Secret("CARDS")))));
    assertThat(pipeline.gold())
        .isEqualTo(new Gold(folder.resolve("models"), Duration.ofMinutes(5)));
    assertThat(pipeline.profile())
        .isEqualTo(
            new Profile(
                "local",
                Catalog.HADOOP,
                "s3://bucket/lake",
                Map.of("io-impl", "x"),
                folder.resolve("state"),
                new Profile.Ports(1, 2, 3, 4)));
  }

  @Test
  void allProblemsAreNamedAtOnceWithTheirLines() {
    SettingsException failure =
        refused(
            "project: shop",
            "source:",
            "  host: db",
            "  port: many",
            "  prot: 5432",
            "kafka:",
            "  partitions: 0",
            "tables:",
            "  - key: [id]",
            "gold:",
            "  refresh-every: soon");

    assertThat(failure.problems())
        .containsExactly(
            "line 4: source.port is 'many' (expected a number from 1 to 65535).",
            "line 5: source.prot is not a known setting (expected database, epoch, host, password,"
                + " port, publication, slot, ssl-mode, user).",
            "line 7: kafka.partitions is '0' (expected a number from 1 to 10000).",
            "line 9: tables[0].name is missing (expected schema.table).",
            "line 11: gold.refresh-every is 'soon' (expected a duration such as 10s, 5m, 12h or"
                + " 90d).");
    assertThat(failure).hasMessageContaining("pipeline.yaml: 5 problems.");
  }

  @Test
  void problemsOfExpectationsAreNamedTogether() {
    assertThat(
            refused(
                    "project: shop",
                    "tables:",
                    "  - name: orders",
                    "    expect:",
                    "      Total: total > 0",
                    "      a: {on-break: explode}",
                    "      b: {condition: x > 0, severity: stop}",
                    "      quarantined: x > 0")
                .problems())
        .containsExactly(
            "line 5: tables[0].expect.Total is 'Total' (expected lower-case letters, digits and _"
                + " as its name).",
            "line 6: tables[0].expect.a.condition is missing (expected an SQL condition).",
            "line 6: tables[0].expect.a.on-break is 'explode' (expected one of flag, quarantine,"
                + " stop).",
            "line 7: tables[0].expect.b.severity is not a known setting (expected condition,"
                + " on-break).",
            "line 8: tables[0].expect.quarantined has a name that dq_flags uses itself (expected"
                + " another one).");
  }

  @Test
  void maintenanceNeedsNoSetting() {
    assertThat(read("project: shop", "tables: [{name: orders}]").maintenance())
        .isEqualTo(
            new Maintenance(
                new Retention(
                    Optional.of(Duration.ofDays(30)),
                    Optional.of(Duration.ofDays(90)),
                    Optional.of(Duration.ofDays(90)),
                    Duration.ofDays(3)),
                true,
                40,
                500,
                128 << 20,
                Duration.ofHours(1),
                Optional.of(Duration.ofDays(3))));
  }

  @Test
  void maintenanceIsReadFromTheFile() {
    assertThat(
            read(
                    "project: shop",
                    "tables: [{name: orders}]",
                    "retention: {bronze: 7d, tombstones: forever, rejected: forever, snapshots: 1h}",
                    "maintenance: {while-running: no, small-files: 9, snapshots: 99,"
                        + " file-megabytes: 64, longest-query: 5m, orphans: forever}")
                .maintenance())
        .isEqualTo(
            new Maintenance(
                new Retention(
                    Optional.of(Duration.ofDays(7)),
                    Optional.empty(),
                    Optional.empty(),
                    Duration.ofHours(1)),
                false,
                9,
                99,
                64 << 20,
                Duration.ofMinutes(5),
                Optional.empty()));
  }

  @Test
  void retentionThatCouldHurtIsRefused() {
    assertThat(
            refused(
                    "project: shop",
                    "tables: [{name: orders}]",
                    "retention:",
                    "  bronze: 12h",
                    "  tombstones: 30d",
                    "  rejected: 31d",
                    "maintenance:",
                    "  orphans: 1h",
                    "  snapshots: 1")
                .problems())
        .containsExactly(
            "line 4: retention.bronze is '12h' (expected at least 1 day, or forever).",
            "line 6: retention.rejected keeps rejected rows longer than tombstones (expected no"
                + " longer: a replayed old event could bring back a row whose tombstone is gone).",
            "line 8: maintenance.orphans is '1h' (expected at least 1 day, or forever).",
            "line 9: maintenance.snapshots is '1' (expected a number from 10 to 100000).");
  }

  @Test
  void problemsOfChecksAndMasksAreNamedTogether() {
    assertThat(
            refused(
                    "project: shop",
                    "tables:",
                    "  - name: orders",
                    "    checks:",
                    "      uniq: [id]",
                    "      references: {a: users.id, b: id}",
                    "      fresh-within: soon",
                    "    mask:",
                    "      email: md5",
                    "      name: truncate",
                    "      card: {hash: pepper}")
                .problems())
        .containsExactly(
            "line 5: tables[0].checks.uniq is not a known setting (expected fresh-within,"
                + " references, unique).",
            "line 6: tables[0].checks.references.b is 'id' (expected table.column such as"
                + " customers.id).",
            "line 6: tables[0].checks.references.a refers to table 'users', which the file does"
                + " not list (expected one of orders).",
            "line 7: tables[0].checks.fresh-within is 'soon' (expected a duration such as 10s, 5m,"
                + " 12h or 90d).",
            "line 9: tables[0].mask.email is 'md5' (expected one of hash, redact, truncate).",
            "line 10: tables[0].mask.name has no length (expected {truncate: 3}).",
            "line 11: tables[0].mask.card.hash holds a literal value (expected a reference such as"
                + " ${env:CDCLAKE_MASK_SALT}).");
  }

  @Test
  void tableWithADoubleQuoteIsRefused() {
    assertThat(refused("project: shop", "tables: [{name: 'the \"best\"'}]").problems())
        .containsExactly(
            "line 2: tables[0].name 'public.the \"best\"' has a double quote, at which Debezium"
                + " stops.");
  }

  @Test
  void projectIsALowerCaseWord() {
    assertThat(refused("project: Shop!", "tables: [{name: t}]").problems())
        .contains("line 1: project is 'Shop!' (expected lower-case letters, digits and _).");
  }

  @Test
  void unknownKeyIsRefusedByName() {
    assertThat(refused("project: shop", "tabels: []", "tables: [{name: orders}]").problems())
        .singleElement()
        .asString()
        .startsWith("line 2: tabels is not a known setting (expected ");
  }

  @Test
  void keyGivenTwiceIsRefused() {
    assertThat(refused("project: a", "project: b", "tables: [{name: t}]").problems())
        .containsExactly("line 2: project is given twice.");
  }

  @Test
  void literalPasswordIsRefusedAndNotRepeated() {
    SettingsException failure =
        refused(
            "project: shop",
            "source: {host: db, password: hunter2}",
            "tables:",
            "  - name: orders");

    assertThat(failure.problems())
        .containsExactly(
            "line 2: source.password holds a literal value (expected a reference such as"
                + " ${env:CDCLAKE_SOURCE_PASSWORD}).");
    assertThat(failure).hasMessageNotContaining("hunter2");
  }

  @Test
  void tablesOfOneLakeNameAreRefused() {
    assertThat(
            refused("project: shop", "tables:", "  - name: public.sales_x", "  - name: sales.x")
                .problems())
        .containsExactly(
            "line 4: tables[1].name 'public.sales_x' and 'sales.x' would both be 'sales_x' in the"
                + " lake (give one of them another name with 'as').");
  }

  @Test
  void tableListedTwiceIsRefused() {
    assertThat(
            refused("project: shop", "tables:", "  - name: orders", "  - name: public.orders")
                .problems())
        .containsExactly("line 4: tables[1].name lists 'public.orders' a second time.");
  }

  @Test
  void tablesWhoseLakeNamesDifferOnlyByCaseAreRefused() {
    assertThat(
            refused("project: shop", "tables:", "  - name: orders", "  - name: Orders").problems())
        .containsExactly(
            "line 4: tables[1].name 'public.orders' and 'public.Orders' would both be 'orders' in"
                + " the lake (give one of them another name with 'as').");
    assertThat(
            refused(
                    "project: shop",
                    "tables:",
                    "  - name: orders",
                    "  - {name: sales.orders, as: ORDERS}")
                .problems())
        .hasSize(1);
  }

  @Test
  void namesThatComeBackAreRefused() {
    assertThat(
            refused(
                    "project: shop",
                    "tables:",
                    "  - name: orders",
                    "    renames:",
                    "      a: b",
                    "      b: a",
                    "      c: c")
                .problems())
        .hasSize(3)
        .allSatisfy(problem -> assertThat(problem).contains("leads back to itself"))
        .first()
        .asString()
        .startsWith("line 5: tables[0].renames.a leads back to itself");
  }

  @Test
  void columnHasOneEarlierNameAndIsNamedInTheKeyByTheLaterOne() {
    assertThat(
            refused(
                    "project: shop",
                    "tables:",
                    "  - name: orders",
                    "    key: [nr]",
                    "    renames:",
                    "      nr: id",
                    "      number: id")
                .problems())
        .containsExactly(
            "line 6: tables[0].renames.nr is named in 'key' by its earlier name (expected 'id'"
                + " there).",
            "line 7: tables[0].renames.number and 'nr' both become 'id' (expected one earlier name"
                + " for a column).");
  }

  @Test
  void columnMayBeRenamedAgainAndAgain() {
    assertThat(
            read("project: shop", "tables:", "  - name: orders", "    renames: {a: b, b: c}")
                .tables()
                .get(0)
                .renames())
        .isEqualTo(Map.of("a", "b", "b", "c"));
  }

  @Test
  void connectWithoutBootstrapIsRefused() {
    assertThat(
            refused("project: a", "kafka:", "  connect: http://c:8083", "tables: [{name: t}]")
                .problems())
        .containsExactly(
            "line 3: kafka.connect is given without kafka.bootstrap (expected the Kafka that this"
                + " Connect uses).");
  }

  @Test
  void portWithoutHostIsRefused() {
    assertThat(refused("project: a", "source:", "  port: 5432", "tables: [{name: t}]").problems())
        .containsExactly(
            "line 3: source.port is given without source.host (expected a host, or nothing: then"
                + " the embedded PostgreSQL is used).");
  }

  @Test
  void durationsTakeFiveUnits() {
    assertThat(refreshEvery("250ms")).isEqualTo(Duration.ofMillis(250));
    assertThat(refreshEvery("10s")).isEqualTo(Duration.ofSeconds(10));
    assertThat(refreshEvery("5m")).isEqualTo(Duration.ofMinutes(5));
    assertThat(refreshEvery("12h")).isEqualTo(Duration.ofHours(12));
    assertThat(refreshEvery("90d")).isEqualTo(Duration.ofDays(90));
  }

  @Test
  void sizeOfMessagesIsGivenInMegabytes() {
    for (String wrong : List.of("16777216", "0MB", "1GB", "513MB")) {
      assertThat(
              refused("project: a", "kafka: {max-message: '" + wrong + "'}", "tables: [{name: t}]")
                  .problems())
          .containsExactly(
              "line 2: kafka.max-message is '%s' (expected a size from 1MB to 512MB)."
                  .formatted(wrong));
    }
  }

  @Test
  void unknownEnvironmentAndProfileAreRefused() {
    SettingsException failure =
        refused(
            "project: a", "tables: [{name: t}]", "environments: {prod: {}}", "profiles: {aws: {}}");

    assertThat(failure.problems())
        .containsExactlyInAnyOrder(
            "line 3: environments has no environment 'dev'.",
            "line 4: profiles has no profile 'local'.");
  }

  @Test
  void fileWithoutTablesIsRefused() {
    assertThat(refused("project: a").problems())
        .containsExactly(
            "line 1: tables is missing or empty (expected at least one '- name: schema.table').");
  }

  @Test
  void missingFileIsNamed() {
    SettingsException failure =
        catchThrowableOfType(
            SettingsException.class,
            () -> Pipeline.read(folder.resolve("absent.yaml"), "dev", "local"));

    assertThat(failure.problems())
        .containsExactly(
            "there is no such file. Write one with './cdclake init', or name it with --pipeline.");
  }

  @Test
  void brokenYamlIsRefusedWithItsLine() {
    assertThat(refused("project: a", "tables: [").problems())
        .singleElement()
        .asString()
        .matches("line \\d: not YAML: .*");
  }

  private Duration refreshEvery(String text) {
    return read("project: a", "tables: [{name: t}]", "gold: {refresh-every: " + text + "}")
        .gold()
        .refreshEvery();
  }

  private SettingsException refused(String... lines) {
    return catchThrowableOfType(SettingsException.class, () -> read(lines));
  }

  private Pipeline read(String... lines) {
    Path file = folder.resolve("pipeline.yaml");
    try {
      Files.write(file, List.of(lines));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return Pipeline.read(file, "dev", "local");
  }
}
