/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.source;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.contract.Checks;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.SourceTable.OnDelete;
import dev.cdclake.contract.TableName;
import dev.cdclake.source.Finding.Severity;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TableKeyTest {

  private static final TableName ORDERS = new TableName("public", "orders");

  @Test
  void primaryKeyWithDefaultIdentityIsFine() {
    assertThat(examine(List.of(), List.of("id"), ReplicaIdentity.DEFAULT, List.of("id")))
        .extracting(Finding::severity)
        .containsOnly(Severity.OK);
  }

  @Test
  void largeValuesComeFromSilverUnlessTheIdentityIsFull() {
    assertThat(examine(List.of(), List.of("id"), ReplicaIdentity.DEFAULT, List.of("id")))
        .extracting(Finding::found)
        .contains(
            "Replica identity DEFAULT: events hold the key of the row before. A large value (TOAST)"
                + " that an update leaves alone is not in the event; silver keeps the one that it"
                + " has.");
    assertThat(examine(List.of(), List.of("id"), ReplicaIdentity.FULL, List.of("id", "number")))
        .extracting(Finding::found)
        .contains(
            "Replica identity FULL: events hold the whole row before the change, large values"
                + " included, at the price of more log.");
  }

  @Test
  void withoutAKeyTheIdentityDecidesWhatArrives() {
    assertThat(examine(List.of(), List.of(), ReplicaIdentity.FULL, List.of("id", "number")))
        .containsExactly(
            Finding.ok(
                "public.orders",
                "It has no key. Replica identity FULL: an update or delete finds its row by all the"
                    + " values that it had; of several equal rows it takes one."));
    assertThat(examine(List.of(), List.of(), ReplicaIdentity.NOTHING, List.of()))
        .containsExactly(
            Finding.warn(
                "public.orders",
                "It has no primary key. Replica identity NOTHING: every insert arrives, and"
                    + " PostgreSQL refuses every UPDATE and DELETE of it as soon as it is"
                    + " published.",
                "Add a primary key, or, before the first start, run: ALTER TABLE"
                    + " \"public\".\"orders\" REPLICA IDENTITY FULL;"));
  }

  @Test
  void uniqueIndexIsAKeyIfItTellsAllRowsApart() {
    assertThat(examine(new UniqueIndex("u", List.of("number"), false, false), List.of("number")))
        .isEqualTo(
            Finding.ok(
                "public.orders",
                "It has no primary key; its rows are identified by unique index 'u' (number)."
                    + " Replica identity INDEX."));
    assertThat(examine(new UniqueIndex("u", List.of("number"), false, false), List.of("id")))
        .extracting(Finding::severity, Finding::found)
        .containsExactly(
            Severity.FAIL,
            "It has no primary key, so Debezium takes unique index 'u' (number) for one; replica"
                + " identity INDEX holds (id), not this key: deletes would arrive without it.");
    assertThat(examine(new UniqueIndex("u", List.of("number"), true, false), List.of("id")))
        .extracting(Finding::severity, Finding::found)
        .containsExactly(
            Severity.FAIL,
            "It has no primary key, so Debezium takes unique index 'u' (number) for one, though it"
                + " leaves rows out: such rows would be one row to the lake.");
    assertThat(examine(new UniqueIndex("u", List.of("number"), false, true), List.of("id")))
        .extracting(Finding::severity, Finding::found)
        .containsExactly(
            Severity.FAIL,
            "It has no primary key, so Debezium takes unique index 'u' (number) for one, though it"
                + " takes NULL in several: such rows would be one row to the lake.");
  }

  @Test
  void generatedColumnIsNoKey() {
    assertThat(examine(List.of("sum"), List.of("id"), ReplicaIdentity.FULL, List.of("id", "sum")))
        .filteredOn(finding -> finding.severity() == Severity.FAIL)
        .extracting(Finding::found)
        .containsExactly("Key column 'sum' is generated: PostgreSQL leaves it out of the stream.");
  }

  @Test
  void identityNothingRefusesUpdatesEvenWithAKey() {
    assertThat(examine(List.of(), List.of("id"), ReplicaIdentity.NOTHING, List.of()))
        .extracting(Finding::severity)
        .containsExactly(Severity.OK, Severity.FAIL);
  }

  @Test
  void configuredKeyOutsideTheIdentityWouldMissDeletes() {
    List<Finding> findings =
        examine(List.of("number"), List.of("id"), ReplicaIdentity.DEFAULT, List.of("id"));

    assertThat(findings)
        .filteredOn(finding -> finding.severity() == Severity.FAIL)
        .extracting(Finding::found)
        .containsExactly(
            "Replica identity DEFAULT holds (id), not the whole key: deletes would arrive without"
                + " it.");
    assertThat(
            examine(
                List.of("number"), List.of("id"), ReplicaIdentity.FULL, List.of("id", "number")))
        .extracting(Finding::severity)
        .doesNotContain(Severity.FAIL);
  }

  @Test
  void configuredKeyMustExistAndShouldNotBeNull() {
    assertThat(
            examine(
                List.of("number", "nummer"),
                List.of(),
                ReplicaIdentity.FULL,
                List.of("id", "number")))
        .extracting(Finding::found)
        .contains(
            "Key column 'number' may be NULL; rows with NULL there are one row to the lake.",
            "The configured key names column 'nummer', which it does not have.");
  }

  private static Finding examine(UniqueIndex index, List<String> identityColumns) {
    return examine(List.of(), List.of(), ReplicaIdentity.INDEX, identityColumns, Optional.of(index))
        .get(0);
  }

  private static List<Finding> examine(
      List<String> configured,
      List<String> primaryKey,
      ReplicaIdentity identity,
      List<String> identityColumns) {
    return examine(configured, primaryKey, identity, identityColumns, Optional.empty());
  }

  private static List<Finding> examine(
      List<String> configured,
      List<String> primaryKey,
      ReplicaIdentity identity,
      List<String> identityColumns,
      Optional<UniqueIndex> index) {
    return TableKey.examine(
        new SourceTable(
            ORDERS,
            "orders",
            configured,
            Map.of(),
            OnDelete.KEEP,
            List.of(),
            Checks.NONE,
            List.of()),
        new FoundTable(
            ORDERS,
            FoundTable.Kind.TABLE,
            false,
            List.of(
                new SourceColumn("id", "integer", false, false, TypeSupport.NATIVE),
                new SourceColumn("number", "text", true, false, TypeSupport.NATIVE),
                new SourceColumn("sum", "integer", true, true, TypeSupport.NATIVE)),
            primaryKey,
            identity,
            identityColumns,
            0),
        index);
  }
}
