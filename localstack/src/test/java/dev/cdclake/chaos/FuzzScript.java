/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.chaos;

import dev.cdclake.contract.TableName;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.snakeyaml.engine.v2.common.ScalarStyle;

/**
 * What a seed does to the source, and when the lake runs. Tables are named {@code ${a}} and their
 * types {@code ${a.mood}} in its statements, so that the same script can be played any number of
 * times, each time on tables of its own.
 *
 * @param seed that it was made from
 * @param before statements that run before the connector takes its snapshot
 */
record FuzzScript(long seed, List<Table> tables, List<Statement> before, List<FuzzStep> steps) {

  private static final Pattern NAME = Pattern.compile("\\$\\{(\\w)(?:\\.(\\w+))?}");

  /** Rows that a full batch of bronze never reaches here. */
  static final long WHOLE = 1_000_000;

  /**
   * A table.
   *
   * @param letter that stands for it in statements
   * @param style its name in the source, with {@code %s} for the play
   * @param settings its entry in the pipeline file, without the name
   * @param ddl statements that create it
   */
  record Table(String letter, String style, Map<String, Object> settings, List<Statement> ddl) {

    String name(String play) {
      return style.formatted(play);
    }
  }

  FuzzScript {
    tables = List.copyOf(tables);
    before = List.copyOf(before);
    steps = List.copyOf(steps);
  }

  FuzzScript with(List<Table> otherTables) {
    return new FuzzScript(seed, otherTables, before, steps);
  }

  FuzzScript withBefore(List<Statement> other) {
    return new FuzzScript(seed, tables, other, steps);
  }

  FuzzScript withSteps(List<FuzzStep> other) {
    return new FuzzScript(seed, tables, before, other);
  }

  /** Returns a statement's text for one play. */
  String sql(Statement statement, String play) {
    Matcher names = NAME.matcher(statement.sql());
    return names.replaceAll(
        found -> {
          String table = table(found.group(1)).name(play);
          String name = found.group(2) == null ? table : table + "_" + found.group(2);
          return Matcher.quoteReplacement(TableName.quote(name));
        });
  }

  private Table table(String letter) {
    return tables.stream()
        .filter(table -> table.letter().equals(letter))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("The script has no table " + letter));
  }

  /** Whether a statement names only tables of the script. */
  boolean knows(Statement statement) {
    return NAME.matcher(statement.sql())
        .results()
        .allMatch(
            found -> tables.stream().anyMatch(table -> table.letter().equals(found.group(1))));
  }

  /**
   * Returns the script as a scenario file.
   *
   * @param refused numbers of the steps that PostgreSQL refused; they are left out
   */
  String toScenario(String play, Set<Integer> refused) {
    Map<String, Object> file = new LinkedHashMap<>();
    List<Object> entries = new ArrayList<>();
    for (Table table : tables) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("name", table.name(play));
      entry.put("ddl", text(table.ddl(), play));
      entry.putAll(table.settings());
      entries.add(entry);
    }
    file.put("tables", entries);
    if (!before.isEmpty()) {
      file.put("before-capture", text(before, play));
    }
    List<Object> scenarioSteps = new ArrayList<>();
    for (int i = 0; i < steps.size(); i++) {
      if (!refused.contains(i)) {
        scenarioSteps.add(step(steps.get(i), play));
      }
    }
    file.put("steps", scenarioSteps);
    return new Dump(
            DumpSettings.builder()
                .setDefaultFlowStyle(FlowStyle.BLOCK)
                .setDefaultScalarStyle(ScalarStyle.PLAIN)
                .setWidth(100)
                .build())
        .dumpToString(file);
  }

  private String text(List<Statement> statements, String play) {
    return statements.stream()
        .map(statement -> sql(statement, play) + ";")
        .collect(Collectors.joining("\n", "", "\n"));
  }

  private Map<String, Object> step(FuzzStep step, String play) {
    Map<String, Object> entry = new LinkedHashMap<>();
    if (step instanceof FuzzStep.Do act) {
      entry.put("sql", sql(act.statement(), play));
      entry.put("on", act.session());
    } else if (step instanceof FuzzStep.Run run) {
      entry.put("run", run.silver() ? List.of("bronze", "silver") : List.of("bronze"));
      if (run.events() != WHOLE) {
        entry.put("events-per-batch", run.events());
      }
    } else {
      entry.put("verify", "equal");
    }
    return entry;
  }
}
