/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.cdclake.contract.SnapshotKeys;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.FailureCode;
import dev.cdclake.failure.PipelineException;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotUpdate;
import org.apache.iceberg.Table;
import org.apache.iceberg.util.SnapshotUtil;

/**
 * What a table has consumed, committed together with the rows made from it.
 *
 * <p>It lives in the snapshot summary under {@link SnapshotKeys#PROGRESS}: the newest ancestor that
 * has the key decides, so snapshots of other tools in between (a compaction, say) lose nothing. No
 * other class reads or writes the key.
 *
 * @param offsets by topic (or {@code stage/topic}), then by Kafka partition: the next offset to
 *     read
 * @param snapshots by input table: the snapshot up to which it was read
 * @param truncated the newest TRUNCATE of the source that was applied
 * @param topics by topic: which topic of that name the offsets belong to
 */
public record Progress(
    Map<String, Map<Integer, Long>> offsets,
    Map<String, Long> snapshots,
    Position truncated,
    Map<String, TopicIdentity> topics) {

  /** Nothing consumed yet. */
  public static final Progress NONE = new Progress(Map.of(), Map.of(), Position.START, Map.of());

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS);

  public Progress {
    Map<String, Map<Integer, Long>> sorted = new TreeMap<>();
    offsets.forEach((source, next) -> sorted.put(source, new TreeMap<>(next)));
    offsets = sorted;
    snapshots = new TreeMap<>(snapshots);
    // A record written before there was such a thing has none.
    topics = topics == null ? Map.of() : new TreeMap<>(topics);
  }

  /**
   * Reads what a table has consumed.
   *
   * @throws PipelineException if the table has rows and no record of what they were made from
   */
  public static Progress of(Table table, Stage stage) {
    Snapshot current = table.currentSnapshot();
    return current == null ? NONE : asOf(table, current, stage);
  }

  /** Reads what a table had consumed as of one of its snapshots; see {@link #of}. */
  public static Progress asOf(Table table, Snapshot snapshot, Stage stage) {
    Progress found = newest(SnapshotUtil.ancestorsOf(snapshot.snapshotId(), table::snapshot));
    if (found == null) {
      throw new PipelineException(
          stage,
          FailureCode.PROGRESS_MISSING,
          "Cannot continue table '%s': none of its snapshots says what it has consumed (expected"
                  .formatted(table.name())
              + " '%s' in a snapshot summary). Roll the table back to one of our snapshots, or drop"
                  .formatted(SnapshotKeys.PROGRESS)
              + " it and rebuild it from the stage before.");
    }
    return found;
  }

  /** Reads what a table has consumed; empty if none of its snapshots says so. */
  public static Optional<Progress> find(Table table) {
    return Optional.ofNullable(newest(SnapshotUtil.currentAncestors(table)));
  }

  /** Returns the progress with the next offsets of one topic moved on; they never move back. */
  public Progress withOffsets(String topic, Map<Integer, Long> next) {
    Map<String, Map<Integer, Long>> all = new TreeMap<>(offsets);
    Map<Integer, Long> merged = new TreeMap<>(offsets(topic));
    next.forEach((partition, offset) -> merged.merge(partition, offset, Math::max));
    all.put(topic, merged);
    return new Progress(all, snapshots, truncated, topics);
  }

  /** Returns the progress with the offsets of one topic moved back where they are beyond others. */
  public Progress notBeyond(String topic, Map<Integer, Long> others) {
    Map<Integer, Long> moved = new TreeMap<>(offsets(topic));
    others.forEach(
        (partition, other) -> moved.computeIfPresent(partition, (p, own) -> Math.min(own, other)));
    Map<String, Map<Integer, Long>> all = new TreeMap<>(offsets);
    all.computeIfPresent(topic, (name, own) -> moved);
    return new Progress(all, snapshots, truncated, topics);
  }

  /** Returns the progress with the snapshot of one input table replaced. */
  public Progress withSnapshot(String table, long snapshot) {
    Map<String, Long> all = new TreeMap<>(snapshots);
    all.put(table, snapshot);
    return new Progress(offsets, all, truncated, topics);
  }

  /** Returns the progress with the newer of the known and the given truncation. */
  public Progress withTruncated(Position position) {
    return position.compareTo(truncated) > 0
        ? new Progress(offsets, snapshots, position, topics)
        : this;
  }

  /** Returns the progress with the identity of a topic replaced. */
  public Progress withTopic(String topic, TopicIdentity identity) {
    Map<String, TopicIdentity> all = new TreeMap<>(topics);
    all.put(topic, identity);
    return new Progress(offsets, snapshots, truncated, all);
  }

  /** Returns which topic of this name was read; empty before the first read. */
  public Optional<TopicIdentity> topic(String name) {
    return Optional.ofNullable(topics.get(name));
  }

  /** Returns the next offsets of a topic, empty when nothing of it was read. */
  public Map<Integer, Long> offsets(String topic) {
    return offsets.getOrDefault(topic, Map.of());
  }

  /**
   * Returns the entries of a summary that carry this progress; for commits that Spark makes, see
   * {@link LakeTables#writer}.
   */
  public Map<String, String> summary(Stage stage) {
    return Map.of(
        SnapshotKeys.PROGRESS, toJson(),
        SnapshotKeys.COMMIT_ID, UUID.randomUUID().toString(),
        SnapshotKeys.STAGE, stage.label());
  }

  /**
   * Puts this progress into a commit, which then succeeds only if the table still is where {@code
   * before} says: of two writers that read the same changes, one fails and nothing is doubled.
   */
  public <T extends SnapshotUpdate<T>> T commitWith(T update, Stage stage, Progress before) {
    summary(stage).forEach(update::set);
    update.scanManifestsWith(CallerThread.forCommits());
    return update.validateWith(ancestors -> before.equals(orNone(newest(ancestors))));
  }

  private static Progress orNone(Progress progress) {
    return progress == null ? NONE : progress;
  }

  private static Progress newest(Iterable<Snapshot> ancestors) {
    for (Snapshot snapshot : ancestors) {
      String json = snapshot.summary().get(SnapshotKeys.PROGRESS);
      if (json != null) {
        return fromJson(json);
      }
    }
    return null;
  }

  private String toJson() {
    try {
      return JSON.writeValueAsString(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("Cannot write progress as JSON.", e);
    }
  }

  private static Progress fromJson(String json) {
    try {
      return JSON.readValue(json, Progress.class);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("Cannot read progress '" + json + "'.", e);
    }
  }
}
