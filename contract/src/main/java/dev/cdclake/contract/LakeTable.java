/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

/**
 * A table of the lake.
 *
 * @param layer the layer it belongs to
 * @param database {@code <project>_<environment>_<layer>}
 * @param name the noun
 */
public record LakeTable(Layer layer, String database, String name) {

  /** The Spark catalog that every job and query uses. */
  public static final String CATALOG = "lake";

  /** Returns the quoted name for Spark SQL, catalog included. */
  public String quoted() {
    return "%s.`%s`.`%s`".formatted(CATALOG, database, name);
  }

  /** Returns the name a person reads, for example {@code silver.orders}. */
  public String label() {
    return layer.label() + "." + name;
  }
}
