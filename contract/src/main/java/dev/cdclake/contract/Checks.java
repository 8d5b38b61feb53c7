/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

import java.time.Duration;
import java.util.List;

/**
 * What should hold between the rows of a silver table, and between those of several; looked at by
 * {@code check}, not by every batch.
 *
 * @param unique lists of columns whose values identify an active row, as long as none is NULL
 * @param references columns whose values another table's active rows have
 * @param freshWithin how old the newest change may be; {@link Duration#ZERO} if it does not matter
 */
public record Checks(List<List<String>> unique, List<Reference> references, Duration freshWithin) {

  /** Nothing to check. */
  public static final Checks NONE = new Checks(List.of(), List.of(), Duration.ZERO);

  /**
   * A column that holds the value of another table's column, or NULL.
   *
   * @param column the column
   * @param table the other table's name in the lake
   * @param key the other table's column
   */
  public record Reference(String column, String table, String key) {}

  public Checks {
    unique = unique.stream().map(List::copyOf).toList();
    references = List.copyOf(references);
  }

  /** Whether there is nothing to check. */
  public boolean isEmpty() {
    return unique.isEmpty() && references.isEmpty() && freshWithin.isZero();
  }
}
