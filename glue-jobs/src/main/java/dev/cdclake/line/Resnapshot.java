/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.line;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cdclake.bronze.Barrier;
import dev.cdclake.bronze.BronzeJob;
import dev.cdclake.connect.Capture;
import dev.cdclake.connect.CaptureException;
import dev.cdclake.connect.CaptureGap;
import dev.cdclake.connect.ConnectorConfig;
import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Secrets;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.Stage;
import dev.cdclake.contract.TableName;
import dev.cdclake.failure.FailureCode;
import dev.cdclake.failure.PipelineException;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.lake.Progress;
import dev.cdclake.lake.RejectedRows;
import dev.cdclake.lake.TopicIdentity;
import dev.cdclake.runtime.KafkaClients;
import dev.cdclake.source.FoundTable;
import dev.cdclake.source.SnapshotSignals;
import dev.cdclake.source.SourceCatalog;
import dev.cdclake.source.SourceDatabase;
import dev.cdclake.source.SourceIdentity;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.spark.sql.SparkSession;

/**
 * Reads tables of the source anew while changes go on, and ends the rows that are gone.
 *
 * <p>The steps, in order: stop the connector, if all tables are read through a new slot; note the
 * end of the source's log and wait until every transaction that was running has ended; have the
 * connector read the tables; let bronze pass the gaps; once silver has all that was read, put a
 * barrier behind it. A row that was last changed before the noted position and was not read is
 * gone. One that dies on the way is simply run again; the source remembers that it did not end.
 */
public final class Resnapshot {

  private static final Duration SILENCE = Duration.ofMinutes(5);
  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final Duration OFTEN = Duration.ofMillis(250);
  private static final Duration SELDOM = Duration.ofSeconds(10);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String OLDEST_RUNNING = "txid_snapshot_xmin(txid_current_snapshot())";

  private final SparkSession spark;
  private final LakeTables lake;
  private final RejectedRows rejectedRows;
  private final Pipeline pipeline;
  private final Capture capture;
  private final Consumer<String> progress;

  /** What the connector does when asked. */
  private interface Request {
    /** Returns which notifications are about it. */
    Predicate<JsonNode> send(Connection source) throws SQLException;
  }

  /**
   * Describes a reading of tables; nothing is done yet.
   *
   * @param progress is told every step, in words
   */
  public Resnapshot(
      SparkSession spark, Pipeline pipeline, Capture capture, Consumer<String> progress) {
    this.spark = spark;
    this.lake = new LakeTables(spark);
    this.rejectedRows = new RejectedRows(lake, pipeline);
    this.pipeline = pipeline;
    this.capture = capture;
    this.progress = progress;
  }

  /**
   * Reads some tables, chunk by chunk; each needs a key.
   *
   * @param allowed how long transactions may run that do now, and how long silver may take to fold
   *     what was read
   * @return by table: the rows that were gone from the source
   */
  public Map<String, Long> tables(List<SourceTable> tables, Duration allowed) throws SQLException {
    refuseWhereNothingIsCaptured();
    try (Connection source = SourceDatabase.open(pipeline.source(), Secrets.known())) {
      refuseWithoutKey(source, tables);
    }
    List<TableName> names = tables.stream().map(SourceTable::name).toList();
    return run(
        tables,
        source -> {
          String id = SnapshotSignals.request(source, names);
          return told -> id.equals(told.path("id").asText());
        },
        allowed);
  }

