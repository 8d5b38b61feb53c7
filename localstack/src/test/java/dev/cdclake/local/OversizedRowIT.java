/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.connect.ConnectorStatus;
import dev.cdclake.contract.Kafka;
import dev.cdclake.contract.Pipeline;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A row larger than Kafka takes: what is said, what waits, and how it goes on. */
class OversizedRowIT {

  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final int ROW = 20 << 20;

  /** More rows than the connector sends to Kafka at once. */
  private static final int ROWS = 10_000;

  @TempDir private Path state;
  private final List<String> told = new CopyOnWriteArrayList<>();

  @Test
  void connectorStopsAtARowThatIsTooLargeAndGoesOnOnceTheLimitIsRaised() throws Exception {
    Pipeline pipeline = PipelineOnFreePorts.of(state, "public.files", "public.others");
    try (LocalLine line = LocalLine.start(pipeline, told::add)) {
      execute(line, "create table files (id int primary key, content text)");
      execute(line, "create table others (id int primary key)");
      line.capture();
      // Each message has the position of the row behind it, and arrives ahead of all rows.
      execute(
          line,
          "do $$ begin for id in 1..%d loop insert into files values (id, 'small');"
                  .formatted(ROWS - 1)
              + " perform pg_logical_emit_message(false, 'it', ''); end loop;"
              + " insert into files values (%d, repeat('x', %d)); end $$".formatted(ROWS, ROW));
      execute(line, "insert into others values (1)");

      await(() -> line.connect().status("it").filter(ConnectorStatus::isFailed).isPresent());

      await(() -> told.stream().anyMatch(step -> step.contains("RecordTooLargeException")));
      assertThat(told)
          .anySatisfy(
              step ->
                  assertThat(step)
                      .startsWith("Connector 'it' failed; restarting it:")
                      .contains("max.request.size"));
      assertThat(waitingBytes(line)).isPositive();
      try (ScenarioTopics topics = new ScenarioTopics(pipeline)) {
        assertThat(topics.sizes(pipeline.topic(pipeline.tables().get(0))))
            .as("what is sent of the transaction before its large row")
            .isNotEmpty();
      }
    }

    Pipeline raised = withMaxMessage(pipeline, 32 << 20);
    try (LocalLine line = LocalLine.start(raised, told::add)) {
      line.capture();
      try (ScenarioTopics topics = new ScenarioTopics(raised)) {
        topics.awaitCaptured(line);
        assertThat(topics.sizes(raised.topic(raised.tables().get(0))))
            .hasSize(ROWS)
            .anyMatch(size -> size > ROW);
        assertThat(topics.sizes(raised.topic(raised.tables().get(1)))).hasSize(1);
      }
    }
  }

  private static Pipeline withMaxMessage(Pipeline pipeline, int bytes) {
    Kafka kafka = pipeline.kafka();
    return new Pipeline(
        pipeline.project(),
        pipeline.environment(),
        pipeline.source(),
        new Kafka(
            kafka.embedded(),
            kafka.bootstrap(),
            kafka.connectEmbedded(),
            kafka.connectUrl(),
            kafka.topicPrefix(),
            kafka.partitions(),
            bytes,
            kafka.properties()),
        pipeline.tables(),
        pipeline.gold(),
        pipeline.maintenance(),
        pipeline.profile());
  }

  private static void execute(LocalLine line, String sql) throws SQLException {
    try (Connection connection = line.openSource();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** Returns how much log the source keeps for the connector. */
  private static long waitingBytes(LocalLine line) throws SQLException {
    try (Connection connection = line.openSource();
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "select pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn)::bigint"
                    + " from pg_replication_slots")) {
      row.next();
      return row.getLong(1);
    }
  }

  private static void await(Callable<Boolean> condition) throws Exception {
    Instant deadline = Instant.now().plus(PATIENCE);
    while (!condition.call()) {
      assertThat(Instant.now()).as("time").isBefore(deadline);
      Thread.sleep(200);
    }
  }
}
