/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.crash;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.Stage;
import dev.cdclake.lake.RejectedRows;
import dev.cdclake.line.Replay;
import dev.cdclake.local.ExtraConnector;
import dev.cdclake.local.LocalLine.Part;
import dev.cdclake.local.ScenarioTopics;
import dev.cdclake.local.ShortBatches;
import dev.cdclake.local.servers.PidFile;
import dev.cdclake.runtime.FaultPoint;
import dev.cdclake.runtime.KafkaClients;
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;

/** Strikes a line, lets it recover, and looks what is missing. */
final class CrashPlay {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** How long silver may take to fold all tables anew. */
  private static final Duration ANEW = Duration.ofMinutes(4);

  /** Longer than the jobs wait for a locked catalog, and than several tries take. */
  private static final Duration OUTAGE = Duration.ofSeconds(4);

  private static final int CHANCE_MILLIS = 2_000;
  private static final int ROWS_OF_A_SNAPSHOT = 40_000;
  private static final Replay.Choice ALL =
      new Replay.Choice(Set.of(), Set.of(), Set.of(), Integer.MAX_VALUE);

  private final CrashLine line;
  private int snapshots;

  CrashPlay(CrashLine line) {
    this.line = line;
  }

  /**
   * Strikes the line and starts its jobs again.
   *
   * @param run its number at this point, from 1
   */
  Blow strike(CrashPoint point, int run) throws Exception {
    Blow blow = strikeAt(point, run);
    line.restartJob();
    return blow;
  }

  /**
   * Returns the run of a blow that is not waited for: the next one may come before the line is up.
   */
  CrashRun goOn(CrashPoint point, Blow blow) {
    return run(point, blow, blow.damage(), OptionalLong.empty());
  }

  /** Waits until the line has recovered from a blow, and compares what it has now. */
  CrashRun recover(CrashPoint point, Blow blow) throws Exception {
    line.awaitPublished(blow.lsn());
    Duration recovery = Duration.between(blow.at(), Instant.now());
    Comparison comparison = new Comparison(line);
    if (point == CrashPoint.GOLD_BEFORE_WRITING || point == CrashPoint.GOLD_AFTER_COMMIT) {
      comparison.awaitGold(blow.at());
    }
    Damage damage = blow.damage().plus(comparison.ofPublished());
    line.writer().pause();
    try {
      damage = damage.plus(comparison.ofEverything());
    } finally {
      line.writer().resume();
    }
    return run(point, blow, damage, OptionalLong.of(recovery.toMillis()));
  }

  private CrashRun run(CrashPoint point, Blow blow, Damage damage, OptionalLong recoveryMillis) {
    return new CrashRun(
        Instant.now(),
        point,
        blow.killed(),
        damage.lost(),
        damage.doubled(),
        recoveryMillis,
        line.writer().committed(),
        String.join("; ", damage.findings()));
  }

  private Blow strikeAt(CrashPoint point, int run) throws Exception {
    return switch (point) {
      case POSTGRES -> shutDownPostgres();
      case CONNECT_WHILE_SNAPSHOTTING -> killConnectInSnapshot();
      case CONNECT_WHILE_STREAMING -> kill(Part.CONNECT);
      case KAFKA -> kill(Part.KAFKA);
      case BRONZE_BEFORE_READING,
          BRONZE_WHILE_WRITING,
          BRONZE_BEFORE_COMMIT,
          BRONZE_AFTER_FIRST_COMMIT,
          BRONZE_BEFORE_WATERMARK,
          SILVER_WHILE_WRITING,
          SILVER_BEFORE_COMMIT,
          SILVER_AFTER_COMMIT,
          SILVER_BEFORE_PUBLISHING,
          GOLD_BEFORE_WRITING,
          GOLD_AFTER_COMMIT,
          MAINTAIN_BEFORE_COMPACTION_COMMIT,
          MAINTAIN_AFTER_COMPACTION,
          MAINTAIN_DURING_EXPIRY ->
          dieAt(FaultPoint.valueOf(point.name()), run);
      case REPLAY_BEFORE_COMMIT, REPLAY_AFTER_COMMIT ->
          replayAndDie(FaultPoint.valueOf(point.name()));
      case JOB_AT_ANY_MOMENT -> killJob(run);
      case CATALOG_UNREACHABLE -> lockCatalog();
      case DISK_FULL -> refuseWrites();
    };
  }

