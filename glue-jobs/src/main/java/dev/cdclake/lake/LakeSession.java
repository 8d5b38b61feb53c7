/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Profile;
import dev.cdclake.contract.Secret;
import dev.cdclake.contract.Secrets;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.Map;
import java.util.TreeMap;
import org.apache.iceberg.spark.SparkExecutorCache;
import org.apache.iceberg.spark.SparkSQLProperties;
import org.apache.spark.sql.SparkSession;

/**
 * Opens the Spark session of a job, with the pipeline's Iceberg catalog under the name {@code
 * lake}.
 *
 * <p>Where Spark runs (master, memory) is decided by whoever starts the process; on its own, a
 * session uses this machine's cores.
 */
public final class LakeSession {

  /** What is kept of files may take an eighth of the heap, and one piece a quarter of that. */
  private static final long KEPT_BYTES = Runtime.getRuntime().maxMemory() / 8;

  private static final long KEPT_AT_ONCE = KEPT_BYTES / 4;

  private LakeSession() {}

  /** Opens a session, or returns the one that this process already has. */
  public static SparkSession open(Pipeline pipeline, String name) {
    SparkSession.Builder builder =
        SparkSession.builder()
            .appName("cdclake-" + name)
            .config("spark.ui.enabled", "false")
            .config("spark.scheduler.mode", "FAIR")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.datetime.java8API.enabled", "true")
            .config("spark.sql.shuffle.partitions", "4")
            // Batches are small and alike: planning again at run time costs more than it gains, and
            // the code generated for one batch serves the next, if it is still remembered.
            .config("spark.sql.adaptive.enabled", "false")
            .config("spark.sql.codegen.cache.maxEntries", "5000")
            // For what the next batch would read of the same files once more: keys, and places of
            // deleted rows.
            .config(SparkSQLProperties.EXECUTOR_CACHE_MAX_TOTAL_SIZE, KEPT_BYTES)
            .config(SparkSQLProperties.EXECUTOR_CACHE_MAX_ENTRY_SIZE, KEPT_AT_ONCE)
            .config(
                "spark.sql.extensions",
                "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions")
            .config("spark.sql.defaultCatalog", LakeTable.CATALOG);
    boolean onGlue = pipeline.profile().catalog() == Profile.Catalog.GLUE;
    // Glue's own master may stand where nobody sees it: on one machine a job would only be slow.
    if (System.getProperty("spark.master") == null && !onGlue) {
      builder.master("local[*]").config("spark.driver.host", "localhost");
    }
    catalog(pipeline.profile()).forEach((key, value) -> builder.config(catalogKey(key), value));
    builder.config(catalogKey(""), "org.apache.iceberg.spark.SparkCatalog");
    SparkSession session = builder.getOrCreate();
    // It takes its limits from the session of the thread that asks for it first.
    SparkExecutorCache.getOrCreate();
    return session;
  }

  /** Returns Iceberg's catalog properties for a profile. */
  static Map<String, String> catalog(Profile profile) {
    Map<String, String> catalog = new TreeMap<>();
    switch (profile.catalog()) {
      case JDBC -> catalog.put("catalog-impl", SettledJdbcCatalog.class.getName());
      case HADOOP -> catalog.put("type", "hadoop");
      // Without a lock, GlueCatalog has Glue itself refuse a commit that is not based on the newest
      // version: the only way that Athena takes part in.
      case GLUE -> {
        catalog.put("type", "glue");
        catalog.put("io-impl", "org.apache.iceberg.aws.s3.S3FileIO");
      }
    }
    catalog.put("warehouse", profile.warehouse());
    catalog.put("cache-enabled", "false");
    if (profile.catalog() == Profile.Catalog.JDBC && profile.warehouse().startsWith("/")) {
      catalog.put("io-impl", LocalFiles.class.getName());
    }
    if (profile.catalog() == Profile.Catalog.JDBC && !profile.properties().containsKey("uri")) {
      // One file, shared by the processes of one machine; a writer waits for another's lock.
      catalog.put(
          "uri", "jdbc:sqlite:" + profile.state().resolve("catalog.db") + "?busy_timeout=30000");
      catalog.put("jdbc.schema-version", "V1");
      createFolder(profile);
    }
    catalog.putAll(Secret.resolve(profile.properties(), Secrets.known()));
    return catalog;
  }

  private static String catalogKey(String key) {
    String prefix = "spark.sql.catalog." + LakeTable.CATALOG;
    return key.isEmpty() ? prefix : prefix + "." + key;
  }

  private static void createFolder(Profile profile) {
    try {
      Files.createDirectories(profile.state());
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot create folder '" + profile.state() + "'.", e);
    }
  }
}
