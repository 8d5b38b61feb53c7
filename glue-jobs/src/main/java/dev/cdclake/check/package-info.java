/* Licensed under the Apache License, Version 2.0: see LICENSE. */
/**
 * What should hold between the rows of silver: unique values, references, freshness, row counts.
 *
 * <p>The silver tables and the checks of the pipeline file come in, one result per check goes out
 * and into the table of counts. Read it in this order: {@code CheckJob}, {@code CheckResult}.
 */
package dev.cdclake.check;
