/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * Where the line runs: the Iceberg catalog, the warehouse, and what the local line needs besides.
 *
 * @param name the profile's key in the pipeline file
 * @param catalog Iceberg's catalog type
 * @param warehouse the warehouse's location, a path or an URI
 * @param properties further catalog properties, with references to secrets; see {@link
 *     Secret#resolve}
 * @param state folder of the local line's servers, logs and catalog
 * @param ports of the embedded servers
 */
public record Profile(
    String name,
    Catalog catalog,
    String warehouse,
    Map<String, String> properties,
    Path state,
    Ports ports) {

  /** The profile of jobs that run on AWS; it needs no entry in the pipeline file. */
  public static final String AWS = "aws";

  /** The kinds of catalog, named as Iceberg's {@code type} property names them. */
  public enum Catalog {
    JDBC,
    HADOOP,
    /** The Glue Data Catalog, with files in S3. */
    GLUE
  }

  /**
   * Loopback ports of the embedded servers.
   *
   * @param postgres of the source database
   * @param kafka of the broker's clients
   * @param controller of the broker's KRaft controller
   * @param connect of the Connect worker's REST interface
   */
  public record Ports(int postgres, int kafka, int controller, int connect) {}

  public Profile {
    properties = Map.copyOf(properties);
  }

  /** Returns this profile with another warehouse, and catalog properties added to its own. */
  Profile at(String otherWarehouse, Map<String, String> added) {
    Map<String, String> all = new HashMap<>(properties);
    all.putAll(added);
    return new Profile(name, catalog, otherWarehouse, all, state, ports);
  }
}
