/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import dev.cdclake.contract.Stage;
import dev.cdclake.runtime.FaultPoint;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** One step of a {@link Scenario}, as its file says it. */
sealed interface ScenarioStep {

  /** Verbs with more than one key. */
  Map<String, Set<String>> OPTIONS =
      Map.of(
          "sql", Set.of("sql", "on"),
          "run", Set.of("run", "fails", "events-per-batch"),
          "replay", Set.of("replay", "die-at"));

  /** Does what the step says; an expectation that is not met is an {@link AssertionError}. */
  void play(ScenarioPlay play) throws Exception;

  /** Runs SQL on the source, in one transaction unless the text begins its own. */
  record Sql(String text) implements ScenarioStep {
    @Override
    public void play(ScenarioPlay play) throws Exception {
      play.sql(text);
    }
  }

  /** Runs SQL in a session that stays open, so that transactions can overlap. */
  record SqlOn(String session, String text) implements ScenarioStep {
    @Override
    public void play(ScenarioPlay play) throws Exception {
      play.sql(session, text);
    }
  }

  /**
   * Puts records on a table's topic, past the connector.
   *
   * @param table the table's name in the source
   * @param key replaces the key of every record; an empty text stands for no key
   * @param value of the one record to make; null makes a tombstone
   * @param again the events to put there a second time, counted from one; empty for all
   * @param repeated whether events are repeated rather than one made
   * @param replace regular expressions, each with what takes its place in key and value
   */
  record Produce(
      String table,
      String key,
      String value,
      List<Integer> again,
      boolean repeated,
      Map<String, String> replace)
      implements ScenarioStep {
    @Override
    public void play(ScenarioPlay play) {
      play.produce(this);
    }
  }

  /** Waits until everything committed is captured. */
  record Await() implements ScenarioStep {
    @Override
    public void play(ScenarioPlay play) throws Exception {
      play.awaitCaptured();
    }
  }

  /** Waits until everything committed is captured, then runs stages over what is there. */
  record Run(List<Stage> stages) implements ScenarioStep {
    @Override
    public void play(ScenarioPlay play) throws Exception {
      play.run(stages);
    }
  }

  /** Waits likewise and runs stages, which must fail with a message that begins so. */
  record RunAndFail(List<Stage> stages, String message) implements ScenarioStep {
    @Override
    public void play(ScenarioPlay play) {
      play.runAndFail(stages, message);
    }
  }

  /** The same in short batches: bronze reads so many events at a time, silver follows each. */
  record RunShort(List<Stage> stages, long events) implements ScenarioStep {
    @Override
    public void play(ScenarioPlay play) throws Exception {
      play.runShort(stages, events);
    }
  }

  /** Puts rejected rows through again in a process that dies at a point, as if it were killed. */
  record ReplayAndDie(FaultPoint point) implements ScenarioStep {
    @Override
    public void play(ScenarioPlay play) throws Exception {
      play.replayAndDie(point);
    }
  }

  /** Puts all tables in order; everything that may be expired is. */
  record Maintain() implements ScenarioStep {
    @Override
    public void play(ScenarioPlay play) {
      play.maintain();
    }
  }

  /**
   * Runs SQL again and again while stages run, and asks after every round. In the query, {@code
   * consistent.<table>} is the silver table at the moment that was published last.
   */
  record Meanwhile(String sql, int times, List<Stage> stages, Expect holds)
      implements ScenarioStep {
    @Override
    public void play(ScenarioPlay play) throws Exception {
      play.meanwhile(sql, times, stages, holds);
    }
  }

  /** Fills a column in the rows that are older than it. */
  record Backfill(String table, String column) implements ScenarioStep {
    @Override
    public void play(ScenarioPlay play) {
      play.backfill(table, column);
    }
  }

  /** Compares source and silver, which have to differ, and what is said of it. */
  record ExpectDifferent(String table, long rows, String says) implements ScenarioStep {
    @Override
    public void play(ScenarioPlay play) {
      play.expectDifferent(table, rows, says);
    }
  }

  /** Gives a column the type of the newest events. */
  record Retype(String table, String column) implements ScenarioStep {
    @Override
    public void play(ScenarioPlay play) {
      play.retype(table, column);
    }
  }

  /** Puts all rejected rows through again, and compares how many passed and how many did not. */
  record Replay(Map<String, Long> counts) implements ScenarioStep {
    @Override
    public void play(ScenarioPlay play) {
      play.replay(counts);
    }
  }

  /** Stops the connector, or lets it go on and read what was committed meanwhile. */
  record Capture(boolean running) implements ScenarioStep {
    @Override
    public void play(ScenarioPlay play) {
      play.capture(running);
    }
  }

