/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import java.io.Serializable;
import java.util.Map;
import java.util.TreeMap;

/**
 * Which topic of a name the recorded offsets belong to.
 *
 * <p>A topic that is created anew counts from zero again. The lake's offsets never go back: those
 * of the new topic are counted on from where the lake had got with the old one, so that what was
 * read later always has the greater offset.
 *
 * @param id Kafka's own id of the topic, see <a
 *     href="https://cwiki.apache.org/confluence/display/KAFKA/KIP-516%3A+Topic+Identifiers">KIP-516</a>
 * @param bases by partition: what to add to Kafka's offset; zero where absent
 */
public record TopicIdentity(String id, Map<Integer, Long> bases) implements Serializable {

  public TopicIdentity {
    bases = new TreeMap<>(bases);
  }

  /** Returns a topic whose offsets are Kafka's own. */
  public static TopicIdentity first(String id) {
    return new TopicIdentity(id, Map.of());
  }

  /** Returns what to add to Kafka's offsets of a partition. */
  public long base(int partition) {
    return bases.getOrDefault(partition, 0L);
  }
}