  /** Lets the jobs die at a pass of a point, another one in every run. */
  private Blow dieAt(FaultPoint point, int run) throws Exception {
    boolean perRow =
        point == FaultPoint.BRONZE_WHILE_WRITING || point == FaultPoint.SILVER_WHILE_WRITING;
    line.job().dieAt(point, 1 + (perRow ? run * 7 % 20 : run % 2));
    line.job().awaitDeath();
    return died(1);
  }

  /** Kills the jobs' process. */
  private Blow killJob(int run) throws Exception {
    TimeUnit.MILLISECONDS.sleep(new Random(run).nextInt(CHANCE_MILLIS));
    line.job().kill();
    line.job().awaitDeath();
    return died(1);
  }

  /** Kills a server; its supervisor starts it again. */
  private Blow kill(Part part) throws SQLException {
    line.servers().kill(part);
    Blow blow = died(1);
    line.servers().awaitUp(part);
    return blow;
  }

  /** Shuts PostgreSQL down as {@code pg_ctl stop -m immediate} does. */
  private Blow shutDownPostgres() throws Exception {
    long lsn = line.writer().position();
    ProcessHandle server =
        PidFile.of(line.state().resolve("run"), "postgres").process().orElseThrow();
    call("kill", "-QUIT", String.valueOf(server.pid()));
    awaitTrue("PostgreSQL is down", () -> !PidFile.isRunning(server));
    Instant at = Instant.now();
    line.servers().awaitUp(Part.POSTGRES);
    return new Blow(at, 1, lsn, Damage.NONE);
  }

  /**
   * Kills the worker when a part of a snapshot is on the topics, changes the rows before it is
   * back, and compares the snapshot's tables.
   */
  private Blow killConnectInSnapshot() throws Exception {
    String name = "snapshot" + ++snapshots;
    List<String> tables = List.of(name + "_keyed", name + "_plain");
    execute(
        """
        create table %1$s (id int primary key, note text);
        create table %2$s (id int, note text);
        alter table %2$s replica identity full;
        insert into %1$s select n, md5(n::text) from generate_series(1, %3$d) n;
        insert into %2$s select n, md5(n::text) from generate_series(1, %3$d) n;
        """
            .formatted(tables.get(0), tables.get(1), ROWS_OF_A_SNAPSHOT / 2));
    Pipeline other = line.other(name, tables);
    try (ExtraConnector connector = new ExtraConnector(line.servers(), other);
        ScenarioTopics topics = new ScenarioTopics(other, PATIENCE);
        ShortBatches lake = new ShortBatches(line.spark(), other)) {
      connector.register();
      awaitTrue("a part of the snapshot was captured", () -> captured(other) > 0);
      line.servers().kill(Part.CONNECT);
      Blow blow = died(1);
      assertThat(captured(other)).as("captured rows").isLessThan(ROWS_OF_A_SNAPSHOT);
      for (String table : tables) {
        execute(
            """
            delete from %1$s where id %% 10 = 0;
            update %1$s set note = 'changed' where id %% 10 = 1;
            insert into %1$s values (-1, 'new');
            """
                .formatted(table));
      }
      line.servers().awaitUp(Part.CONNECT);
      awaitTrue(
          "the connector says that its snapshot was interrupted",
          () -> connector.failure().contains("resnapshot --all"));
      FutureTask<Void> anew =
          new FutureTask<>(
              () -> {
                connector.captureAnew(line.spark(), ANEW);
                return null;
              });
      new Thread(anew, "capture-anew").start();
      while (!anew.isDone()) {
        lake.run(List.of(Stage.BRONZE, Stage.SILVER), Integer.MAX_VALUE);
      }
      anew.get();
      topics.awaitCaptured(line.servers());
      lake.run(List.of(Stage.BRONZE, Stage.SILVER), Integer.MAX_VALUE);
      return new Blow(blow.at(), 1, blow.lsn(), Comparison.ofSilver(line.spark(), other));
    }
  }

