/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Layer;
import dev.cdclake.contract.Pipeline;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.SupportsNamespaces;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.exceptions.AlreadyExistsException;
import org.apache.iceberg.exceptions.NoSuchTableException;
import org.apache.iceberg.spark.Spark3Util;
import org.apache.spark.sql.DataFrameWriterV2;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** Finds and creates the tables of the lake. */
public final class LakeTables {

  /**
   * What every table of ours has. Format version 2, because Athena cannot read 3; metadata files
   * are removed as they become obsolete, because a streaming table makes one every second. See <a
   * href="https://iceberg.apache.org/docs/1.11.0/configuration/">Iceberg's table properties</a>.
   */
  private static final Map<String, String> PROPERTIES =
      Map.of(
          "format-version", "2",
          "write.parquet.compression-codec", "zstd",
          "write.metadata.delete-after-commit.enabled", "true",
          "write.metadata.previous-versions-max", "20",
          "commit.retry.num-retries", "20",
          "write.delete.mode", "merge-on-read",
          "write.update.mode", "merge-on-read",
          "write.merge.mode", "merge-on-read");

  private final Catalog catalog;

  public LakeTables(SparkSession spark) {
    this.catalog = Spark3Util.loadIcebergCatalog(spark, LakeTable.CATALOG);
  }

  /**
   * Returns Spark's writer of rows into a table.
   *
   * @param summary entries that the summary of its snapshot gets
   */
  public static DataFrameWriterV2<Row> writer(
      Dataset<Row> rows, LakeTable table, Map<String, String> summary) {
    DataFrameWriterV2<Row> writer = rows.writeTo(table.quoted());
    summary.forEach((key, value) -> writer.option("snapshot-property." + key, value));
    return writer;
  }

  /** Loads a table at its newest state; empty when it does not exist. */
  public Optional<Table> find(LakeTable table) {
    try {
      return Optional.of(catalog.loadTable(identifier(table)));
    } catch (NoSuchTableException e) {
      return Optional.empty();
    }
  }

  /** Returns all tables that a pipeline's databases hold, in the order of the layers. */
  public List<LakeTable> all(Pipeline pipeline) {
    List<LakeTable> all = new ArrayList<>();
    for (Layer layer : Layer.values()) {
      Namespace database = Namespace.of(pipeline.database(layer));
      if (((SupportsNamespaces) catalog).namespaceExists(database)) {
        catalog
            .listTables(database)
            .forEach(table -> all.add(new LakeTable(layer, database.level(0), table.name())));
      }
    }
    return all;
  }

  /** Loads a table, creating it (and its database) when it does not exist. */
  public Table open(
      LakeTable table, Schema schema, PartitionSpec spec, Map<String, String> properties) {
    return find(table).orElseGet(() -> create(table, schema, spec, properties));
  }

  private Table create(
      LakeTable table, Schema schema, PartitionSpec spec, Map<String, String> properties) {
    createDatabase(table.database());
    Map<String, String> all = new TreeMap<>(PROPERTIES);
    all.putAll(properties);
    try {
      return catalog.createTable(identifier(table), schema, spec, all);
    } catch (AlreadyExistsException e) {
      return catalog.loadTable(identifier(table));
    }
  }

  /** One at a time: the first tables of a layer are created side by side. */
  private void createDatabase(String database) {
    Namespace namespace = Namespace.of(database);
    SupportsNamespaces namespaces = (SupportsNamespaces) catalog;
    synchronized (LakeTables.class) {
      if (!namespaces.namespaceExists(namespace)) {
        namespaces.createNamespace(namespace);
      }
    }
  }

  private static TableIdentifier identifier(LakeTable table) {
    return TableIdentifier.of(table.database(), table.name());
  }
}
