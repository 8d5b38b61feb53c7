/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cdclake.check.CheckJob;
import dev.cdclake.check.CheckResult;
import dev.cdclake.contract.Layer;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.Stage;
import dev.cdclake.contract.TableName;
import dev.cdclake.failure.PipelineException;
import dev.cdclake.forget.ForgetJob;
import dev.cdclake.forget.ForgottenTable;
import dev.cdclake.gold.GoldJob;
import dev.cdclake.lake.ConsistentSnapshots;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.line.LakeLine;
import dev.cdclake.line.Replay;
import dev.cdclake.line.Replay.Choice;
import dev.cdclake.local.servers.Installation;
import dev.cdclake.maintain.MaintainJob;
import dev.cdclake.maintain.Maintained;
import dev.cdclake.runtime.FaultPoint;
import dev.cdclake.runtime.StageReport;
import dev.cdclake.silver.ColumnBackfill;
import dev.cdclake.silver.ColumnRetype;
import dev.cdclake.verify.TableVerdict;
import dev.cdclake.verify.Verdict;
import dev.cdclake.verify.VerifyJob;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import scala.collection.Iterable;
import scala.jdk.javaapi.CollectionConverters;

/**
 * One scenario at work: its steps come in, and what they say is done on the line that all scenarios
 * share, with lake jobs that know this scenario's tables alone.
 */
