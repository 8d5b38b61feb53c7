/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import dev.cdclake.failure.RejectReason;
import dev.cdclake.lake.RejectedRow;
import dev.cdclake.lake.RejectedRow.Place;
import dev.cdclake.lake.RejectedRow.Refusal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Which rejected changes can be folded again, and why the others cannot.
 *
 * @param removalsOnly whether of updates without a key the part alone is wanted that found no row
 */
record ReplayPlan(List<RejectedRow> usable, List<Refusal> refused, boolean removalsOnly) {

  /**
   * Sorts rejected changes.
   *
   * @param rows either all or none of them of reason {@link RejectReason#ROW_NOT_FOUND}
   * @param folded by partition: the offset up to which silver has folded
   * @param inBronze the places of those that bronze has
   */
  static ReplayPlan of(
      List<RejectedRow> rows, Map<Integer, Long> folded, SilverSchema silver, Set<Place> inBronze) {
    List<RejectedRow> usable = new ArrayList<>();
    List<Refusal> refused = new ArrayList<>();
    for (RejectedRow row : rows) {
      Optional<String> obstacle = obstacle(row, folded, silver, inBronze);
      if (obstacle.isEmpty()) {
        usable.add(row);
      } else {
        refused.add(new Refusal(row.place(), row.reason(), obstacle.get()));
      }
    }
    boolean removalsOnly =
        rows.stream().anyMatch(row -> row.reason() == RejectReason.ROW_NOT_FOUND);
    return new ReplayPlan(usable, refused, removalsOnly);
  }

  private static Optional<String> obstacle(
      RejectedRow row, Map<Integer, Long> folded, SilverSchema silver, Set<Place> inBronze) {
    if (row.place().offset() >= folded.getOrDefault(row.place().partition(), 0L)) {
      return Optional.of("The batch that rejected it was not committed; it comes again by itself");
    }
    if (!inBronze.contains(row.place())) {
      return Optional.of("Bronze no longer has the event; take the row anew (resnapshot)");
    }
    if (!silver.keyed() && row.reason() == RejectReason.EXPECTATION_BROKEN) {
      return Optional.of("A row without a key is not checked again; correct it in the source");
    }
    return Optional.empty();
  }
}
