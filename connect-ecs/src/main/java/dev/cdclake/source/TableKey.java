/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.source;

import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.TableName;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a table's key and replica identity allow.
 *
 * <p>In come the table as configured and as found; out comes what that means for updates and
 * deletes, in PostgreSQL and in the lake.
 */
final class TableKey {

  private TableKey() {}

  /**
   * Examines a table.
   *
   * @param index the unique index that stands in for a primary key, if there is one
   */
  static List<Finding> examine(SourceTable table, FoundTable found, Optional<UniqueIndex> index) {
    String subject = table.name().toString();
    if (table.key().isEmpty() && found.primaryKey().isEmpty()) {
      return List.of(withoutKey(subject, found, index));
    }
    List<String> key = table.key().isEmpty() ? found.primaryKey() : table.key();
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

  private static Finding withoutKey(String subject, FoundTable found, Optional<UniqueIndex> index) {
    String full = "ALTER TABLE %s REPLICA IDENTITY FULL;".formatted(found.name().quoted());
    ReplicaIdentity identity = found.replicaIdentity();
    if (index.isPresent() && !index.get().isKey()) {
      return Finding.fail(
          subject,
          "It has no primary key, so Debezium takes %s for one, though it %s: such rows would be one row to the lake."
              .formatted(
                  index.get(), index.get().partial() ? "leaves rows out" : "takes NULL in several"),
          "Add a primary key, or name the columns that identify a row in 'key' of the pipeline file.");
    }
    if (identity == ReplicaIdentity.DEFAULT || identity == ReplicaIdentity.NOTHING) {
      return Finding.warn(
          subject,
          ("It has no primary key. Replica identity %s: every insert arrives, and PostgreSQL refuses"
                  + " every UPDATE and DELETE of it as soon as it is published.")
              .formatted(identity),
          "Add a primary key, or, before the first start, run: " + full);
    }
    if (index.isEmpty()) {
      return Finding.ok(
          subject,
          "It has no key. Replica identity FULL: an update or delete finds its row by all the values"
              + " that it had; of several equal rows it takes one.");
    }
    return found.identityColumns().containsAll(index.get().columns())
        ? Finding.ok(
            subject,
            "It has no primary key; its rows are identified by %s. Replica identity %s."
                .formatted(index.get(), identity))
        : Finding.fail(
            subject,
            "It has no primary key, so Debezium takes %s for one; replica identity INDEX holds (%s), not this key: deletes would arrive without it."
                .formatted(index.get(), String.join(", ", found.identityColumns())),
            "Name the columns of the identity in 'key' of the pipeline file, or run: " + full);
  }

  private static void examineColumns(
      String subject, List<String> key, FoundTable found, List<Finding> findings) {
    Set<String> unknown = new HashSet<>(key);
    for (SourceColumn column : found.columns()) {
      boolean isKey = unknown.remove(column.name());
      if (isKey && column.generated()) {
        findings.add(
            Finding.fail(
                subject,
                "Key column '%s' is generated: PostgreSQL leaves it out of the stream."
                    .formatted(column.name()),
                "Name other columns that identify a row in 'key' of the pipeline file, and run:"
                    + " ALTER TABLE %s REPLICA IDENTITY FULL;".formatted(found.name().quoted())));
      } else if (isKey && column.nullable()) {
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
              "Replica identity FULL: events hold the whole row before the change, large values"
                  + " included, at the price of more log.";
          case DEFAULT, INDEX, NOTHING ->
              ("Replica identity %s: events hold the key of the row before. A large value (TOAST)"
                      + " that an update leaves alone is not in the event; silver keeps the one"
                      + " that it has.")
                  .formatted(found.replicaIdentity());
        });
  }
}