  /** Asks the lake; cells are compared in one spelling, see {@link ScenarioPlay#spell}. */
  record Expect(String query, List<List<String>> rows) implements ScenarioStep {
    @Override
    public void play(ScenarioPlay play) {
      play.expect(query, rows);
    }
  }

  /** Searches all events of a table, their keys and headers, for texts that must not be there. */
  record ExpectTopic(String table, List<String> lacks) implements ScenarioStep {
    @Override
    public void play(ScenarioPlay play) throws Exception {
      play.expectTopic(table, lacks);
    }
  }

  /** Forgets a row in every layer; its table must have had something of it, and nothing is left. */
  record Forget(String table, Map<String, String> key) implements ScenarioStep {
    @Override
    public void play(ScenarioPlay play) {
      play.forget(table, key);
    }
  }

  /** Compares how many events of the scenario's tables were rejected, by reason. */
  record ExpectRejected(Map<String, Long> reasons) implements ScenarioStep {
    @Override
    public void play(ScenarioPlay play) {
      play.expectRejected(reasons);
    }
  }

  /** Compares what the checks of all tables find, by table and check: how many are broken. */
  record ExpectChecks(Map<String, Long> broken) implements ScenarioStep {
    @Override
    public void play(ScenarioPlay play) {
      play.expectChecks(broken);
    }
  }

  /** Compares what the newest run reported of one table. */
  record ExpectReport(Stage stage, String table, Map<String, Long> counts) implements ScenarioStep {
    @Override
    public void play(ScenarioPlay play) {
      play.expectReport(stage, table, counts);
    }
  }

  /**
   * Compares source and silver of all tables of the scenario, row by row.
   *
   * @param quarantined how many rows are held back, because they break an expectation
   */
  record Verify(long quarantined) implements ScenarioStep {
    @Override
    public void play(ScenarioPlay play) {
      play.verify(quarantined);
    }
  }

  /** Reads a step from its mapping. */
  static ScenarioStep of(Map<String, Object> step) {
    String verb = step.keySet().iterator().next();
    Object told = step.get(verb);
    Scenario.refuseOthers(step, OPTIONS.getOrDefault(verb, Set.of(verb)), "step '" + verb + "'");
    return switch (verb) {
      case "sql" ->
          step.containsKey("on")
              ? new SqlOn(step.get("on").toString(), told.toString())
              : new Sql(told.toString());
      case "produce" -> produce(Scenario.mapping(told, "'produce'"));
      case "await" -> await(told);
      case "run" -> run(told, step);
      case "expect-different" -> different(Scenario.mapping(told, "'expect-different'"));
      case "backfill" -> backfill(Scenario.mapping(told, "'backfill'"));
      case "retype" -> retype(Scenario.mapping(told, "'retype'"));
      case "maintain" -> maintain(told);
      case "replay" -> replay(told, step.get("die-at"));
      case "capture" -> capture(told);
      case "meanwhile" -> meanwhile(Scenario.mapping(told, "'meanwhile'"));
      case "expect" -> expect(Scenario.mapping(told, "'expect'"));
      case "expect-topic" -> expectTopic(Scenario.mapping(told, "'expect-topic'"));
      case "expect-rejected" -> new ExpectRejected(counts(told, verb));
      case "expect-checks" -> new ExpectChecks(counts(told, verb));
      case "expect-report" -> expectReport(Scenario.mapping(told, "'expect-report'"));
      case "forget" -> forget(Scenario.mapping(told, "'forget'"));
      case "verify" -> verify(told);
      default -> throw new IllegalArgumentException("'" + verb + "' is not a step.");
    };
  }

  private static ScenarioStep produce(Map<String, Object> told) {
    Scenario.refuseOthers(
        told, Set.of("table", "key", "value", "again", "replace"), "step 'produce'");
    Object again = told.get("again");
    List<Integer> numbers = new ArrayList<>();
    if (again != null && !"all".equals(again)) {
      Scenario.list(again, "'again'").forEach(n -> numbers.add(Integer.valueOf(n.toString())));
    }
    Map<String, String> replace = new TreeMap<>();
    if (told.containsKey("replace")) {
      Scenario.mapping(told.get("replace"), "'replace'")
          .forEach((old, other) -> replace.put(old, other.toString()));
    }
    return new Produce(
        told.get("table").toString(),
        told.get("key") == null ? null : told.get("key").toString(),
        told.get("value") == null ? null : told.get("value").toString(),
        numbers,
        again != null,
        replace);
  }

  private static ScenarioStep meanwhile(Map<String, Object> told) {
    Scenario.refuseOthers(told, Set.of("sql", "times", "run", "holds"), "step 'meanwhile'");
    return new Meanwhile(
        told.get("sql").toString(),
        Integer.parseInt(told.get("times").toString()),
        stages(told.get("run")),
        expect(Scenario.mapping(told.get("holds"), "'holds'")));
  }

