/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bronze;

import dev.cdclake.bronze.ChangeWriter.Output;
import dev.cdclake.bronze.ChangeWriter.TopicOutput;
import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.Stage;
import dev.cdclake.lake.ChangeContents;
import dev.cdclake.lake.EventSchemas;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.lake.Progress;
import dev.cdclake.lake.RejectedRow;
import dev.cdclake.lake.RejectedRow.Refusal;
import dev.cdclake.lake.RejectedRows;
import dev.cdclake.lake.TopicIdentity;
import dev.cdclake.runtime.PreparedReplay;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.iceberg.spark.source.SerializableTableWithSize;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Decodes the kept bytes of events that bronze rejected once more; what can be read goes to the
 * bronze table, under the place that the event had on its topic. Silver's batches, which have
 * passed that place, leave it alone; it waits among the rejected rows of silver instead.
 */
public final class BronzeReplay {

  private final SparkSession spark;
  private final LakeTables tables;
  private final EventSchemas schemas;
  private final RejectedRows rejectedRows;
  private final Pipeline pipeline;

  public BronzeReplay(
      SparkSession spark,
      LakeTables tables,
      EventSchemas schemas,
      RejectedRows rejectedRows,
      Pipeline pipeline) {
    this.spark = spark;
    this.tables = tables;
    this.schemas = schemas;
    this.rejectedRows = rejectedRows;
    this.pipeline = pipeline;
  }

  /**
   * Decodes rejected events of one table.
   *
   * @param folded by partition: the offset up to which silver has folded; later events wait
   */
  public PreparedReplay prepare(
      SourceTable source, List<RejectedRow> chosen, Map<Integer, Long> folded) {
    Map<Boolean, List<RejectedRow>> reached =
        chosen.stream()
            .collect(
                Collectors.partitioningBy(
                    row ->
                        row.place().offset() < folded.getOrDefault(row.place().partition(), 0L)));
    List<RejectedRow> rows = reached.get(true);
    String topic = pipeline.topic(source);
    BronzeTable bronze = BronzeTable.open(tables, pipeline.bronze(source));
    Progress before = bronze.progress();
    List<Output> outputs = new ArrayList<>();
    byEpoch(rows)
        .forEach(
            (epoch, part) -> outputs.addAll(write(topic, bronze, records(topic, part), epoch)));
    List<Refusal> refused =
        Stream.concat(
                PreparedReplay.refusals(reached.get(false), "Silver has not folded that far yet")
                    .stream(),
                outputs.stream().flatMap(output -> output.refused().stream()))
            .toList();
    List<RejectedRow> accepted = RejectedRow.without(rows, refused);
    TopicOutput written = TopicOutput.of(outputs, topic);
    return new PreparedReplay(
        accepted,
        refused,
        "%,d put into bronze".formatted(written.contents().rows()),
        replay -> {
          schemas.append(outputs.stream().flatMap(output -> output.schemas().stream()).toList());
          bronze.commit(
              List.of(written.files()),
              ChangeContents.NONE,
              before,
              before.withSnapshot(PreparedReplay.PROGRESS, replay));
        },
        () ->
            written
                .files()
                .rows()
                .forEach(file -> bronze.table().io().deleteFile(file.location())));
  }

  private Map<Integer, List<RejectedRow>> byEpoch(List<RejectedRow> rows) {
    return rows.stream()
        .collect(
            Collectors.groupingBy(
                row -> row.epoch() == null ? pipeline.source().epoch() : row.epoch(),
                TreeMap::new,
                Collectors.toList()));
  }

  /** Returns kept events, each once. */
  private Dataset<Row> records(String topic, List<RejectedRow> rows) {
    return rejectedRows
        .rows(spark, Stage.BRONZE, topic, rows)
        .dropDuplicates(new String[] {ChangeColumns.PARTITION, ChangeColumns.OFFSET});
  }

  private List<Output> write(String topic, BronzeTable bronze, Dataset<Row> records, int epoch) {
    ChangeWriter writer =
        new ChangeWriter(
            Map.of(topic, SerializableTableWithSize.copyOf(bronze.table())),
            SerializableTableWithSize.copyOf(rejectedRows.table()),
            Map.of(),
            Map.of(topic, TopicIdentity.first(topic)),
            Map.of(),
            epoch,
            ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now()),
            true);
    return records
        .javaRDD()
        .map(BronzeReplay::record)
        .mapPartitions(events -> List.of(writer.write(events)).iterator())
        .collect();
  }

  /** Makes a kept event what it was when Kafka handed it out. */
  private static ConsumerRecord<byte[], ByteBuffer> record(Row kept) {
    ConsumerRecord<byte[], ByteBuffer> record =
        new ConsumerRecord<>(
            kept.getAs("topic"),
            kept.<Integer>getAs(ChangeColumns.PARTITION),
            kept.<Long>getAs(ChangeColumns.OFFSET),
            kept.getAs("key"),
            ByteBuffer.wrap(kept.getAs("value")));
    record.headers().add(ChangeWriter.OLD_KEY, kept.<byte[]>getAs("old_key_header"));
    record.headers().add(ChangeWriter.NEW_KEY, kept.<byte[]>getAs("new_key_header"));
    return record;
  }
}
