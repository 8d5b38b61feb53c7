/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cdclake.contract.Pipeline;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalLineIT {

  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final Duration QUIET = Duration.ofSeconds(3);

  @TempDir private Path state;
  private final List<String> told = new CopyOnWriteArrayList<>();

  @Test
  void killedServersComeBackAndEveryRowIsCapturedOnce() throws Exception {
    Pipeline pipeline = PipelineOnFreePorts.of(state, "public.parcels");
    try (LocalLine line = LocalLine.start(pipeline, told::add)) {
      execute(line, "create table parcels (id int primary key, label text)");
      line.capture();
      try (KafkaConsumer<String, String> consumer = consumer(pipeline)) {
        execute(line, "insert into parcels values (1, 'before')");
        assertThat(idsUntilQuiet(consumer, 1)).containsExactly(1);

        line.kill(LocalLine.Part.CONNECT);
        execute(line, "insert into parcels values (2, 'while Connect is away')");
        line.awaitUp(LocalLine.Part.CONNECT);
        assertThat(idsUntilQuiet(consumer, 1)).containsExactly(2);

        line.kill(LocalLine.Part.KAFKA);
        execute(line, "insert into parcels values (3, 'while Kafka is away')");
        line.awaitUp(LocalLine.Part.KAFKA);
        assertThat(idsUntilQuiet(consumer, 1)).containsExactly(3);

        line.kill(LocalLine.Part.POSTGRES);
        line.awaitUp(LocalLine.Part.POSTGRES);
        execute(line, "insert into parcels values (4, 'after PostgreSQL was away')");
        assertThat(idsUntilQuiet(consumer, 1)).containsExactly(4);
      }
    }
    assertThat(told)
        .anyMatch(step -> step.startsWith("Connect died; starting it again"))
        .anyMatch(step -> step.startsWith("Kafka died; starting it again"))
        .anyMatch(step -> step.startsWith("PostgreSQL died; starting it again"));
    assertThat(processFiles()).isEmpty();
  }

  private static void execute(LocalLine line, String sql) throws SQLException {
    try (Connection connection = line.openSource();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static KafkaConsumer<String, String> consumer(Pipeline pipeline) {
    KafkaConsumer<String, String> consumer =
        new KafkaConsumer<>(
            Map.of(
                "bootstrap.servers",
                pipeline.kafka().bootstrap(),
                "isolation.level",
                "read_committed",
                "auto.offset.reset",
                "earliest"),
            new StringDeserializer(),
            new StringDeserializer());
    consumer.assign(List.of(new TopicPartition(pipeline.topic(pipeline.tables().get(0)), 0)));
    return consumer;
  }

  /** Reads until as many ids came and nothing more follows them. */
  private static List<Integer> idsUntilQuiet(KafkaConsumer<String, String> consumer, int count)
      throws IOException {
    List<Integer> ids = new ArrayList<>();
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (ids.size() < count && System.nanoTime() < end) {
      addIds(consumer, Duration.ofMillis(200), ids);
    }
    long quiet = System.nanoTime() + QUIET.toNanos();
    while (System.nanoTime() < quiet) {
      addIds(consumer, Duration.ofMillis(200), ids);
    }
    return ids;
  }

  private static void addIds(
      KafkaConsumer<String, String> consumer, Duration wait, List<Integer> ids) throws IOException {
    ObjectMapper json = new ObjectMapper();
    for (ConsumerRecord<String, String> event : consumer.poll(wait)) {
      JsonNode after = json.readTree(event.value()).path("payload").path("after");
      ids.add(after.path("id").asInt());
    }
  }

  private List<Path> processFiles() throws IOException {
    try (Stream<Path> files = Files.list(state.resolve("run"))) {
      return files.toList();
    }
  }
}
