/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.chaos;

import static java.util.stream.Collectors.joining;

import dev.cdclake.chaos.FuzzOutcome.Kind;
import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.RejectReason;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.line.LakeLine;
import dev.cdclake.local.LocalLine;
import dev.cdclake.local.ScenarioTopics;
import dev.cdclake.local.ShortBatches;
import dev.cdclake.verify.TableVerdict;
import dev.cdclake.verify.VerifyJob;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Plays one script on a line that captures its tables, and compares source and silver at its end.
 *
 * <p>Its sessions take turns on one thread, so the same script does the same every time: a
 * statement that waits for another session's lock is refused after a moment.
 */
final class FuzzPlay implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final int ROWS_SHOWN = 30;

  private final LocalLine line;
  private final ScenarioTopics topics;
  private final SparkSession spark;
  private final Pipeline pipeline;
  private final FuzzScript script;
  private final String name;
  private final ShortBatches batches;
  private final Map<String, Session> sessions = new TreeMap<>();
  private final Set<Integer> refused = new HashSet<>();
  private final Set<RejectReason> explained = new HashSet<>();

  FuzzPlay(
      LocalLine line,
      ScenarioTopics topics,
      SparkSession spark,
      Pipeline pipeline,
      FuzzScript script,
      String name) {
    this.line = line;
    this.topics = topics;
    this.spark = spark;
    this.pipeline = pipeline;
    this.script = script;
    this.name = name;
    this.batches = new ShortBatches(spark, pipeline);
  }

  FuzzOutcome play() {
    try {
      for (int i = 0; i < script.steps().size(); i++) {
        if (!step(script.steps().get(i))) {
          refused.add(i);
        }
      }
      for (Session session : sessions.values()) {
        session.end();
      }
      runLakeToTheEnd();
      return compare();
    } catch (Exception | AssertionError e) {
      StringWriter text = new StringWriter();
      e.printStackTrace(new PrintWriter(text));
      boolean captured = !(e instanceof AssertionError);
      return outcome(captured ? Kind.CRASHED : Kind.NOT_CAPTURED, text.toString());
    }
  }

  private boolean step(FuzzStep step) throws SQLException {
    if (step instanceof FuzzStep.Do act) {
      boolean done = session(act.session()).execute(script.sql(act.statement(), name));
      if (done) {
        explained.addAll(act.explains());
      }
      return done;
    }
    if (step instanceof FuzzStep.Run run) {
      runLake(run.events(), run.silver());
      return true;
    }
    if (sessions.values().stream().anyMatch(session -> session.open)) {
      return false;
    }
    runLakeToTheEnd();
    FuzzOutcome between = compare();
    if (between.failed()) {
      throw new IllegalStateException("Differs in between: " + between.text());
    }
    return true;
  }

  private void runLake(long events, boolean silver) throws SQLException {
    topics.awaitCaptured(line);
    batches.run(silver ? List.of(Stage.BRONZE, Stage.SILVER) : List.of(Stage.BRONZE), events);
  }

  private void runLakeToTheEnd() throws SQLException {
    topics.awaitCaptured(line);
    try (LakeLine lake = new LakeLine(spark, pipeline, report -> {})) {
      lake.runAvailable(Set.of(Stage.BRONZE, Stage.SILVER));
    }
  }

  private FuzzOutcome compare() {
    String doubled = doubled();
    if (!doubled.isEmpty()) {
      return outcome(Kind.DOUBLED, doubled);
    }
    Map<String, Map<String, Long>> rejected = rejected();
    Set<String> reasons = new TreeSet<>();
    rejected.values().forEach(byReason -> reasons.addAll(byReason.keySet()));
    explained.forEach(reason -> reasons.remove(reason.name()));
    if (!reasons.isEmpty()) {
      return outcome(Kind.REJECTED, "unexplained " + reasons + " of " + rejected);
    }
    String password = pipeline.source().password().in(System.getenv()).orElse(null);
    List<String> different = new ArrayList<>();
    for (TableVerdict verdict : new VerifyJob(spark, pipeline).run(password, PATIENCE).tables()) {
      long rows = verdict.missing() + verdict.extra() + verdict.different();
      long events =
          rejected.getOrDefault(verdict.table(), Map.of()).values().stream()
              .mapToLong(Long::longValue)
              .sum();
      // One rejected event leaves at most one row behind the source.
      if (rows > events) {
        different.add(verdict.toString());
        different.add(bothSides(verdict.table()));
      }
    }
    if (!different.isEmpty()) {
      return outcome(Kind.DIFFERENT, String.join(System.lineSeparator(), different));
    }
    return rejected.isEmpty()
        ? outcome(Kind.EQUAL, "")
        : outcome(Kind.EXPLAINED, "rejected " + rejected);
  }

  /** Returns the rows of a table as source and silver have them, for people. */
  private String bothSides(String lakeName) {
    SourceTable table =
        pipeline.tables().stream()
            .filter(listed -> listed.lakeName().equals(lakeName))
            .findFirst()
            .orElseThrow();
    StringBuilder text = new StringBuilder();
    try (Connection connection = line.openSource();
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "select t::text from %s t order by 1 limit %d"
                    .formatted(table.name().quoted(), ROWS_SHOWN))) {
      while (rows.next()) {
        text.append("source ").append(shortened(rows.getString(1))).append('\n');
      }
    } catch (SQLException e) {
      text.append(e.getMessage());
    }
    spark
        .table(pipeline.silver(table).quoted())
        .where(ChangeColumns.IS_ACTIVE)
        .limit(ROWS_SHOWN)
        .collectAsList()
        .forEach(row -> text.append("silver ").append(shortened(row.toString())).append('\n'));
    return text.toString();
  }

  private static String shortened(String row) {
    return row.replaceAll("[0-9a-f]{60,}", "<long>");
  }

  private String doubled() {
    LakeTables lake = new LakeTables(spark);
    String query =
        pipeline.tables().stream()
            .map(pipeline::bronze)
            .filter(table -> lake.find(table).isPresent())
            .map(FuzzPlay::countEvents)
            .collect(joining(" union all "));
    return query.isEmpty()
        ? ""
        : spark.sql(query).collectAsList().stream()
            .filter(row -> row.getLong(1) != row.getLong(2))
            .map(row -> "%s: %s rows of %s events".formatted(row.get(0), row.get(1), row.get(2)))
            .collect(joining(", "));
  }

  private static String countEvents(LakeTable table) {
    return "select '%s', count(*), count(distinct %s, %s) from %s"
        .formatted(
            table.name().replace("'", ""),
            ChangeColumns.PARTITION,
            ChangeColumns.OFFSET,
            table.quoted());
  }

  /** Returns, by table and reason, how many events were rejected. */
  private Map<String, Map<String, Long>> rejected() {
    Map<String, Map<String, Long>> rejected = new TreeMap<>();
    if (new LakeTables(spark)
        .find(pipeline.rejectedRows())
        .filter(table -> table.currentSnapshot() != null)
        .isEmpty()) {
      return rejected;
    }
    Map<String, String> tables = new TreeMap<>();
    for (SourceTable table : pipeline.tables()) {
      tables.put(pipeline.topic(table), table.lakeName());
    }
    for (Row row :
        spark
            .sql(
                "select topic, reason, count(*) from %s group by all"
                    .formatted(pipeline.rejectedRows().quoted()))
            .collectAsList()) {
      rejected
          .computeIfAbsent(tables.get(row.getString(0)), table -> new TreeMap<>())
          .put(row.getString(1), row.getLong(2));
    }
    return rejected;
  }

  private FuzzOutcome outcome(Kind kind, String text) {
    return new FuzzOutcome(kind, text, refused);
  }

  private Session session(String of) throws SQLException {
    Session session = sessions.get(of);
    if (session == null) {
      session = new Session(line.openSource());
      sessions.put(of, session);
    }
    return session;
  }

  @Override
  public void close() throws SQLException {
    batches.close();
    for (Session session : sessions.values()) {
      session.connection.close();
    }
  }

  /** A session of the source, in which a refused statement leaves an open transaction usable. */
  private static final class Session {
    private final Connection connection;
    private boolean open;

    Session(Connection connection) throws SQLException {
      this.connection = connection;
      run("set lock_timeout = '100ms'");
      run("set statement_timeout = '20s'");
    }

    /** Runs a statement; returns false if PostgreSQL refuses it. */
    boolean execute(String sql) throws SQLException {
      boolean guarded = open && !sql.equals("commit") && !sql.equals("rollback");
      if (guarded) {
        run("savepoint refusal");
      }
      try {
        run(sql);
      } catch (SQLException e) {
        if (guarded) {
          run("rollback to refusal");
        }
        open &= !sql.equals("commit");
        return false;
      }
      open = sql.equals("begin") || (open && guarded);
      if (guarded && !sql.startsWith("savepoint ") && !sql.startsWith("rollback to ")) {
        run("release refusal");
      }
      return true;
    }

    /** Ends a transaction that is still open, without its changes. */
    void end() throws SQLException {
      if (open) {
        run("rollback");
        open = false;
      }
    }

    private void run(String sql) throws SQLException {
      try (Statement statement = connection.createStatement()) {
        statement.execute(sql);
      }
    }
  }
}
