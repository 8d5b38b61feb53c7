/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.maintain;

import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Pipeline;
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
 * the table has consumed, and those that a later table has yet to read on from.
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

  /** Returns the snapshots of a table that other tables of the pipeline read last. */
  static Set<Long> inUse(LakeTables tables, Pipeline pipeline, LakeTable name) {
    Set<Long> inUse = new HashSet<>();
    for (LakeTable reader : tables.all(pipeline)) {
      tables
          .find(reader)
          .flatMap(Progress::find)
          .map(progress -> progress.snapshots().get(name.label()))
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
    for (int i = 0; i < newestFirst.size(); i++) {
      if (Progress.isRecordedIn(newestFirst.get(i))) {
        kept = Math.max(kept, i + 1);
        break;
      }
    }
    return Math.min(kept, newestFirst.size());
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
