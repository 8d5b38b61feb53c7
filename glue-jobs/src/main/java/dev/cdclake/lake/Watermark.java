/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * How far bronze holds every change of every table, and where that point lies in each topic.
 *
 * @param epoch timeline of the source
 * @param lsn every transaction whose predecessor committed before this LSN lies before the cuts,
 *     whole, and nothing else does; 0 if that is not known yet
 * @param marked whether the source can mark its log; if not, no point is ever known
 * @param beyond the newest commit that an event before a cut names although its point was not
 *     known: only above it can a point be known again
 * @param topics by topic and Kafka partition
 */
public record Watermark(
    int epoch, long lsn, boolean marked, long beyond, Map<String, Map<Integer, Frontier>> topics) {

  /** Nothing is known. */
  public static final Watermark NONE = new Watermark(0, 0, true, 0, Map.of());

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS);

  /**
   * One partition.
   *
   * @param end the offset up to which bronze has it, exclusive
   * @param cut the offset up to which silver may fold it, exclusive; at most {@code end}
   * @param held the transactions that begin between the two, in order
   */
  public record Frontier(long end, long cut, List<CommitStep> held) {
    public Frontier {
      held = List.copyOf(held);
    }
  }

  public Watermark {
    Map<String, Map<Integer, Frontier>> sorted = new TreeMap<>();
    topics.forEach((topic, partitions) -> sorted.put(topic, new TreeMap<>(partitions)));
    topics = sorted;
  }

  /** Whether the point is known: then the cuts are the same moment in every topic. */
  @JsonIgnore
  public boolean isKnown() {
    return lsn != 0;
  }

  /** Whether tables that reached the cuts may be shown together. */
  @JsonIgnore
  public boolean isPublishable() {
    return isKnown() || !marked;
  }

  /** Whether silver may fold everything that bronze had at an earlier watermark. */
  public boolean frees(Watermark earlier) {
    return earlier.topics.keySet().stream().allMatch(topic -> frees(earlier, topic));
  }

  private boolean frees(Watermark earlier, String topic) {
    Map<Integer, Long> cuts = cuts(topic);
    return !covers(topic)
        || earlier.ends(topic).entrySet().stream()
            .allMatch(end -> cuts.getOrDefault(end.getKey(), 0L) >= end.getValue());
  }

  /** Whether anything is known of a topic; nothing is of one that cannot be read on. */
  public boolean covers(String topic) {
    return topics.containsKey(topic);
  }

  /** Whether a table with these offsets has all that lies before the cuts, and nothing behind. */
  public boolean isReachedBy(String topic, Map<Integer, Long> offsets) {
    Map<Integer, Frontier> partitions = topics.getOrDefault(topic, Map.of());
    return partitions.keySet().containsAll(offsets.keySet())
        && partitions.entrySet().stream()
            .allMatch(
                partition ->
                    partition.getValue().cut() == offsets.getOrDefault(partition.getKey(), 0L));
  }

  /** Returns the point. */
  public Position position() {
    return new Position(epoch, lsn);
  }

  /** Returns the offsets up to which the commits of a topic's events are known, by partition. */
  public Map<Integer, Long> ends(String topic) {
    Map<Integer, Long> ends = new TreeMap<>();
    topics
        .getOrDefault(topic, Map.of())
        .forEach((partition, frontier) -> ends.put(partition, frontier.end()));
    return ends;
  }

  /** Returns the offsets up to which silver may fold a topic, by partition. */
  public Map<Integer, Long> cuts(String topic) {
    Map<Integer, Long> cuts = new TreeMap<>();
    topics
        .getOrDefault(topic, Map.of())
        .forEach((partition, frontier) -> cuts.put(partition, frontier.cut()));
    return cuts;
  }

  /** Writes the value of a snapshot summary. */
  String toJson() {
    try {
      return JSON.writeValueAsString(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("Cannot write a watermark as JSON.", e);
    }
  }

  /** Reads the value of a snapshot summary. */
  static Watermark fromJson(String json) {
    try {
      return JSON.readValue(json, Watermark.class);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("Cannot read watermark '" + json + "'.", e);
    }
  }
}
