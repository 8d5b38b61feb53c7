/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.Stage;
import dev.cdclake.lake.ChangeContents;
import dev.cdclake.lake.ConsistentSnapshots;
import dev.cdclake.lake.KnownTables;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.lake.Progress;
import dev.cdclake.lake.Watermark;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.StreamSupport;
import org.apache.iceberg.Table;
import org.apache.iceberg.util.SnapshotUtil;

/**
 * Publishes the snapshots of all silver tables together once every one of them has folded all that
 * lies before the watermark, and nothing behind it.
 */
public final class SilverPublisher {

  private final LakeTables tables;
  private final KnownTables known;
  private final Pipeline pipeline;

  public SilverPublisher(LakeTables tables, Pipeline pipeline) {
    this.tables = tables;
    this.known = new KnownTables(tables);
    this.pipeline = pipeline;
  }

  /**
   * Publishes if there is something new to publish.
   *
   * @param watermark what the tables were folded up to
   * @return the set that was published
   */
  public Optional<ConsistentSnapshots> publish(Watermark watermark) {
    Map<String, Long> snapshots = new TreeMap<>();
    for (SourceTable source : pipeline.tables()) {
      Optional<Table> table =
          known.find(pipeline.silver(source)).filter(found -> found.currentSnapshot() != null);
      if (table.isPresent()) {
        String topic = pipeline.topic(source);
        Progress progress = Progress.of(table.get(), Stage.SILVER);
        if (progress.equals(Progress.NONE)) {
          if (hasBronzeRows(source)) {
            return Optional.empty();
          }
          snapshots.put(source.lakeName(), table.get().currentSnapshot().snapshotId());
          continue;
        }
        if (!watermark.covers(topic)) {
          continue;
        }
        if (!watermark.isReachedBy(topic, progress.offsets(topic))) {
          return Optional.empty();
        }
        snapshots.put(source.lakeName(), table.get().currentSnapshot().snapshotId());
      } else if (hasBronzeRows(source)) {
        return Optional.empty();
      }
    }
    ConsistentSnapshots set =
        new ConsistentSnapshots(watermark.epoch(), watermark.lsn(), snapshots);
    if (!watermark.isPublishable()
        || ConsistentSnapshots.read(tables, pipeline).filter(set::equals).isPresent()) {
      return Optional.empty();
    }
    set.publish(tables, pipeline);
    return Optional.of(set);
  }

  private boolean hasBronzeRows(SourceTable source) {
    return known.find(pipeline.bronze(source)).filter(SilverPublisher::hasRows).isPresent();
  }

  /** Whether bronze has rows that silver can make a table of: not only TRUNCATEs, schema known. */
  static boolean hasRows(Table bronze) {
    return bronze.currentSnapshot() != null
        && StreamSupport.stream(SnapshotUtil.currentAncestors(bronze).spliterator(), false)
            .map(snapshot -> snapshot.summary().get(ChangeContents.KEY))
            .filter(Objects::nonNull)
            .map(ChangeContents::fromJson)
            .anyMatch(
                contents ->
                    contents.rows() > contents.truncates() && !contents.schemas().isEmpty());
  }
}
