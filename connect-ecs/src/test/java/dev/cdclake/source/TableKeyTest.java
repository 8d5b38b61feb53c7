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
  void tableWithoutKeyLosesUpdatesAndPostgresRefusesThem() {
    Finding finding = examine(List.of(), List.of(), ReplicaIdentity.DEFAULT, List.of()).get(0);

    assertThat(finding.severity()).isEqualTo(Severity.WARN);
    assertThat(finding.found())
        .isEqualTo(
            "It has no primary key and none is configured: bronze and silver get each insert once,"
                + " but updates and deletes cannot be applied. With replica identity DEFAULT"
                + " PostgreSQL refuses every UPDATE and DELETE of it as soon as it is published.");
    assertThat(finding.remedy())
        .contains("ALTER TABLE \"public\".\"orders\" REPLICA IDENTITY FULL;");
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

  private static List<Finding> examine(
      List<String> configured,
      List<String> primaryKey,
      ReplicaIdentity identity,
      List<String> identityColumns) {
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
                new SourceColumn("number", "text", true, false, TypeSupport.NATIVE)),
            primaryKey,
            identity,
            identityColumns,
            0));
  }
}
