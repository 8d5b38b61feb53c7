/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bronze;

import dev.cdclake.lake.CommitStep;
import dev.cdclake.lake.Watermark;
import dev.cdclake.lake.Watermark.Frontier;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What one round of bronze learned about the order of commits, and the watermark that follows.
 *
 * @param epoch timeline of the source
 * @param settled whether every Kafka transaction that was visible anywhere when the round began was
 *     complete everywhere when it was read
 * @param whole whether the round read everything that was there, rather than a part of a backlog
 * @param marked whether the source can mark its log, see {@link Marks}
 * @param newestMark the newest commit that a settled mark names, 0 if there is none
 * @param parts what was read, by topic and partition
 * @param gaps topics that cannot be read on: no point is stated of them, and silver may fold what
 *     there is
 */
record WatermarkRound(
    int epoch,
    boolean settled,
    boolean whole,
    boolean marked,
    long newestMark,
    Map<String, Map<Integer, Part>> parts,
    Set<String> gaps) {

  /**
   * One partition.
   *
   * @param settled the offsets below this one were visible when the round began
   * @param end the offset up to which bronze has it now
   * @param steps the transactions that begin in what was read, in order
   */
  record Part(long settled, long end, List<CommitStep> steps) {}

  /**
   * Returns the watermark after the round.
   *
   * <p>The point is the newest commit that a settled event names: all events of the transactions
   * before it were sent earlier, so they are here. Where no point can be known (the first snapshot,
   * a backlog, a server without marks) silver may fold everything, and no point is stated until one
   * lies beyond all of that.
   */
  Watermark after(Watermark known) {
    Watermark before = known.epoch() == epoch ? known : renewed(known);
    long point = settled ? Math.max(before.lsn(), newestSettled()) : before.lsn();
    boolean free = !marked || !whole || point == 0;
    Map<String, Map<Integer, Frontier>> topics = new TreeMap<>();
    long beyond = before.beyond();
    for (Map.Entry<String, Map<Integer, Frontier>> topic : joined(before).entrySet()) {
      for (Map.Entry<Integer, Frontier> partition : topic.getValue().entrySet()) {
        Frontier all = partition.getValue();
        if (free && !all.held().isEmpty()) {
          beyond = Math.max(beyond, all.held().get(all.held().size() - 1).commit());
        }
        topics
            .computeIfAbsent(topic.getKey(), name -> new TreeMap<>())
            .put(partition.getKey(), free ? uncut(all) : cutAt(all, point));
      }
    }
    return new Watermark(epoch, free || point <= beyond ? 0 : point, marked, beyond, topics);
  }

  /** Offsets of an older timeline are all before the newer one's. */
  private Watermark renewed(Watermark older) {
    Map<String, Map<Integer, Frontier>> topics = new TreeMap<>();
    older
        .topics()
        .forEach(
            (topic, partitions) ->
                partitions.forEach(
                    (partition, frontier) ->
                        topics
                            .computeIfAbsent(topic, name -> new TreeMap<>())
                            .put(partition, uncut(frontier))));
    return new Watermark(epoch, 0, marked, 0, topics);
  }

  private long newestSettled() {
    long newest = newestMark;
    for (Map<Integer, Part> partitions : parts.values()) {
      for (Part part : partitions.values()) {
        for (CommitStep step : part.steps()) {
          newest = step.offset() < part.settled() ? Math.max(newest, step.commit()) : newest;
        }
      }
    }
    return newest;
  }

  /** Returns what is known of every partition, with the steps that were held and the new ones. */
  private Map<String, Map<Integer, Frontier>> joined(Watermark before) {
    Map<String, Map<Integer, Frontier>> all = new TreeMap<>();
    before.topics().forEach((topic, frontiers) -> all.put(topic, new TreeMap<>(frontiers)));
    all.keySet().removeAll(gaps);
    parts.forEach(
        (topic, partitions) ->
            partitions.forEach(
                (partition, part) ->
                    all.computeIfAbsent(topic, name -> new TreeMap<>())
                        .merge(
                            partition,
                            new Frontier(part.end(), 0, part.steps()),
                            (old, read) -> joined(old, read))));
    return all;
  }

  private static Frontier joined(Frontier old, Frontier read) {
    if (read.end() < old.end()) {
      // The topic was created anew.
      return read;
    }
    List<CommitStep> steps = new ArrayList<>(old.held());
    steps.addAll(read.held());
    return new Frontier(Math.max(old.end(), read.end()), old.cut(), CommitSteps.joined(steps));
  }

  private static Frontier uncut(Frontier all) {
    return new Frontier(all.end(), all.end(), List.of());
  }

  private static Frontier cutAt(Frontier all, long point) {
    for (int i = 0; i < all.held().size(); i++) {
      CommitStep step = all.held().get(i);
      if (step.commit() >= point && step.offset() >= all.cut()) {
        return new Frontier(all.end(), step.offset(), all.held().subList(i, all.held().size()));
      }
    }
    return uncut(all);
  }
}
