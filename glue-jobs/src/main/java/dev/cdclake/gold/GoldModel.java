/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.gold;

import dev.cdclake.contract.Layer;
import dev.cdclake.contract.Pipeline;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One gold model: a select, and what is promised about its result.
 *
 * @param name name of the files and of the table
 * @param description one sentence
 * @param key columns that identify a row
 * @param touchedBy for an incremental model: by input, the input's column that holds the model's
 *     key; empty for a model that is always rebuilt
 * @param columns the result's columns in order
 * @param expectations row expressions that must hold, by name
 * @param sql the select, with inputs named {@code silver.<table>} and {@code gold.<model>}
 */
record GoldModel(
    String name,
    String description,
    List<String> key,
    Map<String, String> touchedBy,
    Map<String, Column> columns,
    Map<String, String> expectations,
    String sql) {

  /** Literals and comments, which are passed over, or an input: then there is a first group. */
  private static final Pattern INPUT =
      Pattern.compile(
          "'(?:[^'\\\\]|\\\\.)*'|\"(?:[^\"\\\\]|\\\\.)*\"|--[^\n]*|/\\*.*?\\*/"
              + "|\\b((?:bronze|silver|gold)\\.[A-Za-z_][A-Za-z0-9_]*)",
          Pattern.DOTALL);

  /** A column of the result; {@code type} as Spark SQL writes it. */
  record Column(String type, String description, List<String> tests) {}

  GoldModel {
    key = List.copyOf(key);
    touchedBy = Map.copyOf(touchedBy);
    columns = new LinkedHashMap<>(columns);
    expectations = new LinkedHashMap<>(expectations);
  }

  boolean isIncremental() {
    return !touchedBy.isEmpty();
  }

  /** Returns the inputs as the select names them, for example {@code silver.users}. */
  Set<String> inputs() {
    Set<String> inputs = new TreeSet<>();
    Matcher matcher = INPUT.matcher(sql);
    while (matcher.find()) {
      if (matcher.group(1) != null) {
        inputs.add(matcher.group(1));
      }
    }
    return inputs;
  }

  /** Returns the select with each input replaced. */
  String sqlOver(UnaryOperator<String> replacement) {
    return INPUT
        .matcher(sql)
        .replaceAll(
            found ->
                Matcher.quoteReplacement(
                    found.group(1) == null ? found.group() : replacement.apply(found.group(1))));
  }

  /** Returns an input's table in the lake, quoted for SQL. */
  static String table(Pipeline pipeline, String input) {
    int dot = input.indexOf('.');
    Layer layer = input.startsWith(Layer.SILVER.label() + ".") ? Layer.SILVER : Layer.GOLD;
    return "lake.`%s`.`%s`".formatted(pipeline.database(layer), input.substring(dot + 1));
  }
}