  /**
   * Captures everything from the beginning, through a new replication slot.
   *
   * @param allowed how long transactions may run that do now, and how long silver may take to fold
   *     what was read
   * @return by table: the rows that were gone from the source
   */
  public Map<String, Long> all(Duration allowed) throws SQLException {
    Optional<CaptureGap> gap = capture.gapBehindProgress();
    if (gap.isPresent() && gap.get().needsNewEpoch()) {
      throw new CaptureException(gap.get().message());
    }
    List<SourceTable> tables = inSource();
    // A change behind the noted position must come through the new slot alone: what the old one
    // brought of it would stay, if its row is gone when the tables are read, or be there twice.
    AtomicBoolean stopped = new AtomicBoolean(capture.stop());
    try {
      awaitUnread();
      return run(
          tables,
          source -> {
            stopped.set(false);
            capture.startAnew();
            return told -> "Initial Snapshot".equals(told.path("aggregate_type").asText());
          },
          allowed);
    } finally {
      if (stopped.get()) {
        // Nothing was begun, and nothing is lost: the slot kept what was not read.
        goOn();
      }
    }
  }

  /** Waits until nobody reads the slot: a connector says that it stopped before its task has. */
  private void awaitUnread() throws SQLException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    try (Connection source = SourceDatabase.open(pipeline.source(), Secrets.known())) {
      while (SourceIdentity.isRead(source, pipeline.source().slot())) {
        if (System.nanoTime() >= deadline) {
          throw new CaptureException(
              "Cannot read the tables anew: somebody still reads replication slot '%s' after %d s (expected nobody, the connector is stopped). Look at pg_replication_slots, then run it again."
                  .formatted(pipeline.source().slot(), PATIENCE.toSeconds()));
        }
        pause();
      }
    }
  }

  /** Does not hide why the tables were not read. */
  private void goOn() {
    try {
      capture.goOn();
    } catch (CaptureException e) {
      progress.accept(e.getMessage());
    }
  }

  /** A table that was dropped is not read: its rows stay as they are. */
  private List<SourceTable> inSource() throws SQLException {
    try (Connection source = SourceDatabase.open(pipeline.source(), Secrets.known())) {
      return SourceCatalog.present(source, pipeline.tables());
    }
  }

  private void refuseWhereNothingIsCaptured() throws SQLException {
    Optional<CaptureGap> gap = capture.gapBehindProgress();
    if (gap.isPresent()) {
      throw new CaptureException(gap.get().message());
    }
    Optional<String> standstill = capture.standstill();
    if (standstill.isPresent()) {
      throw new CaptureException(
          "Cannot read tables anew, because the connector does it. " + standstill.get());
    }
  }

  private static void refuseWithoutKey(Connection source, List<SourceTable> tables) {
    Map<TableName, FoundTable> found = new HashMap<>();
    SourceCatalog.read(source, tables.stream().map(SourceTable::name).toList())
        .forEach(table -> found.put(table.name(), table));
    for (SourceTable table : tables) {
      if (!found.containsKey(table.name())) {
        throw new CaptureException(
            "Cannot read table %s anew: the source has no such table (expected it). Take it out of the pipeline file."
                .formatted(table.name()));
      }
      if (table.key().isEmpty() && found.get(table.name()).primaryKey().isEmpty()) {
        throw new CaptureException(
            ("Cannot read table %s anew by itself: it has no key to read it by in chunks (expected a"
                    + " primary key, or 'key' in the pipeline file). Run './cdclake resnapshot --all'.")
                .formatted(table.name()));
      }
    }
  }

  private Map<String, Long> run(List<SourceTable> tables, Request request, Duration allowed)
      throws SQLException {
    long began;
    Map<String, Map<Integer, Long>> from;
    try (Connection source = SourceDatabase.open(pipeline.source(), Secrets.known());
        Notifications notifications = new Notifications()) {
      SnapshotSignals.begin(source, tables.stream().map(SourceTable::name).toList());
      began = awaitRunning(source, allowed);
      from = BronzeJob.written(pipeline, tables);
      Predicate<JsonNode> ours = request.send(source);
      notifications.await(ours);
    }
    makeMissingTopics(tables);
    Map<String, Map<Integer, Long>> to = BronzeJob.written(pipeline, tables);
    BronzeJob.passGaps(lake, pipeline, tables)
        .forEach(table -> progress.accept("Bronze reads %s on behind its gap".formatted(table)));
    long deadline = System.nanoTime() + allowed.toNanos();
    progress.accept(
        "Waiting for silver to fold what was read: the next turn of bronze and silver does");
    Map<SourceTable, Long> barriers = new LinkedHashMap<>();
    List<String> refused = new ArrayList<>();
    for (SourceTable table : tables) {
      String topic = pipeline.topic(table);
      if (to.getOrDefault(topic, Map.of()).values().stream().allMatch(end -> end == 0)
          && !isInLake(table)) {
        finish(table);
        continue;
      }
      Optional<String> refusal =
          refusal(table, from.getOrDefault(topic, Map.of()), to.get(topic), deadline);
      if (refusal.isPresent()) {
        refused.add(refusal.get());
      } else {
        barriers.put(table, Barrier.send(pipeline, table, began));
        finish(table);
      }
    }
    progress.accept("Barriers are sent: the next turn ends the rows that are gone");
    Map<String, Long> ended = ended(barriers, began, deadline);
    if (!refused.isEmpty()) {
      throw new CaptureException(String.join("\n", refused));
    }
    return ended;
  }

  /**
   * Makes topics that are gone, if the lake has read from them: the barrier, which ends the rows
   * that they brought, needs one.
   */
  private void makeMissingTopics(List<SourceTable> tables) {
    Map<String, Map<Integer, Long>> there = BronzeJob.written(pipeline, tables);
    MissingTopics.create(
        pipeline,
        tables.stream()
            .filter(this::isInLake)
            .map(pipeline::topic)
            .filter(topic -> !there.containsKey(topic))
            .collect(Collectors.toSet()));
  }

  /** Whether bronze has read any event of a table. */
  private boolean isInLake(SourceTable table) {
    return bronze(table).offsets(pipeline.topic(table)).values().stream()
        .anyMatch(next -> next > 0);
  }

  private void finish(SourceTable table) throws SQLException {
    try (Connection source = SourceDatabase.open(pipeline.source(), Secrets.known())) {
      SnapshotSignals.finish(source, table.name());
    }
  }

  /**
   * Waits until silver has folded what was read. A row whose newest version was rejected looks like
   * one that was not read: a barrier would end it.
   *
   * @param from by partition: where the topic ended before the first row was read
   * @param to by partition: where it ended behind the last one
   * @return why rows may not be ended; empty if they may
   */
  private Optional<String> refusal(
      SourceTable table, Map<Integer, Long> from, Map<Integer, Long> to, long deadline) {
    String cannot = "Cannot end the rows of table %s that are gone: ".formatted(table.name());
    String again =
        "run './cdclake resnapshot %s' again; until then they stay active.".formatted(table.name());
    long start = System.nanoTime();
    while (true) {
      Progress bronze = bronze(table);
      Map<Integer, Long> end = inLake(bronze, table, to);
      if (isFolded(table, bronze, end)) {
        // Not before: what is rejected so far may be a part of it.
        long rejected =
            rejectedRows.countBetween(
                spark, pipeline.topic(table), inLake(bronze, table, from), end);
        return rejected == 0
            ? Optional.empty()
            : Optional.of(
                cannot
                    + "%,d of the rows that were read or changed meanwhile were rejected (expected none: they would end, too). './cdclake rejected' says why; put it right, then %s"
                        .formatted(rejected, again));
      }
      if (System.nanoTime() >= deadline) {
        return Optional.of(
            cannot
                + "silver has not folded what was read (expected it in the time of --wait). Keep './cdclake up' running, then "
                + again);
      }
      pauseAfter(start);
    }
  }

  /** Returns offsets of a topic as the lake counts them. */
  private Map<Integer, Long> inLake(
      Progress bronze, SourceTable table, Map<Integer, Long> offsets) {
    Optional<TopicIdentity> identity = bronze.topic(pipeline.topic(table));
    Map<Integer, Long> counted = new TreeMap<>();
    offsets.forEach(
        (partition, offset) ->
            counted.put(partition, offset + identity.map(one -> one.base(partition)).orElse(0L)));
    return counted;
  }

  /**
   * Returns the end of the log, once every transaction that was running there has ended: what one
   * of them wrote before that position is in the tables when they are read, or never.
   */
  private long awaitRunning(Connection source, Duration allowed) throws SQLException {
    long deadline = System.nanoTime() + allowed.toNanos();
    try (Statement statement = source.createStatement()) {
      long lsn = number(statement, "pg_current_wal_insert_lsn() - '0/0'::pg_lsn");
      // Asked for afterwards: a transaction that wrote before the position began before this one.
      long next = number(statement, "txid_snapshot_xmax(txid_current_snapshot())");
      boolean told = false;
      while (number(statement, OLDEST_RUNNING) < next) {
        if (!told) {
          progress.accept("Waiting for the transactions that are running in the source");
          told = true;
        }
        if (System.nanoTime() >= deadline) {
          throw new CaptureException(
              "Cannot read the tables anew: a transaction that was running in the source has not ended (expected it in the time of --wait). pg_stat_activity, by backend_xid and xact_start, or pg_prepared_xacts tells which; end it, then run again.");
        }
        pause();
      }
      return lsn;
    }
  }

  private static long number(Statement statement, String expression) throws SQLException {
    try (ResultSet row = statement.executeQuery("select " + expression)) {
      row.next();
      return row.getLong(1);
    }
  }

  /** Waits until silver has the barriers, and counts the rows that they ended. */
  private Map<String, Long> ended(Map<SourceTable, Long> barriers, long began, long deadline) {
    Map<String, Long> ended = new LinkedHashMap<>();
    for (Map.Entry<SourceTable, Long> barrier : barriers.entrySet()) {
      SourceTable table = barrier.getKey();
      Map<Integer, Long> behind = inLake(bronze(table), table, Map.of(0, barrier.getValue() + 1));
      long start = System.nanoTime();
      while (!isFolded(table, bronze(table), behind)) {
        if (System.nanoTime() >= deadline) {
          throw new PipelineException(
              Stage.SILVER,
              FailureCode.BEHIND,
              "Cannot tell which rows of table %s are gone: silver has not folded what was read in the time allowed (expected it within --wait). Nothing is lost: a running line, or './cdclake run all', goes on with it."
                  .formatted(table.name()));
        }
        pauseAfter(start);
      }
      ended.put(table.lakeName(), countEnded(table, began));
    }
    return ended;
  }

  private long countEnded(SourceTable table, long began) {
    if (lake.find(pipeline.silver(table)).isEmpty()) {
      return 0;
    }
    return spark
        .sql(
            "select count(*) from %s where %s = '%s' and %s = %d"
                .formatted(
                    pipeline.silver(table).quoted(),
                    ChangeColumns.OP,
                    ChangeColumns.BARRIER,
                    ChangeColumns.LSN,
                    began))
        .head()
        .getLong(0);
  }

  private Progress bronze(SourceTable table) {
    return lake.find(pipeline.bronze(table))
        .map(found -> Progress.of(found, Stage.BRONZE))
        .orElse(Progress.NONE);
  }

  /** Whether silver has everything below some offsets; a table without a row is not in silver. */
  private boolean isFolded(SourceTable table, Progress bronze, Map<Integer, Long> ends) {
    Map<Integer, Long> folded =
        lake.find(pipeline.silver(table))
            .map(silver -> Progress.of(silver, Stage.SILVER))
            .orElse(bronze)
            .offsets(pipeline.topic(table));
    return ends.entrySet().stream()
        .allMatch(end -> folded.getOrDefault(end.getKey(), 0L) >= end.getValue());
  }

  /** Asks often at first, then seldom: where silver runs in turns, the next one may be far away. */
  private static void pauseAfter(long start) {
    long seldom = Math.min(SELDOM.toNanos(), (System.nanoTime() - start) / 20);
    pause(Duration.ofNanos(Math.max(OFTEN.toNanos(), seldom)));
  }

  private static void pause() {
    pause(OFTEN);
  }

  private static void pause(Duration time) {
    try {
      TimeUnit.NANOSECONDS.sleep(time.toNanos());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CaptureException("Cannot wait for the snapshot: the wait was interrupted.", e);
    }
  }

  /** What the connector tells of its snapshots, from the moment of creation on. */
  private final class Notifications implements AutoCloseable {

    private final KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(pipeline.kafka());
    private final TopicPartition topic =
        new TopicPartition(ConnectorConfig.notificationTopic(pipeline), 0);

    Notifications() {
      consumer.assign(List.of(topic));
      if (consumer.listTopics().containsKey(topic.topic())) {
        consumer.seekToEnd(List.of(topic));
        consumer.position(topic);
      }
    }

    /** Waits until the snapshot is complete, and tells how it gets on. */
    void await(Predicate<JsonNode> ours) {
      Standstill standstill = new Standstill(SILENCE, this::captured, System::nanoTime);
      while (true) {
        for (ConsumerRecord<byte[], byte[]> told : consumer.poll(Duration.ofMillis(200))) {
          JsonNode notification = payload(told.value());
          if (ours.test(notification)) {
            standstill.moved();
            if (isComplete(notification)) {
              return;
            }
          }
        }
        if (standstill.isReached()) {
          throw new CaptureException(
              ("Cannot read the tables anew: the connector neither told nor wrote anything for %d s"
                      + " (expected its progress). See './cdclake status' and the worker's log,"
                      + " then run again.")
                  .formatted(SILENCE.toSeconds()));
        }
      }
    }

    /**
     * Returns how far the connector is. Of a table it tells only when it begins and ends to read
     * it, and a signal waits behind what was not captured yet: either may take long.
     */
    private Optional<Object> captured() {
      Optional<String> failure;
      Optional<Object> captured;
      try {
        failure = capture.failure();
        captured =
            Optional.of(
                List.of(BronzeJob.written(pipeline, pipeline.tables()), capture.capturedLsn()));
      } catch (CaptureException | PipelineException e) {
        // A worker or broker that is gone for a moment.
        return Optional.empty();
      }
      failure.ifPresent(
          reason -> {
            throw new CaptureException("Cannot read the tables anew. " + reason);
          });
      return captured;
    }

    private boolean isComplete(JsonNode told) {
      JsonNode data = told.path("additional_data");
      switch (told.path("type").asText()) {
        case "TABLE_SCAN_COMPLETED" -> {
          String status = data.path("status").asText();
          String table = data.path("scanned_collection").asText();
          if (!status.equals("SUCCEEDED") && !status.equals("EMPTY")) {
            throw new CaptureException(
                ("Cannot read table %s anew: the connector says %s (expected SUCCEEDED). See the"
                        + " worker's log, then run again.")
                    .formatted(table, status));
          }
          progress.accept(
              "Read %s: %s rows".formatted(table, data.path("total_rows_scanned").asText("0")));
        }
        case "IN_PROGRESS" -> {
          if (data.hasNonNull("last_processed_key")) {
            progress.accept(
                "Reading %s: key %s of %s"
                    .formatted(
                        data.path("current_collection_in_progress").asText(),
                        data.path("last_processed_key").asText(),
                        data.path("maximum_key").asText()));
          }
        }
        case "ABORTED" ->
            throw new CaptureException(
                "Cannot read the tables anew: the snapshot was aborted (expected it to complete)."
                    + " Run again.");
        case "COMPLETED" -> {
          return true;
        }
        default -> {
          // STARTED and the like: nothing to do.
        }
      }
      return false;
    }

    private static JsonNode payload(byte[] value) {
      try {
        JsonNode document = JSON.readTree(value);
        return document.has("payload") ? document.get("payload") : document;
      } catch (IOException e) {
        throw new IllegalStateException(
            "Notifications are JSON: " + new String(value, StandardCharsets.UTF_8), e);
      }
    }

    @Override
    public void close() {
      consumer.close();
    }
  }
}
