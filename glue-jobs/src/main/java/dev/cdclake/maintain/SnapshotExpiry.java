/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.maintain;

import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Layer;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SnapshotKeys;
import dev.cdclake.lake.ConsistentSnapshots;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.lake.Progress;
import dev.cdclake.runtime.FaultPoint;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.util.SnapshotUtil;

/**
 * Drops the oldest snapshots of a table, never one that somebody needs: the newest that says what
 * the table has consumed, and those that a later table reads on from.
 */
final class SnapshotExpiry {

  /** A reader that stands still keeps so many times the usual number of snapshots, no more. */
  private static final int PATIENCE = 10;

  private SnapshotExpiry() {}

  /**
   * Which snapshots to keep.
   *
   * @param most at most so many
   * @param age only those at most so old
   * @param least but in any case those at most so old
   */
  record Limits(int most, Duration age, Duration least) {}

  /** Returns the snapshots of a table that others read last, or are about to read. */
  static Set<Long> inUse(LakeTables tables, Pipeline pipeline, LakeTable name) {
    Set<Long> inUse = new HashSet<>();
    for (LakeTable reader : tables.all(pipeline)) {
      tables
          .find(reader)
          .flatMap(Progress::find)
          .map(progress -> progress.snapshots().get(name.label()))
          .ifPresent(inUse::add);
    }
    if (name.layer() == Layer.SILVER) {
      ConsistentSnapshots.read(tables, pipeline)
          .map(set -> set.snapshots().get(name.name()))
          .ifPresent(inUse::add);
    }
    return inUse;
  }

  /** Returns how many of the newest snapshots are kept. */
  static int kept(Table table, Limits limits, Set<Long> inUse) {
    List<Snapshot> newestFirst = new ArrayList<>();
    SnapshotUtil.currentAncestors(table).forEach(newestFirst::add);
    Instant now = Instant.now();
    int kept = Math.min(limits.most(), youngerThan(newestFirst, now.minus(limits.age())));
    kept = Math.max(kept, youngerThan(newestFirst, now.minus(limits.least())));
    int needed = 1;
    for (int i = 0; i < newestFirst.size(); i++) {
      if (inUse.contains(newestFirst.get(i).snapshotId())) {
        needed = i + 1;
      }
    }
    kept = Math.max(kept, Math.min(needed, PATIENCE * limits.most()));
    return Math.max(kept, oldestOfOurs(newestFirst));
  }

  /**
   * Returns how many snapshots to keep so that everything that our commits say of the table (what
   * it has consumed, above all) can still be read: the newest snapshot that says it decides.
   */
  private static int oldestOfOurs(List<Snapshot> newestFirst) {
    Set<String> said = new HashSet<>();
    int oldest = 0;
    for (int i = 0; i < newestFirst.size(); i++) {
      for (String key : newestFirst.get(i).summary().keySet()) {
        if (key.startsWith(SnapshotKeys.PREFIX)
            && !key.startsWith(SnapshotKeys.MARK_PREFIX)
            && said.add(key)) {
          oldest = i + 1;
        }
      }
    }
    return oldest;
  }

  private static int youngerThan(List<Snapshot> newestFirst, Instant instant) {
    int younger = 0;
    while (younger < newestFirst.size()
        && newestFirst.get(younger).timestampMillis() >= instant.toEpochMilli()) {
      younger++;
    }
    return younger;
  }

  /**
   * Drops all but the newest snapshots.
   *
   * @param kept at least one
   * @param deleted is given every file that no snapshot has any more
   */
  static void expire(Table table, int kept, Consumer<String> deleted) {
    Iterator<Snapshot> newestFirst = SnapshotUtil.currentAncestors(table).iterator();
    long oldest = newestFirst.next().timestampMillis();
    for (int i = 1; i < kept; i++) {
      oldest = newestFirst.next().timestampMillis();
    }
    // By age as well as by number: a commit made meanwhile must not push out the oldest one.
    table
        .expireSnapshots()
        .expireOlderThan(oldest)
        .retainLast(kept)
        .deleteWith(
            file -> {
              FaultPoint.MAINTAIN_DURING_EXPIRY.pass();
              deleted.accept(file);
            })
        .commit();
  }
}
