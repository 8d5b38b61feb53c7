/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bronze;

import dev.cdclake.bronze.ChangeWriter.Output;
import dev.cdclake.bronze.ChangeWriter.TopicOutput;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.Stage;
import dev.cdclake.fixture.Changes.Event;
import dev.cdclake.lake.EventSchemas;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.lake.Progress;
import dev.cdclake.lake.RejectedRows;
import dev.cdclake.lake.TopicIdentity;
import dev.cdclake.lake.Watermark;
import dev.cdclake.lake.Watermark.Frontier;
import dev.cdclake.lake.Watermarks;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.iceberg.Table;
import org.apache.iceberg.spark.source.SerializableTableWithSize;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.spark.sql.SparkSession;

/**
 * The bronze table of one source table, fed by hand: the records go through the real {@link
 * ChangeWriter} and commit, only Kafka is left out.
 */
public final class FedBronze {

  private static final long PROCESSED_AT = 1_700_000_001_000_000L;

  private final LakeTables tables;
  private final Pipeline pipeline;
  private final String topic;
  private final BronzeTable bronze;
  private final EventSchemas schemas;
  private final RejectedRows rejectedRows;
  private final int epoch;
  private final Map<Integer, Long> next;

  public FedBronze(SparkSession spark, LakeTables tables, Pipeline pipeline, SourceTable source) {
    this.tables = tables;
    this.pipeline = pipeline;
    this.topic = pipeline.topic(source);
    this.bronze = BronzeTable.open(tables, pipeline.bronze(source));
    this.schemas = new EventSchemas(tables, pipeline);
    this.rejectedRows = new RejectedRows(tables, pipeline);
    this.epoch = pipeline.source().epoch();
    this.next = new TreeMap<>(bronze.progress().offsets(topic));
  }

  public EventSchemas schemas() {
    return schemas;
  }

  public RejectedRows rejectedRows() {
    return rejectedRows;
  }

  public Table table() {
    bronze.table().refresh();
    return bronze.table();
  }

  /** Appends events to partition 0 and commits them as one batch. */
  public void feed(Event... events) {
    List<ConsumerRecord<byte[], ByteBuffer>> records = new ArrayList<>();
    for (Event event : events) {
      records.add(record(0, event.key(), event.value(), event.headers()));
    }
    commit(records);
    tell();
  }

  /** States what bronze has, as on a server that cannot mark its log. */
  private void tell() {
    Map<Integer, Frontier> mine = new TreeMap<>();
    next.forEach((partition, end) -> mine.put(partition, new Frontier(end, end, List.of())));
    Map<String, Map<Integer, Frontier>> all =
        new TreeMap<>(Watermarks.read(tables, pipeline).topics());
    all.put(topic, mine);
    new Watermarks(tables, pipeline).write(new Watermark(epoch, 0, false, 0, all));
  }

  /** Makes a Kafka record at the next offset of a partition. */
  ConsumerRecord<byte[], ByteBuffer> record(
      int partition, byte[] key, byte[] value, Map<String, byte[]> headers) {
    long offset = next.merge(partition, 1L, Long::sum) - 1;
    ConsumerRecord<byte[], ByteBuffer> record =
        new ConsumerRecord<>(
            topic, partition, offset, key, value == null ? null : ByteBuffer.wrap(value));
    headers.forEach((name, text) -> record.headers().add(name, text));
    return record;
  }

  /** Writes records and commits what came of them; see {@link BronzeJob}. */
  TopicOutput commit(List<ConsumerRecord<byte[], ByteBuffer>> records) {
    Progress before = bronze.progress();
    Output output = write(records);
    schemas.append(output.schemas());
    rejectedRows.append(Stage.BRONZE, output.rejected(), Map.of(topic, new HashMap<>(next)));
    TopicOutput written = output.topics().get(topic);
    bronze.commit(
        List.of(written.files()), written.contents(), before, before.withOffsets(topic, next));
    return written;
  }

  /** Writes records in one task and commits nothing. */
  Output write(List<ConsumerRecord<byte[], ByteBuffer>> records) {
    ChangeWriter writer =
        new ChangeWriter(
            Map.of(topic, SerializableTableWithSize.copyOf(bronze.table())),
            SerializableTableWithSize.copyOf(rejectedRows.table()),
            rejectedRows.complete(Stage.BRONZE, List.of(topic)),
            Map.of(topic, TopicIdentity.first("fed by hand")),
            Map.of(),
            epoch,
            PROCESSED_AT,
            false);
    return writer.write(records.iterator());
  }
}
