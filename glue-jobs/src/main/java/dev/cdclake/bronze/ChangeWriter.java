/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bronze;

import dev.cdclake.bronze.ChangeEnvelope.Slice;
import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.RejectReason;
import dev.cdclake.lake.ChangeContents;
import dev.cdclake.lake.CommitStep;
import dev.cdclake.lake.EventSchemas;
import dev.cdclake.lake.RejectedRow.Place;
import dev.cdclake.lake.RejectedRow.Refusal;
import dev.cdclake.lake.RejectedRows;
import dev.cdclake.lake.RowFiles;
import dev.cdclake.lake.TopicIdentity;
import dev.cdclake.runtime.FaultPoint;
import dev.cdclake.runtime.Latencies;
import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.iceberg.Table;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * Decodes the Kafka records of one task and writes them to the files of their bronze tables, in one
 * pass; what cannot be decoded goes to the files of the rejected rows.
 *
 * <p>The payloads travel as the bytes that came from Kafka; nothing is parsed but what identifies
 * the change.
 *
 * @param tables by topic
 * @param rejectedRows the table of rejected rows
 * @param rejectedThrough by topic and partition: rejects below this offset are already kept
 * @param topics by topic: which one it is, and so how its offsets are counted
 * @param bounds by topic and partition: where the range is settled, and what of it is in bronze
 * @param epoch the timeline of the source, for events that do not carry it
 * @param processedAtMicros when the batch began
 * @param replaying whether the records were rejected before; what is rejected once more is told and
 *     not kept again
 */