  private static List<Stage> stages(Object told) {
    return (told instanceof List<?> list ? list : List.of(told))
        .stream().map(stage -> Stage.valueOf(stage.toString().toUpperCase(Locale.ROOT))).toList();
  }

  private static ScenarioStep backfill(Map<String, Object> told) {
    Scenario.refuseOthers(told, Set.of("table", "column"), "step 'backfill'");
    return new Backfill(told.get("table").toString(), told.get("column").toString());
  }

  private static ScenarioStep different(Map<String, Object> told) {
    Scenario.refuseOthers(told, Set.of("table", "rows", "says"), "step 'expect-different'");
    return new ExpectDifferent(
        told.get("table").toString(),
        Long.parseLong(told.get("rows").toString()),
        told.get("says").toString());
  }

  private static ScenarioStep retype(Map<String, Object> told) {
    Scenario.refuseOthers(told, Set.of("table", "column"), "step 'retype'");
    return new Retype(told.get("table").toString(), told.get("column").toString());
  }

  private static ScenarioStep run(Object told, Map<String, Object> step) {
    List<Stage> stages = stages(told);
    if (step.containsKey("fails")) {
      return new RunAndFail(stages, step.get("fails").toString());
    }
    if (step.containsKey("events-per-batch")) {
      return new RunShort(stages, Long.parseLong(step.get("events-per-batch").toString()));
    }
    return new Run(stages);
  }

  private static ScenarioStep maintain(Object told) {
    if (!"all".equals(told)) {
      throw new IllegalArgumentException("'maintain' is '" + told + "' (expected 'all').");
    }
    return new Maintain();
  }

  private static ScenarioStep replay(Object told, Object dieAt) {
    return dieAt == null
        ? new Replay(counts(told, "replay"))
        : new ReplayAndDie(FaultPoint.valueOf(dieAt.toString()));
  }

  private static Expect expect(Map<String, Object> told) {
    Scenario.refuseOthers(told, Set.of("query", "rows"), "step 'expect'");
    List<List<String>> rows = new ArrayList<>();
    for (Object row : Scenario.list(told.get("rows"), "'rows'")) {
      List<String> cells = new ArrayList<>();
      Scenario.list(row, "a row").forEach(cell -> cells.add(ScenarioPlay.spell(cell)));
      rows.add(cells);
    }
    return new Expect(told.get("query").toString(), rows);
  }

  private static ScenarioStep forget(Map<String, Object> told) {
    Scenario.refuseOthers(told, Set.of("table", "key"), "step 'forget'");
    Map<String, String> key = new TreeMap<>();
    Scenario.mapping(told.get("key"), "'key'")
        .forEach((column, value) -> key.put(column, value.toString()));
    return new Forget(told.get("table").toString(), key);
  }

  private static ScenarioStep expectTopic(Map<String, Object> told) {
    Scenario.refuseOthers(told, Set.of("table", "lacks"), "step 'expect-topic'");
    List<String> texts = new ArrayList<>();
    Scenario.list(told.get("lacks"), "'lacks'").forEach(text -> texts.add(text.toString()));
    return new ExpectTopic(told.get("table").toString(), texts);
  }

  private static ScenarioStep expectReport(Map<String, Object> told) {
    Stage stage = Stage.valueOf(told.remove("stage").toString().toUpperCase(Locale.ROOT));
    String table = told.remove("table").toString();
    return new ExpectReport(stage, table, counts(told, "expect-report"));
  }

  private static Map<String, Long> counts(Object told, String verb) {
    Map<String, Long> counts = new TreeMap<>();
    Scenario.mapping(told, "'" + verb + "'")
        .forEach((what, count) -> counts.put(what, Long.valueOf(count.toString())));
    return counts;
  }

  private static ScenarioStep capture(Object told) {
    if (!Set.of("stopped", "resumed").contains(told)) {
      throw new IllegalArgumentException(
          "'capture' is '" + told + "' (expected 'stopped' or 'resumed').");
    }
    return new Capture("resumed".equals(told));
  }

  private static ScenarioStep await(Object told) {
    if (!"captured".equals(told)) {
      throw new IllegalArgumentException("'await' is '" + told + "' (expected 'captured').");
    }
    return new Await();
  }

  private static ScenarioStep verify(Object told) {
    if (told instanceof Map<?, ?> map && map.keySet().equals(Set.of("quarantined"))) {
      return new Verify(counts(told, "verify").get("quarantined"));
    }
    if (!"equal".equals(told)) {
      throw new IllegalArgumentException(
          "'verify' is '" + told + "' (expected 'equal' or how many are 'quarantined').");
    }
    return new Verify(0);
  }
}
