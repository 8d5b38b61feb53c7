/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Profile;
import dev.cdclake.lake.LocalFiles;
import java.util.Map;
import java.util.Optional;
import org.apache.iceberg.CatalogProperties;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.exceptions.NoSuchTableException;
import org.apache.iceberg.jdbc.JdbcCatalog;

/** A lake's catalog without Spark, to watch what another process commits. */
final class LakeCatalog implements AutoCloseable {

  private final JdbcCatalog catalog = new JdbcCatalog();

  private LakeCatalog() {}

  static LakeCatalog open(Profile profile) {
    LakeCatalog opened = new LakeCatalog();
    opened.catalog.initialize(LakeTable.CATALOG, properties(profile));
    return opened;
  }

  /** Returns the properties by which anything of Iceberg's opens the catalog of a local lake. */
  static Map<String, String> properties(Profile profile) {
    return Map.of(
        CatalogProperties.URI,
        "jdbc:sqlite:" + profile.state().resolve("catalog.db") + "?busy_timeout=30000",
        CatalogProperties.WAREHOUSE_LOCATION,
        profile.warehouse(),
        "jdbc.schema-version",
        "V1",
        CatalogProperties.FILE_IO_IMPL,
        LocalFiles.class.getName());
  }

  /** Creates a database, which two tasks of a sink cannot do at the same time. */
  void createDatabase(String database) {
    catalog.createNamespace(Namespace.of(database));
  }

  /** Loads a table as it is now; empty when it does not exist or has no rows yet. */
  Optional<Table> find(String database, String table) {
    try {
      return Optional.of(catalog.loadTable(TableIdentifier.of(database, table)))
          .filter(found -> found.currentSnapshot() != null);
    } catch (NoSuchTableException e) {
      return Optional.empty();
    }
  }

  /** Returns how many rows a table's files hold. */
  static long rows(Table table) {
    return Long.parseLong(table.currentSnapshot().summary().getOrDefault("total-records", "0"));
  }

  @Override
  public void close() {
    catalog.close();
  }
}