record ChangeWriter(
    Map<String, Table> tables,
    Table rejectedRows,
    Map<String, Map<Integer, Long>> rejectedThrough,
    Map<String, TopicIdentity> topics,
    Map<String, Map<Integer, Bounds>> bounds,
    int epoch,
    long processedAtMicros,
    boolean replaying)
    implements Serializable {

  private static final long serialVersionUID = 1L;

  /** Headers that Debezium adds when an update changed the primary key. */
  static final String NEW_KEY = "__debezium.newkey";

  static final String OLD_KEY = "__debezium.oldkey";

  /**
   * What is known of one partition's range.
   *
   * @param settled the offsets below were visible when the round began, see {@link CommitSteps}
   * @param kept the offsets below are in bronze already, and read again only for their commits
   */
  record Bounds(long settled, long kept) implements Serializable {

    /** A range that is new and settled as a whole. */
    static final Bounds NEW = new Bounds(Long.MAX_VALUE, 0);
  }

  /** What one task made of its records. */
  record Output(
      Map<String, TopicOutput> topics,
      RowFiles.Written rejected,
      List<Refusal> refused,
      List<EventSchemas.Seen> schemas)
      implements Serializable {}

  /** What one task made of the records of one topic. */
  record TopicOutput(
      RowFiles.Written files,
      ChangeContents contents,
      long tombstones,
      long rejected,
      Latencies latencies,
      Map<Integer, List<CommitStep>> steps)
      implements Serializable {

    /** Joins what all tasks made of one topic. */
    static TopicOutput of(List<Output> outputs, String topic) {
      return outputs.stream()
          .filter(output -> output.topics().containsKey(topic))
          .map(output -> output.topics().get(topic))
          .reduce(TopicOutput::plus)
          .orElseGet(TopicOutput::none);
    }

    static TopicOutput none() {
      return new TopicOutput(
          RowFiles.Written.none(), ChangeContents.NONE, 0, 0, Latencies.none(), Map.of());
    }

    TopicOutput plus(TopicOutput other) {
      latencies.addAll(other.latencies);
      Map<Integer, List<CommitStep>> all = new HashMap<>(steps);
      other.steps.forEach(
          (partition, more) ->
              all.merge(
                  partition,
                  more,
                  (one, two) ->
                      CommitSteps.joined(Stream.of(one, two).flatMap(List::stream).toList())));
      return new TopicOutput(
          files.plus(other.files),
          contents.plus(other.contents),
          tombstones + other.tombstones,
          rejected + other.rejected,
          latencies,
          all);
    }
  }

  /** Writes the records of one task. */
  Output write(Iterator<ConsumerRecord<byte[], ByteBuffer>> records) {
    Pass pass = new Pass();
    RowFiles.abortOnFailure(
        () -> {
          while (records.hasNext()) {
            pass.take(records.next());
          }
        },
        pass::files);
    return pass.finish();
  }

  /** One pass over the records of a task. */
  private final class Pass {

    private final ChangeEnvelope envelope = new ChangeEnvelope();
    private final Map<String, TopicFiles> topics = new HashMap<>();
    private final RowFiles rejected = RowFiles.of(rejectedRows);
    private final List<Refusal> refused = new ArrayList<>();
    private final List<EventSchemas.Seen> schemas = new ArrayList<>();

    List<RowFiles> files() {
      List<RowFiles> files = new ArrayList<>(List.of(rejected));
      topics.values().forEach(topic -> files.add(topic.files));
      return files;
    }

    void take(ConsumerRecord<byte[], ByteBuffer> kafka) {
      TopicFiles topic = topic(kafka.topic());
      Partition partition = topic.partition(kafka.partition());
      ByteBuffer value = kafka.value();
      long offset = kafka.offset() + partition.base();
      boolean kept = offset < partition.kept();
      if (value == null) {
        topic.tombstones += kept ? 0 : 1;
        return;
      }
      boolean readable = envelope.read(value);
      partition.steps().see(envelope.previousCommit(), offset);
      if (kept) {
        return;
      }
      rememberSchema(topic);
      if (!readable) {
        reject(topic, kafka, offset, envelope.rejected(), envelope.detail());
        return;
      }
      UTF8String key;
      try {
        key = kafka.key() == null ? null : text(kafka.key(), envelope.key(kafka.key()));
      } catch (IOException e) {
        reject(topic, kafka, offset, RejectReason.KEY_UNREADABLE, e.getMessage());
        return;
      }
      topic.write(kafka, offset, key, envelope);
      FaultPoint.BRONZE_WHILE_WRITING.pass();
    }

    /** Keeps a new schema even of an event that is rejected: the next event may carry it too. */
    private void rememberSchema(TopicFiles topic) {
      if (envelope.newSchema() != null) {
        schemas.add(
            new EventSchemas.Seen(
                envelope.schema(), topic.name, envelope.newSchema(), Math.max(0, envelope.lsn())));
      }
    }

    private void reject(
        TopicFiles topic,
        ConsumerRecord<byte[], ByteBuffer> kafka,
        long offset,
        RejectReason reason,
        String detail) {
      int partition = kafka.partition();
      topic.rejected++;
      if (replaying) {
        refused.add(new Refusal(new Place(partition, offset), reason, detail));
        return;
      }
      long kept = rejectedThrough.getOrDefault(topic.name, Map.of()).getOrDefault(partition, 0L);
      if (offset >= kept) {
        Header[] headers = kafka.headers().toArray();
        rejected.write(
            RejectedRows.row(
                Stage.BRONZE,
                reason,
                detail,
                UTF8String.fromString(topic.name),
                partition,
                offset,
                new RejectedRows.Event(
                    kafka.key(),
                    bytes(kafka.value()),
                    topic.epoch(headers),
                    header(headers, OLD_KEY),
                    header(headers, NEW_KEY))));
      }
    }

    private TopicFiles topic(String name) {
      return topics.computeIfAbsent(
          name,
          unseen -> new TopicFiles(name, tables.get(name), ChangeWriter.this.topics.get(name)));
    }

    Output finish() {
      Map<String, TopicOutput> outputs = new HashMap<>();
      topics.forEach((name, topic) -> outputs.put(name, topic.finish()));
      return new Output(outputs, rejected.close(), refused, schemas);
    }
  }

  /**
   * One partition within a task.
   *
   * @param base what to add to Kafka's offsets
   * @param kept the offsets below are in bronze already
   */
  private record Partition(long base, long kept, CommitSteps steps) {

    static Partition of(Bounds bounds, long base) {
      return new Partition(base, bounds.kept(), new CommitSteps(bounds.settled()));
    }
  }

  /** The files of one topic's table within a task. */
  private final class TopicFiles {

    private final String name;
    private final TopicIdentity identity;
    private byte[] epochHeader;
    private int epochCaptured;
    private final RowFiles files;
    private final Map<Integer, Bounds> ranges;
    private final Latencies latencies = Latencies.none();
    private final Set<String> schemas = new TreeSet<>();
    private final Map<Integer, Partition> partitions = new HashMap<>();
    private int lastNumber = -1;
    private Partition lastPartition;
    private String lastSchema;
    private UTF8String schemaText;
    private long commitMillis;
    private long commitChanges;
    private long rows;
    private long moves;
    private long truncates;
    private long tombstones;
    private long rejected;

    TopicFiles(String name, Table table, TopicIdentity identity) {
      this.name = name;
      this.identity = identity;
      this.ranges = bounds.getOrDefault(name, Map.of());
      this.files = RowFiles.ofDay(table, ChangeColumns.PROCESSED_AT, processedAtMicros);
    }

    /** Events of one partition follow each other. */
    Partition partition(int number) {
      if (number != lastNumber) {
        lastNumber = number;
        lastPartition =
            partitions.computeIfAbsent(
                number,
                unseen ->
                    Partition.of(ranges.getOrDefault(number, Bounds.NEW), identity.base(number)));
      }
      return lastPartition;
    }

    /** Writes an event, its columns in the order of {@link BronzeTable#SCHEMA}. */
    void write(
        ConsumerRecord<byte[], ByteBuffer> kafka,
        long offset,
        UTF8String key,
        ChangeEnvelope change) {
      byte[] value = kafka.value().array();
      Header[] headers = kafka.headers().toArray();
      UTF8String movedFrom = headerText(headers, OLD_KEY);
      rows++;
      moves += movedFrom == null ? 0 : 1;
      truncates += change.endsRows() ? 1 : 0;
      rememberSchema(change.schema());
      if (change.committedMicros() >= 0 && !change.snapshot()) {
        rememberCommit(change.committedMicros() / 1000);
      }
      files.write(
          new GenericInternalRow(
              new Object[] {
                kafka.partition(),
                offset,
                epoch(headers),
                change.lsn(),
                change.txid() < 0 ? null : (Object) change.txid(),
                UTF8String.fromString(change.op()),
                change.snapshot(),
                change.committedMicros() < 0 ? null : (Object) change.committedMicros(),
                schemaText,
                movedFrom,
                headerText(headers, NEW_KEY),
                key,
                text(value, change.before()),
                text(value, change.after()),
                processedAtMicros
              }));
    }

    /** Events of one schema follow each other. */
    private void rememberSchema(String schema) {
      if (!Objects.equals(schema, lastSchema)) {
        lastSchema = schema;
        schemaText = UTF8String.fromString(schema);
        if (schema != null) {
          schemas.add(schema);
        }
      }
    }

    /** Changes of one transaction follow each other. */
    private void rememberCommit(long millis) {
      if (millis != commitMillis) {
        latencies.add(commitMillis, commitChanges);
        commitMillis = millis;
        commitChanges = 0;
      }
      commitChanges++;
    }

    /** The epoch that the event was captured in: reading it later does not make it newer. */
    private int epoch(Header[] headers) {
      byte[] header = header(headers, ChangeColumns.EPOCH_HEADER);
      if (header == null) {
        return epoch;
      }
      if (!Arrays.equals(header, epochHeader)) {
        epochCaptured = ChangeEnvelope.number(header, epoch);
        epochHeader = header;
      }
      return epochCaptured;
    }

    TopicOutput finish() {
      Map<Integer, List<CommitStep>> begun = new HashMap<>();
      partitions.forEach((number, partition) -> begun.put(number, partition.steps().steps()));
      latencies.add(commitMillis, commitChanges);
      return new TopicOutput(
          files.close(),
          new ChangeContents(rows, moves, truncates, schemas),
          tombstones,
          rejected,
          latencies,
          begun);
    }
  }

  /** Returns a header's payload; NULL when it is absent or not JSON. */
  private static UTF8String headerText(Header[] headers, String name) {
    try {
      return payloadText(header(headers, name));
    } catch (IOException e) {
      // A key in another form than JSON cannot be followed; silver then treats the event as an
      // insert of a new key, and flags what it cannot restore.
      return null;
    }
  }

  private static byte[] header(Header[] headers, String name) {
    for (Header header : headers) {
      if (header.key().equals(name) && header.value() != null) {
        return header.value();
      }
    }
    return null;
  }

  private static UTF8String payloadText(byte[] document) throws IOException {
    return document == null ? null : text(document, ChangeEnvelope.payload(document));
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }

  private static UTF8String text(byte[] bytes, Slice slice) {
    return slice == null
        ? null
        : UTF8String.fromBytes(bytes, slice.start(), slice.end() - slice.start());
  }
}
