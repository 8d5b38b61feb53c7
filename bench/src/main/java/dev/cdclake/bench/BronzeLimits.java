/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.lake.LakeSession;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.runtime.KafkaClients;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.apache.iceberg.Table;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteBufferDeserializer;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.analysis.NoSuchTableException;
import org.apache.spark.storage.StorageLevel;

/**
 * What no bronze can be faster than: the two ends of its work, each alone.
 *
 * @param lake of one table
 * @param made a bronze table of ours that holds the topic
 * @param events of the topic
 * @param expected what they leave
 */
record BronzeLimits(
    BenchLake lake, String made, SourceShape shape, int round, long events, String expected)
    implements Task {

  private static final String READ = "limit: Kafka read alone";
  private static final String WRITE = "limit: Parquet write alone";
  private static final Duration LOOK = Duration.ofSeconds(1);

  @Override
  public void run(TaskOutput output) throws NoSuchTableException {
    Pipeline pipeline = lake.pipeline();
    for (Passes passes = new Passes(); passes.goOn(); passes.next()) {
      Stopwatch watch = Stopwatch.start();
      long read = read(pipeline);
      Sample sample = sample(watch, READ, passes, 0);
      passes.worked(sample);
      output.sample(sample.judged("%d events".formatted(read), "%d events".formatted(events)));
    }
    SparkSession spark = LakeSession.open(pipeline, "bench-limits");
    Dataset<Row> rows = spark.table(made).persist(StorageLevel.MEMORY_ONLY());
    rows.count();
    for (Passes passes = new Passes(); passes.goOn(); passes.next()) {
      write(spark, rows, passes, output);
    }
  }

  private Sample sample(Stopwatch watch, String limit, Passes passes, long files) {
    return watch.sample(
        BronzeBench.scenario(shape, events), limit, round, passes.isFirst(), events, files);
  }

  /** Reads all events, of each partition in a thread, and looks at none of them. */
  private static long read(Pipeline pipeline) {
    String topic = pipeline.topic(pipeline.tables().get(0));
    Properties reading = KafkaClients.reading(pipeline.kafka());
    reading.put("max.partition.fetch.bytes", Integer.toString(8 << 20));
    ExecutorService threads = Executors.newFixedThreadPool(CapturedTables.PARTITIONS);
    try {
      List<Callable<Long>> parts = new ArrayList<>();
      for (int partition = 0; partition < CapturedTables.PARTITIONS; partition++) {
        TopicPartition part = new TopicPartition(topic, partition);
        parts.add(() -> read(reading, part));
      }
      long events = 0;
      for (Future<Long> part : threads.invokeAll(parts)) {
        events += part.get();
      }
      return events;
    } catch (ExecutionException e) {
      throw new BenchException("Cannot read topic '%s': %s".formatted(topic, e.getCause()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BenchException("Interrupted while reading topic '%s'.".formatted(topic));
    } finally {
      threads.shutdown();
    }
  }

  private static long read(Properties reading, TopicPartition part) {
    long events = 0;
    try (KafkaConsumer<byte[], ByteBuffer> consumer =
        new KafkaConsumer<>(reading, new ByteArrayDeserializer(), new ByteBufferDeserializer())) {
      consumer.assign(List.of(part));
      consumer.seekToBeginning(List.of(part));
      long end = consumer.endOffsets(List.of(part)).get(part);
      while (consumer.position(part) < end) {
        for (ConsumerRecord<byte[], ByteBuffer> record : consumer.poll(LOOK)) {
          events += record.value() == null ? 0 : 1;
        }
      }
    }
    return events;
  }

  /** Writes rows that are in memory, with the settings of our table. */
  private void write(SparkSession spark, Dataset<Row> rows, Passes passes, TaskOutput output)
      throws NoSuchTableException {
    Pipeline pipeline =
        lake.named("%s_limit_%d".formatted(lake.project(), passes.number())).pipeline();
    LakeTable name = pipeline.bronze(pipeline.tables().get(0));
    spark.sql(
        "create namespace if not exists %s.`%s`".formatted(LakeTable.CATALOG, name.database()));
    spark.sql(
        "create table %s using iceberg tblproperties (%s) as select * from %s where false"
            .formatted(name.quoted(), settings(spark), made));
    Stopwatch watch = Stopwatch.start();
    rows.writeTo(name.quoted()).append();
    Table table = new LakeTables(spark).find(name).orElseThrow();
    Sample sample = sample(watch, WRITE, passes, BronzeRun.files(table));
    passes.worked(sample);
    output.sample(
        sample.judged(
            BronzeEvents.checksum(spark, BronzeEvents.Kind.OURS, name.quoted(), shape), expected));
  }

  private String settings(SparkSession spark) {
    Map<String, String> settings =
        spark.sql("show tblproperties " + made).collectAsList().stream()
            .filter(row -> row.getString(0).startsWith("write."))
            .collect(Collectors.toMap(row -> row.getString(0), row -> row.getString(1)));
    return settings.entrySet().stream()
        .map(setting -> "'%s' = '%s'".formatted(setting.getKey(), setting.getValue()))
        .collect(Collectors.joining(", "));
  }
}
