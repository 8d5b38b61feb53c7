/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.source;

import dev.cdclake.contract.TableName;
import java.util.List;

/**
 * A table, or something else of that name, as the server's catalog describes it.
 *
 * @param name its name
 * @param kind what it is
 * @param partition whether it is a partition of another table
 * @param columns in the order of the table
 * @param primaryKey the key's columns in the order of the key; empty without one
 * @param replicaIdentity what the log holds about replaced rows
 * @param identityColumns the columns that the log holds about replaced rows
 * @param estimatedRows from the server's statistics, partitions included; negative when unknown
 */
public record FoundTable(
    TableName name,
    Kind kind,
    boolean partition,
    List<SourceColumn> columns,
    List<String> primaryKey,
    ReplicaIdentity replicaIdentity,
    List<String> identityColumns,
    long estimatedRows) {

  /** The kinds of relation; only the first two can be captured. */
  public enum Kind {
    TABLE("a table"),
    PARTITIONED_TABLE("a partitioned table"),
    UNLOGGED_TABLE("an unlogged table"),
    TEMPORARY_TABLE("a temporary table"),
    FOREIGN_TABLE("a foreign table"),
    MATERIALIZED_VIEW("a materialized view"),
    VIEW("a view");

    private final String label;

    Kind(String label) {
      this.label = label;
    }

    /** Returns the kind as a sentence names it, article included. */
    public String label() {
      return label;
    }

    static Kind of(String relkind, String persistence) {
      return switch (relkind) {
        case "v" -> VIEW;
        case "m" -> MATERIALIZED_VIEW;
        case "f" -> FOREIGN_TABLE;
        default ->
            switch (persistence) {
              case "u" -> UNLOGGED_TABLE;
              case "t" -> TEMPORARY_TABLE;
              default -> relkind.equals("p") ? PARTITIONED_TABLE : TABLE;
            };
      };
    }
  }

  public FoundTable {
    columns = List.copyOf(columns);
    primaryKey = List.copyOf(primaryKey);
    identityColumns = List.copyOf(identityColumns);
  }

  /** Returns whether PostgreSQL can publish its changes. */
  public boolean isCapturable() {
    return kind == Kind.TABLE || kind == Kind.PARTITIONED_TABLE;
  }

  /** Returns whether its rows are stored in partitions. */
  public boolean isPartitioned() {
    return kind == Kind.PARTITIONED_TABLE;
  }
}
