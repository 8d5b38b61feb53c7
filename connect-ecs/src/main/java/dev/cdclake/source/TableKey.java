/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.source;

import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.TableName;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What a table's key and replica identity allow.
 *
 * <p>In come the table as configured and as found; out comes what that means for updates and
 * deletes, in PostgreSQL and in the lake.
 */
final class TableKey {

  private static final String NAME_A_KEY =
      "Add a primary key, or name the columns that identify a row in 'key' of the pipeline file.";

  private TableKey() {}

  static List<Finding> examine(SourceTable table, FoundTable found) {
    String subject = table.name().toString();
    List<String> key = table.key().isEmpty() ? found.primaryKey() : table.key();
    if (key.isEmpty()) {
      return List.of(withoutKey(subject, found));
    }
    List<Finding> findings = new ArrayList<>();
    findings.add(
        Finding.ok(
            subject,
            "Its rows are identified by %s%s."
                .formatted(
                    String.join(", ", key), table.key().isEmpty() ? "" : " (pipeline file)")));
    examineColumns(subject, key, found, findings);
    findings.add(identity(subject, key, found));
    return findings;
  }

  private static Finding withoutKey(String subject, FoundTable found) {
    String consequence =
        "It has no primary key and none is configured: bronze and silver get each insert once, but"
            + " updates and deletes cannot be applied.";
    return switch (found.replicaIdentity()) {
      case FULL -> Finding.warn(subject, consequence, NAME_A_KEY);
      case INDEX ->
          Finding.warn(
              subject,
              consequence,
              "Name the columns of its replica identity (%s) in 'key' of the pipeline file."
                  .formatted(String.join(", ", found.identityColumns())));
      case DEFAULT, NOTHING ->
          Finding.warn(
              subject,
              consequence
                  + (" With replica identity %s PostgreSQL refuses every UPDATE and DELETE of it"
                          + " as soon as it is published.")
                      .formatted(found.replicaIdentity()),
              ("%s If rows are ever updated or deleted, first run: ALTER TABLE %s REPLICA"
                      + " IDENTITY FULL;")
                  .formatted(NAME_A_KEY, found.name().quoted()));
    };
  }

  private static void examineColumns(
      String subject, List<String> key, FoundTable found, List<Finding> findings) {
    Set<String> unknown = new HashSet<>(key);
    for (SourceColumn column : found.columns()) {
      if (unknown.remove(column.name()) && column.nullable()) {
        findings.add(
            Finding.warn(
                subject,
                "Key column '%s' may be NULL; rows with NULL there are one row to the lake."
                    .formatted(column.name()),
                "Run: ALTER TABLE %s ALTER COLUMN %s SET NOT NULL;"
                    .formatted(found.name().quoted(), TableName.quote(column.name()))));
      }
    }
    for (String column : unknown) {
      findings.add(
          Finding.fail(
              subject,
              "The configured key names column '%s', which it does not have.".formatted(column),
              "Correct 'key' in the pipeline file."));
    }
  }

  private static Finding identity(String subject, List<String> key, FoundTable found) {
    String full = "Run: ALTER TABLE %s REPLICA IDENTITY FULL;".formatted(found.name().quoted());
    if (found.replicaIdentity() == ReplicaIdentity.NOTHING) {
      return Finding.fail(
          subject,
          "Replica identity NOTHING: PostgreSQL refuses every UPDATE and DELETE of it as soon as it"
              + " is published.",
          "Run: ALTER TABLE %s REPLICA IDENTITY DEFAULT;".formatted(found.name().quoted()));
    }
    if (!found.identityColumns().containsAll(key)) {
      return Finding.fail(
          subject,
          "Replica identity %s holds (%s), not the whole key: deletes would arrive without it."
              .formatted(found.replicaIdentity(), String.join(", ", found.identityColumns())),
          full);
    }
    return Finding.ok(
        subject,
        switch (found.replicaIdentity()) {
          case FULL ->
              "Replica identity FULL: events hold the whole row before the change, at the price of"
                  + " more log.";
          case DEFAULT, INDEX, NOTHING ->
              ("Replica identity %s: fine; large values that an update leaves alone are"
                      + " kept from the lake.")
                  .formatted(found.replicaIdentity());
        });
  }
}
