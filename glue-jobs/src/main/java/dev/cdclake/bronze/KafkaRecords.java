/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bronze;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cdclake.bronze.TopicRanges.Range;
import dev.cdclake.contract.Kafka;
import dev.cdclake.contract.Secret;
import dev.cdclake.contract.Secrets;
import java.util.Map;
import java.util.function.ToLongFunction;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Reads ranges of several topics as one data set of Kafka records.
 *
 * <p>Records of transactions that were rolled back are left out. See <a
 * href="https://spark.apache.org/docs/latest/streaming/structured-streaming-kafka-integration.html">Spark's
 * Kafka source</a>.
 */
final class KafkaRecords {

  /** Columns by position, as {@link #read} orders them. */
  static final int KEY = 0;

  static final int VALUE = 1;
  static final int TOPIC = 2;
  static final int PARTITION = 3;
  static final int OFFSET = 4;
  static final int HEADERS = 5;

  private static final ObjectMapper JSON = new ObjectMapper();

  private KafkaRecords() {}

  static Dataset<Row> read(
      SparkSession spark, Kafka kafka, Map<String, Map<Integer, Range>> ranges) {
    DataFrameReader reader = spark.read().format("kafka");
    Secret.resolve(kafka.properties(), Secrets.known())
        .forEach((key, value) -> reader.option("kafka." + key, value));
    return reader
        .option("kafka.bootstrap.servers", kafka.bootstrap())
        .option("kafka.isolation.level", "read_committed")
        .option("kafka.max.poll.records", "5000")
        .option("kafka.max.partition.fetch.bytes", Integer.toString(32 << 20))
        .option("kafka.fetch.max.bytes", Integer.toString(64 << 20))
        .option("assign", assign(ranges))
        .option("startingOffsets", offsets(ranges, Range::from))
        .option("endingOffsets", offsets(ranges, Range::to))
        .option("maxRecordsPerPartition", "100000")
        .option("includeHeaders", "true")
        .option("failOnDataLoss", "true")
        .load()
        .select("key", "value", "topic", "partition", "offset", "headers");
  }

  private static String assign(Map<String, Map<Integer, Range>> ranges) {
    ObjectNode json = JSON.createObjectNode();
    ranges.forEach(
        (topic, partitions) -> partitions.keySet().forEach(json.withArrayProperty(topic)::add));
    return json.toString();
  }

  private static String offsets(
      Map<String, Map<Integer, Range>> ranges, ToLongFunction<Range> offset) {
    ObjectNode json = JSON.createObjectNode();
    ranges.forEach(
        (topic, partitions) -> {
          ObjectNode next = json.putObject(topic);
          partitions.forEach(
              (partition, range) ->
                  next.put(Integer.toString(partition), offset.applyAsLong(range)));
        });
    return json.toString();
  }
}
