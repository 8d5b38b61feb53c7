/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import org.apache.iceberg.TableOperations;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.jdbc.JdbcCatalog;

/**
 * Iceberg's JDBC catalog, whose commits always end in one of three ways: landed, refused, or
 * unknown; see {@link SettledCommits}.
 */
public final class SettledJdbcCatalog extends JdbcCatalog {

  @Override
  protected TableOperations newTableOps(TableIdentifier table) {
    return new SettledCommits(super.newTableOps(table));
  }
}
