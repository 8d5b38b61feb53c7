/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

/**
 * What should hold for every row of a silver table; a row that breaks it is kept and carries the
 * name in {@code dq_flags}.
 *
 * @param name a word or {@code snake_case} words
 * @param condition a Spark SQL boolean over the silver row; NULL counts as broken
 */
public record Expectation(String name, String condition) {}
