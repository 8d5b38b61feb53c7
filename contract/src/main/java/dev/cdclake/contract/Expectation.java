/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

/**
 * What should hold for every row of a silver table.
 *
 * @param name a word or {@code snake_case} words; not {@link #QUARANTINED}
 * @param condition a Spark SQL boolean over the silver row; NULL counts as broken
 * @param onBreak what becomes of a row that breaks it
 */
public record Expectation(String name, String condition, OnBreak onBreak) {

  /** Flag, in {@code dq_flags}, of a version of a row that is held back. */
  public static final String QUARANTINED = "quarantined";

  /** What becomes of a row that breaks an expectation. */
  public enum OnBreak {
    /** The row is kept and carries the name in {@code dq_flags}. */
    FLAG,
    /** The row keeps its last version that holds; the broken one is held back beside it. */
    QUARANTINE,
    /** The table's batch is not committed. */
    STOP
  }
}
