/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cdclake.connect.Capture;
import dev.cdclake.connect.CaptureException;
import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Source;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.Stage;
import dev.cdclake.contract.TableName;
import dev.cdclake.lake.LakeSession;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.line.LakeLine;
import dev.cdclake.line.Resnapshot;
import dev.cdclake.source.SnapshotSignals;
import dev.cdclake.verify.TableVerdict;
import dev.cdclake.verify.Verdict;
import dev.cdclake.verify.VerifyJob;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * Loses changes on purpose, everywhere between the source's log and bronze, on real servers: each
 * loss is noticed, named, and mended on command. The line is one of its own, because its slot,
 * topics and server suffer; a test leaves it mended for the next.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class GapIT {

  private static final Duration PATIENCE = Duration.ofMinutes(3);

  /** A table without a key. */
  private static final String LOOSE = "public.loose";

  private static final List<String> TABLES =
      List.of("public.expired", "public.recreated", "public.busy", "public.kept", LOOSE);

  private static final List<String> told = new CopyOnWriteArrayList<>();
  private static Path state;
  private static Pipeline pipeline;
  private static LocalLine line;
  private static SparkSession spark;
  private static Lake lake;

  /** The lake's jobs at work, as {@code up} runs them. */
  private static final class Lake {

    private final List<String> problems = new CopyOnWriteArrayList<>();
    private final LakeLine jobs;
    private final Thread thread;

    Lake() {
      jobs = new LakeLine(spark, pipeline, report -> {}, problems::add);
      thread =
          new Thread(
              () -> jobs.runContinuously(EnumSet.of(Stage.BRONZE, Stage.SILVER)), "lake-of-gaps");
      thread.start();
    }

    void close() throws InterruptedException {
      jobs.stop();
      thread.join();
      jobs.close();
    }
  }

  @BeforeAll
  static void start() throws Exception {
    Path target = Files.createDirectories(Path.of("target").toAbsolutePath());
    state = Files.createTempDirectory(target, "gaps-");
    pipeline = PipelineOnFreePorts.of(state, TABLES.toArray(String[]::new));
    line = LocalLine.start(pipeline, told::add, EnumSet.of(LocalLine.Part.POSTGRES));
    for (String table : TABLES) {
      sql("create table %s (id int primary key, note text)".formatted(table));
      sql("insert into %s select i, 'first' from generate_series(1, 100) i".formatted(table));
    }
    sql("alter table %s drop constraint loose_pkey, replica identity full".formatted(LOOSE));
    line.close();
    copy(state.resolve("postgres"), state.resolve("older-copy"));
    line = LocalLine.start(pipeline, told::add);
    sql("update public.kept set note = 'written after the copy'");
    if (System.getProperty("spark.master") == null) {
      System.setProperty("spark.master", "local[2]");
      System.setProperty("spark.driver.host", "localhost");
    }
    spark = LakeSession.open(pipeline, "gaps");
  }

  @AfterAll
  static void stop() throws Exception {
    if (lake != null) {
      lake.close();
    }
    if (spark != null) {
      spark.stop();
    }
    if (line != null) {
      line.close();
    }
    delete(state);
  }

  @Test
  @Order(1)
  void changeOfATransactionThatRanDuringTheFirstSnapshotIsKept() throws Exception {
    try (Connection first = line.openSource();
        Connection second = line.openSource();
        Connection third = line.openSource()) {
      // A slot is complete once the transactions of two moments have ended; one that began after
      // the second moment writes before the snapshot's position and commits behind it.
      begin(first, "insert into public.kept values (1001, 'first')");
      Thread capture = new Thread(() -> line.capture(), "capture-of-gaps");
      capture.start();
      awaitTrue(() -> slotExists());
      begin(second, "insert into public.kept values (1002, 'second')");
      first.commit();
      TimeUnit.SECONDS.sleep(3);
      begin(third, "update public.kept set note = 'written while the slot was made' where id = 7");
      second.commit();
      TimeUnit.SECONDS.sleep(3);
      third.commit();
      capture.join();
    }
    lake = new Lake();

    assertEqual();
  }

  @Test
  @Order(2)
  void eventsThatExpiredBeforeTheyWereReadStopTheTableUntilItIsReadAnew() throws Exception {
    lake.close();
    sql("update public.expired set note = 'lost' where id <= 10");
    sql("delete from public.expired where id = 11");
    sql("insert into public.recreated values (2001, 'the others go on')");
    String topic = topic("public.expired");
    try (ScenarioTopics topics = new ScenarioTopics(pipeline)) {
      topics.awaitCaptured(line);
      topics.loseEvents(topic);
    }
    lake = new Lake();

    awaitTold("Cannot read on from topic '" + topic + "'");
    awaitRows("select count(*) from %s where id = 2001", "public.recreated", 1);
    assertThat(resnapshot("public.expired")).isEqualTo(Map.of("expired", 1L));
    assertEqual();
  }

  @Test
  @Order(3)
  void topicThatWasCreatedAnewAndGrewStopsTheTableUntilItIsReadAnew() throws Exception {
    lake.close();
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", pipeline.kafka().bootstrap()))) {
      String topic = topic("public.recreated");
      admin.deleteTopics(List.of(topic)).all().get();
      TimeUnit.SECONDS.sleep(1);
      admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get();
    }
    sql("delete from public.recreated where id = 5");
    sql("insert into public.recreated select i, 'many' from generate_series(3001, 3600) i");
    awaitCaptured();
    lake = new Lake();

    awaitTold("it was created anew");
    resnapshot("public.recreated");
    assertEqual();
  }

  @Test
  @Order(4)
  void rowsThatAreRejectedWhenTheyAreReadAnewDoNotEnd() throws Exception {
    sql("alter table public.expired alter note type float using 1.5");
    sql("update public.expired set note = 2.5 where id = 1");
    awaitCaptured();

    assertThatThrownBy(() -> resnapshot("public.expired"))
        .isInstanceOf(CaptureException.class)
        .hasMessageContaining("99 of the rows that were read or changed meanwhile were rejected");
    assertThat(problems()).anyMatch(problem -> problem.contains("reading it anew did not end"));
    awaitRows("select count(*) from %s where is_active", "public.expired", 99);

    sql("alter table public.expired alter note type text");
    sql("update public.expired set note = 'text again' where id = 1");
    assertThat(resnapshot("public.expired")).isEqualTo(Map.of("expired", 0L));
    assertThat(problems()).isEmpty();
    assertEqual();
  }

  @Test
  @Order(5)
  void tableThatIsReadAnewWhileItChangesIsEqual() throws Exception {
    sql("insert into public.busy select i, repeat('x', 200) from generate_series(101, 20000) i");
    AtomicBoolean done = new AtomicBoolean();
    Thread writer =
        new Thread(
            () -> {
              int i = 0;
              while (!done.get()) {
                int id = 1 + i * 7919 % 20000;
                String change =
                    switch (i % 4) {
                      case 0 -> "update public.busy set note = 'changed %d' where id = %d";
                      case 1 -> "delete from public.busy where note <> 'kept %d' and id = %d";
                      case 2 -> "insert into public.busy values (100000 + %d, 'new') -- %d";
                      default ->
                          "begin; update public.busy set note = 'slow %d' where id = %d;"
                              + " select pg_sleep(0.1); commit";
                    };
                sqlQuietly(change.formatted(i++, id));
              }
            },
            "writer-of-gaps");
    writer.start();
    try {
      resnapshot("public.busy");
    } finally {
      done.set(true);
      writer.join();
    }

    assertEqual();
  }

  @Test
  @Order(6)
  void tableNamedLaterIsCapturedWithTheRowsThatItHad() throws Exception {
    sql("create table public.later (id int primary key, note text)");
    sql("insert into public.later select i, 'before' from generate_series(1, 50) i");
    List<SourceTable> tables = new ArrayList<>(pipeline.tables());
    tables.add(SourceTable.of(TableName.parse("public.later")));
    change(pipeline.withTables(tables));
    sql("update public.later set note = 'since' where id = 9");

    // Nothing proves that they are read: the marks of the comparison may overtake them.
    awaitRows("select count(*) from %s", "public.later", 50);
    assertEqual();
  }

  @Test
  @Order(7)
  void tableDroppedInTheSourceLeavesTheOthersAlone() throws Exception {
    sql("drop table public.later");
    change(pipeline);
    awaitTold("has no table public.later; the others are captured");
    sql("insert into public.kept values (4001, 'goes on')");
    awaitRows("select count(*) from %s where id = 4001", "public.kept", 1);
    assertThat(verdict("later").extra()).isEqualTo(50);
    assertThat(verdict("kept").isEqual()).isTrue();

    List<SourceTable> tables = new ArrayList<>(pipeline.tables());
    tables.removeIf(table -> table.lakeName().equals("later"));
    change(pipeline.withTables(tables));
    assertEqual();
  }

  @Test
  @Order(8)
  void tablesThatAreAllReadAnewWhileTheyChangeAreEqual() throws Exception {
    interruptedBeforeItBegan();
    told.clear();
    FutureTask<Map<String, Long>> reading = new FutureTask<>(() -> resnapshot());
    try (Connection running = line.openSource()) {
      begin(running, "update public.kept set note = 'slow' where id = 30");
      new Thread(reading, "resnapshot-of-gaps").start();
      awaitTold("Waiting for the transactions that are running");
      sql("insert into public.busy values (1000001, 'deleted before it is read')");
      sql("insert into %s values (1000001, 'read once')".formatted(LOOSE));
      TimeUnit.SECONDS.sleep(3);
      sql("delete from public.busy where id = 1000001");
      running.commit();
    }
    reading.get();

    assertEqual();
    assertThat(problems()).isEmpty();
  }

  /** A run that died after it stopped the connector is told of; what {@code up} does goes on. */
  private static void interruptedBeforeItBegan() throws Exception {
    line.connect().stop(pipeline.connectorName());
    try (Connection source = line.openSource()) {
      SnapshotSignals.begin(source, List.of(TableName.parse("public.kept")));
    }
    assertThat(problems())
        .anyMatch(problem -> problem.contains("stopped the connector and did not end"))
        .anyMatch(problem -> problem.contains("Rows of public.kept that are gone"));
    assertThatThrownBy(() -> resnapshot("public.kept"))
        .hasMessageStartingWith("Cannot read tables anew, because the connector does it.")
        .hasMessageContaining("'./cdclake up' starts them");
    new Capture(pipeline, line.connect(), told::add).start();
  }

  @Test
  @Order(9)
  void slotThatIsLostStopsCaptureAndRowsDeletedMeanwhileEnd() throws Exception {
    told.clear();
    line.connect().stop(pipeline.connectorName());
    sql("select pg_drop_replication_slot('%s')".formatted(pipeline.source().slot()));
    sql("delete from public.kept where id in (20, 21, 22)");
    sql("update public.kept set note = 'nobody saw it' where id = 23");
    line.capture();

    String lost = "replication slot '%s' does not exist".formatted(pipeline.source().slot());
    awaitTold(lost);
    assertThat(problems()).singleElement().asString().contains(lost);
    Map<String, Long> ended = resnapshot();
    assertThat(ended).containsEntry("kept", 3L).containsEntry("expired", 0L);
    awaitRows("select count(*) from %s where _op = 'g' and not is_active", "public.kept", 3);
    assertEqual();
  }

  @Test
  @Order(10)
  void olderCopyOfTheSourceStopsCaptureUntilANewEpochBegins() throws Exception {
    line.close();
    delete(state.resolve("postgres"));
    copy(state.resolve("older-copy"), state.resolve("postgres"));
    told.clear();
    line = LocalLine.start(pipeline, told::add);
    line.capture();

    awaitTold("an older copy was restored");
    assertThatThrownBy(GapIT::resnapshot)
        .isInstanceOf(CaptureException.class)
        .hasMessageContaining("Raise source.epoch to 2");
    restart(withEpoch(2));
    awaitTold("source.epoch is 2 (expected epoch 1, which is being captured)");
    resnapshot();
    assertEqual();
    awaitRows(
        "select count(*) from %s where " + ChangeColumns.EPOCH + " = 2 and is_active",
        "public.kept",
        100);
  }

  @Test
  @Order(11)
  void topicThatIsGoneWithTheRowsOfItsTableStopsTheTableUntilItIsReadAnew() throws Exception {
    lake.close();
    sql("delete from public.recreated");
    awaitCaptured();
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", pipeline.kafka().bootstrap()))) {
      admin.deleteTopics(List.of(topic("public.recreated"))).all().get();
    }
    lake = new Lake();

    awaitTold("there is no such topic");
    assertThat(resnapshot("public.recreated").get("recreated")).isPositive();
    awaitRows("select count(*) from %s where is_active", "public.recreated", 0);
    sql("insert into public.recreated values (1, 'goes on')");
    assertEqual();
  }

  private static Map<String, Long> resnapshot(String... names) throws SQLException {
    Capture capture = new Capture(pipeline, line.connect(), told::add);
    Resnapshot resnapshot = new Resnapshot(spark, pipeline, capture, told::add);
    List<SourceTable> tables =
        pipeline.tables().stream()
            .filter(table -> List.of(names).contains(table.name().toString()))
            .toList();
    return names.length == 0 ? resnapshot.all(PATIENCE) : resnapshot.tables(tables, PATIENCE);
  }

  private static List<String> problems() {
    return new Capture(pipeline, line.connect(), told::add).problems();
  }

  private static TableVerdict verdict(String table) {
    return new VerifyJob(spark, pipeline)
        .run(null, PATIENCE).tables().stream()
            .filter(one -> one.table().equals(table))
            .findFirst()
            .orElseThrow();
  }

  /** Goes on with another pipeline file, as {@code up} does, while the servers stay up. */
  private static void change(Pipeline changed) throws Exception {
    lake.close();
    pipeline = changed;
    new Capture(pipeline, line.connect(), told::add).start();
    lake = new Lake();
  }

  private static void restart(Pipeline changed) throws Exception {
    lake.close();
    line.close();
    pipeline = changed;
    line = LocalLine.start(pipeline, told::add);
    line.capture();
    lake = new Lake();
  }

  private static Pipeline withEpoch(int epoch) {
    Source now = pipeline.source();
    Source raised =
        new Source(
            now.embedded(),
            now.host(),
            now.port(),
            now.database(),
            now.user(),
            now.password(),
            now.sslMode(),
            now.publication(),
            now.slot(),
            epoch);
    return new Pipeline(
        pipeline.project(),
        pipeline.environment(),
        raised,
        pipeline.kafka(),
        pipeline.tables(),
        pipeline.gold(),
        pipeline.maintenance(),
        pipeline.profile());
  }

  private static void assertEqual() {
    Verdict verdict = new VerifyJob(spark, pipeline).run(null, PATIENCE);
    for (TableVerdict table : verdict.tables()) {
      assertThat(table.isEqual()).as("silver equals the source: %s", table).isTrue();
    }
  }

  private static void awaitCaptured() throws SQLException {
    try (ScenarioTopics topics = new ScenarioTopics(pipeline)) {
      topics.awaitCaptured(line);
    }
  }

  private static void awaitRows(String query, String table, long count) throws Exception {
    String sql = query.formatted(pipeline.silver(source(table)).quoted());
    awaitTrue(
        () ->
            new LakeTables(spark).find(pipeline.silver(source(table))).isPresent()
                && spark.sql(sql).head().getLong(0) == count);
  }

  private static void awaitTold(String part) throws Exception {
    awaitTrue(
        () -> Stream.concat(told.stream(), lake.problems.stream()).anyMatch(s -> s.contains(part)));
  }

  private interface Question {
    boolean isTrue() throws Exception;
  }

  private static void awaitTrue(Question question) throws Exception {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!question.isTrue()) {
      assertThat(System.nanoTime()).as("still not so; told: %s", told).isLessThan(deadline);
      TimeUnit.MILLISECONDS.sleep(200);
    }
  }

  private static boolean slotExists() throws SQLException {
    try (Connection connection = line.openSource();
        Statement statement = connection.createStatement()) {
      return statement.executeQuery("select from pg_replication_slots").next();
    }
  }

  private static SourceTable source(String table) {
    return pipeline.tables().stream()
        .filter(listed -> listed.name().equals(TableName.parse(table)))
        .findFirst()
        .orElseThrow();
  }

  private static String topic(String table) {
    return pipeline.topic(source(table));
  }

  private static void begin(Connection connection, String sql) throws SQLException {
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static void sql(String text) throws SQLException {
    try (Connection connection = line.openSource();
        Statement statement = connection.createStatement()) {
      statement.execute(text);
    }
  }

  private static void sqlQuietly(String text) {
    try {
      sql(text);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(from.relativize(file)), StandardCopyOption.COPY_ATTRIBUTES);
      }
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