final class ScenarioPlay implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofMinutes(4);
  private static final int KILLED = 137;
  private static final Pattern OWN_TRANSACTION = Pattern.compile("(?im)^\\s*begin\\s*;");
  private static final Pattern LAKE_NAME =
      Pattern.compile("\\b(bronze|silver|gold|consistent)\\.(\\w+)");

  private final LocalLine line;
  private final ScenarioTopics topics;
  private final SparkSession spark;
  private final Pipeline pipeline;
  private final Path pipelineFile;
  private final Map<String, Connection> sessions = new TreeMap<>();
  private List<StageReport> reports = List.of();

  /**
   * Prepares a scenario.
   *
   * @param pipelineFile lists the scenario's tables
   */
  ScenarioPlay(
      LocalLine line,
      ScenarioTopics topics,
      SparkSession spark,
      Pipeline pipeline,
      Path pipelineFile) {
    this.line = line;
    this.topics = topics;
    this.spark = spark;
    this.pipeline = pipeline;
    this.pipelineFile = pipelineFile;
  }

  void sql(String text) throws SQLException {
    try (Connection connection = line.openSource();
        Statement statement = connection.createStatement()) {
      boolean ownTransaction = OWN_TRANSACTION.matcher(text).find();
      connection.setAutoCommit(ownTransaction);
      statement.execute(text);
      if (!ownTransaction) {
        connection.commit();
      }
    }
  }

  void sql(String session, String text) throws SQLException {
    Connection connection = sessions.get(session);
    if (connection == null) {
      connection = line.openSource();
      sessions.put(session, connection);
    }
    try (Statement statement = connection.createStatement()) {
      statement.execute(text);
    }
  }

  void produce(ScenarioStep.Produce step) {
    topics.produce(topic(step.table()), step);
  }

  void awaitCaptured() throws SQLException {
    topics.awaitCaptured(line);
  }

  void run(List<Stage> stages) throws SQLException {
    topics.awaitCaptured(line);
    List<StageReport> told = new ArrayList<>();
    try (LakeLine lake = new LakeLine(spark, pipeline, told::add)) {
      lake.runAvailable(EnumSet.copyOf(stages));
    }
    reports = told;
  }

  /** Runs stages, which must fail with a message that begins so. */
  void runAndFail(List<Stage> stages, String message) {
    assertThatThrownBy(() -> run(stages))
        .isInstanceOf(PipelineException.class)
        .hasMessageStartingWith(message);
  }

  void meanwhile(String sql, int times, List<Stage> stages, ScenarioStep.Expect holds)
      throws Exception {
    ExecutorService writer = Executors.newSingleThreadExecutor();
    try (Connection connection = line.openSource();
        Statement statement = connection.createStatement()) {
      Future<?> writes =
          writer.submit(
              () -> {
                for (int i = 0; i < times; i++) {
                  statement.execute(sql);
                }
                return null;
              });
      Set<Long> moments = new TreeSet<>();
      try (LakeLine lake = new LakeLine(spark, pipeline, report -> {}, problem -> {})) {
        do {
          lake.runAvailable(EnumSet.copyOf(stages));
          Optional<ConsistentSnapshots> moment = moment();
          if (moment.isPresent()) {
            expect(holds.query(), holds.rows());
            moments.add(moment.get().lsn());
          }
        } while (!writes.isDone());
      }
      writes.get();
      assertThat(moments).as("moments that were looked at").hasSizeGreaterThan(2);
    } finally {
      writer.shutdownNow();
    }
  }

  private Optional<ConsistentSnapshots> moment() {
    return ConsistentSnapshots.read(new LakeTables(spark), pipeline);
  }

  void runShort(List<Stage> stages, long events) throws SQLException {
    topics.awaitCaptured(line);
    try (ShortBatches batches = new ShortBatches(spark, pipeline)) {
      reports = batches.run(stages, events);
    }
  }

  void maintain() {
    MaintainJob job = new MaintainJob(spark, new LakeTables(spark), pipeline);
    List<Maintained> told = new ArrayList<>();
    job.run(job.tables(), PATIENCE, told::add);
    assertThat(told).as("maintained tables").isNotEmpty().allMatch(Maintained::complete);
  }

  void replayAndDie(FaultPoint point) throws IOException, InterruptedException {
    List<String> arguments = new ArrayList<>(PipelineFiles.options(pipelineFile));
    arguments.add("replay");
    List<String> command = Installation.current().ownCommand(arguments);
    Path log = pipelineFile.resolveSibling(point + ".log");
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder
        .environment()
        .merge(
            "JAVA_TOOL_OPTIONS",
            "-Xmx1g -Dcdclake.die-at=" + point,
            (inherited, own) -> inherited + " " + own);
    Process process = builder.redirectOutput(log.toFile()).start();
    boolean ended = process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    process.destroyForcibly();
    // Killed by us, it would end with the same code as at the point.
    assertThat(ended).as("death within %s of%n%s", PATIENCE, Files.readString(log)).isTrue();
    assertThat(process.waitFor()).as("exit code of%n%s", Files.readString(log)).isEqualTo(KILLED);
  }

  void backfill(String table, String column) {
    String password = pipeline.source().password().in(System.getenv()).orElse(null);
    new ColumnBackfill(spark, pipeline, source(table)).run(column, password);
  }

  void retype(String table, String column) {
    ColumnRetype.run(spark, pipeline, source(table), column);
  }

  void replay(Map<String, Long> counts) {
    Choice all = new Choice(Set.of(), Set.of(), Set.of(), Integer.MAX_VALUE);
    Map<String, Long> found = new TreeMap<>(Map.of("replayed", 0L, "rejected", 0L));
    for (Replay.Result result : new Replay(spark, pipeline).run(all)) {
      found.merge("replayed", (long) result.accepted(), Long::sum);
      found.merge("rejected", (long) result.refused().size(), Long::sum);
    }
    assertThat(found).as("outcome of the replay").isEqualTo(counts);
  }

  void capture(boolean running) {
    String connector = pipeline.connectorName();
    if (running) {
      line.connect().resume(connector);
      line.connect().waitUntilRunning(connector, PATIENCE);
    } else {
      line.connect().stop(connector);
    }
  }

  void expect(String query, List<List<String>> rows) {
    String real = LAKE_NAME.matcher(query).replaceAll(name -> real(name.group(1), name.group(2)));
    assertThat(rows(real)).as(query).isEqualTo(rows);
  }

  private String real(String layer, String table) {
    if ("consistent".equals(layer)) {
      return real("silver", table)
          + " version as of "
          + moment().orElseThrow().snapshots().get(table);
    }
    return "lake.`%s`.`%s`"
        .formatted(pipeline.database(Layer.valueOf(layer.toUpperCase(Locale.ROOT))), table);
  }

  void forget(String table, Map<String, String> key) {
    SourceTable source = source(table);
    GoldJob gold = new GoldJob(spark, new LakeTables(spark), pipeline);
    List<ForgottenTable> forgotten =
        new ForgetJob(spark, pipeline).run(source, key, false, () -> gold.rebuild(source));
    assertThat(forgotten.get(0).rowsBefore()).as("rows found in bronze").isPositive();
    assertThat(forgotten).as("rows left").allMatch(one -> one.rowsAfter() == 0);
  }

  void expectTopic(String table, List<String> lacks) throws SQLException {
    topics.awaitCaptured(line);
    List<String> events = topics.texts(topic(table));
    assertThat(events).as("events of " + table).isNotEmpty();
    for (String text : lacks) {
      assertThat(events).as("events of " + table).noneMatch(event -> event.contains(text));
    }
  }

  void expectRejected(Map<String, Long> reasons) {
    String topicList =
        pipeline.tables().stream()
            .map(table -> "'" + pipeline.topic(table) + "'")
            .collect(Collectors.joining(", "));
    Map<String, Long> found = new TreeMap<>();
    for (Row row :
        spark
            .sql(
                "select reason, count(distinct topic, _kafka_partition, _kafka_offset), count(*)"
                    + " from %s where topic in (%s) group by reason"
                        .formatted(pipeline.rejectedRows().quoted(), topicList))
            .collectAsList()) {
      assertThat(row.getLong(2)).as("rows of %s, each once", row.get(0)).isEqualTo(row.getLong(1));
      found.put(row.getString(0), row.getLong(1));
    }
    assertThat(found).as("rejected events by reason").isEqualTo(reasons);
  }

  void expectChecks(Map<String, Long> broken) {
    Map<String, Long> found = new TreeMap<>();
    for (CheckResult result : new CheckJob(spark, pipeline).run(Map.of())) {
      found.put(result.table() + " " + result.check(), result.broken());
    }
    assertThat(found).as("rows that break a check").isEqualTo(broken);
  }

  void expectReport(Stage stage, String table, Map<String, Long> counts) {
    Map<String, Long> found = new TreeMap<>();
    for (StageReport report : reports) {
      if (report.stage() == stage && report.table().equals(table)) {
        found.merge("read", report.read(), Long::sum);
        found.merge("written", report.written(), Long::sum);
        found.merge("superseded", report.superseded(), Long::sum);
        found.merge("deleted", report.deleted(), Long::sum);
        found.merge("rejected", report.rejected(), Long::sum);
      }
    }
    found.keySet().retainAll(counts.keySet());
    assertThat(found).as("report of %s %s", stage.label(), table).isEqualTo(counts);
  }

  void verify(long quarantined) {
    String password = pipeline.source().password().in(System.getenv()).orElse(null);
    Verdict verdict = new VerifyJob(spark, pipeline).run(password, PATIENCE);
    for (TableVerdict table : verdict.tables()) {
      assertThat(table.isEqual()).as("silver equals the source: %s", table).isTrue();
      assertThat(table.changedSince()).as("rows left out: %s", table).isZero();
    }
    assertThat(verdict.quarantined()).as("rows held back").isEqualTo(quarantined);
    assertThat(verdict.complete()).as("the source's log proves that nothing is missing").isTrue();
  }

  void expectDifferent(String table, long rows, String says) {
    String password = pipeline.source().password().in(System.getenv()).orElse(null);
    Verdict verdict = new VerifyJob(spark, pipeline).run(password, PATIENCE);
    TableVerdict found =
        verdict.tables().stream()
            .filter(one -> one.table().equals(source(table).lakeName()))
            .findFirst()
            .orElseThrow();
    assertThat(found.different()).as("rows that differ: %s", found).isEqualTo(rows);
    assertThat(String.join("\n", found.examples())).contains(says);
  }

  @Override
  public void close() throws SQLException {
    for (Connection session : sessions.values()) {
      session.close();
    }
  }

  private List<List<String>> rows(String query) {
    List<List<String>> rows = new ArrayList<>();
    for (Row row : spark.sql(query).collectAsList()) {
      List<String> cells = new ArrayList<>();
      for (int i = 0; i < row.size(); i++) {
        cells.add(spell(row.get(i)));
      }
      rows.add(cells);
    }
    return rows;
  }

  private String topic(String table) {
    return pipeline.topic(source(table));
  }

  private SourceTable source(String table) {
    TableName name = TableName.parse(table);
    return pipeline.tables().stream()
        .filter(listed -> listed.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("The scenario has no table " + table));
  }

  /** Spells a cell of YAML and of Spark alike: numbers without zeros at the end, lists as text. */
  static String spell(Object cell) {
    if (cell == null) {
      return null;
    }
    if (cell instanceof byte[] bytes) {
      return HexFormat.of().formatHex(bytes);
    }
    if (cell instanceof Iterable<?> elements) {
      return spell(new ArrayList<>(CollectionConverters.asJavaCollection(elements)));
    }
    if (cell instanceof List<?> elements) {
      List<String> spelt = new ArrayList<>();
      elements.forEach(element -> spelt.add(spell(element)));
      return spelt.toString();
    }
    if (cell instanceof Number number && !"NaN".equals(number.toString())) {
      return new BigDecimal(number.toString()).stripTrailingZeros().toPlainString();
    }
    return cell.toString();
  }
}
