/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.line;

import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.lake.ConsistentSnapshots;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.lake.Watermark;
import dev.cdclake.lake.Watermarks;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;

/**
 * Tells how old the state of the source is that silver shows, from the tables' metadata alone.
 *
 * <p>Marks in the source's log move the watermark on while nobody changes a row, so a quiet source
 * is not old; a connector that stands still is.
 */
public final class SilverAge {

  private SilverAge() {}

  /** Returns the age; empty before silver has shown anything. */
  public static Optional<Duration> of(LakeTables lake, Pipeline pipeline, Instant now) {
    Optional<ConsistentSnapshots> shown = ConsistentSnapshots.read(lake, pipeline);
    Watermark read = Watermarks.read(lake, pipeline);
    boolean showsAll =
        shown.filter(set -> set.epoch() == read.epoch() && set.lsn() == read.lsn()).isPresent();
    return committedAt(lake, showsAll ? pipeline.watermark() : pipeline.consistentSnapshots())
        .map(then -> Duration.between(then, now));
  }

  private static Optional<Instant> committedAt(LakeTables lake, LakeTable name) {
    return lake.find(name)
        .map(Table::currentSnapshot)
        .map(Snapshot::timestampMillis)
        .map(Instant::ofEpochMilli);
  }
}