  /** Returns how many events the topics of a pipeline show. */
  private static long captured(Pipeline pipeline) {
    try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(pipeline.kafka())) {
      Set<String> existing = consumer.listTopics().keySet();
      List<TopicPartition> partitions =
          pipeline.tables().stream()
              .map(pipeline::topic)
              .filter(existing::contains)
              .map(topic -> new TopicPartition(topic, 0))
              .toList();
      return consumer.endOffsets(partitions).values().stream().mapToLong(Long::longValue).sum();
    }
  }

  /** Has a row held back, relaxes the expectation, and lets a replay die and run again. */
  private Blow replayAndDie(FaultPoint point) throws Exception {
    Pipeline relaxed = line.relaxed();
    SourceTable items =
        relaxed.tables().stream()
            .filter(table -> table.lakeName().equals("items"))
            .findFirst()
            .orElseThrow();
    RejectedRows rejected = new RejectedRows(line.lake(), relaxed);
    line.writer().commitEmptyItem();
    awaitTrue(
        "a row is held back",
        () -> !rejected.pending(line.spark(), Stage.SILVER, relaxed.topic(items)).isEmpty());
    line.dyingVerb("replay", point).awaitDeath();
    Blow blow = died(1);
    new Replay(line.spark(), relaxed).run(ALL);
    return blow;
  }

  /** Locks the catalog's file for longer than anybody waits for it. */
  private Blow lockCatalog() throws Exception {
    awaitJobs();
    try (Connection catalog =
            DriverManager.getConnection(
                "jdbc:sqlite:%s?busy_timeout=30000".formatted(line.catalogFile()));
        Statement statement = catalog.createStatement()) {
      statement.execute("begin exclusive");
      long reached = line.writer().position();
      TimeUnit.NANOSECONDS.sleep(OUTAGE.toNanos());
      statement.execute("rollback");
      return outlived(reached);
    }
  }

  /**
   * Refuses every write of the jobs to a file, as a full disk does: their limit of a file's size
   * becomes zero while they run.
   */
  private Blow refuseWrites() throws Exception {
    awaitJobs();
    String job = String.valueOf(line.job().id());
    call("prlimit", "--pid", job, "--fsize=0:");
    long reached = line.writer().position();
    TimeUnit.NANOSECONDS.sleep(OUTAGE.toNanos());
    Blow blow = outlived(reached);
    call("prlimit", "--pid", job, "--fsize=unlimited:");
    return blow;
  }

  /** Waits until the jobs have begun: an outage ends those that start, as it may. */
  private void awaitJobs() throws Exception {
    line.awaitPublished(line.writer().position());
  }

  /**
   * The jobs must have stood still, else there was no outage; and they must go on by themselves.
   */
  private Blow outlived(long reached) throws SQLException {
    assertThat(line.published()).as("published during the outage").isLessThanOrEqualTo(reached);
    assertThat(line.job().isAlive()).as("the jobs outlived the outage").isTrue();
    return died(0);
  }

  private Blow died(int killed) throws SQLException {
    Instant now = Instant.now();
    return new Blow(now, killed, line.writer().position(), Damage.NONE);
  }

  private void execute(String sql) throws SQLException {
    try (Connection connection = line.servers().openSource();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static void call(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as("%s said %s", String.join(" ", command), said).isZero();
  }

  private static void awaitTrue(String what, Callable<Boolean> condition) throws Exception {
    Instant deadline = Instant.now().plus(PATIENCE);
    while (!condition.call()) {
      assertThat(Instant.now()).as("%s within %s", what, PATIENCE).isBefore(deadline);
      TimeUnit.MILLISECONDS.sleep(50);
    }
  }
}
