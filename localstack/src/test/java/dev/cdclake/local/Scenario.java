/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * One file of {@code localstack/scenarios}: what is done to the source and to the line, and what
 * the lake then has to say. Its name is the sentence that it proves.
 *
 * <p>A key that is not known, or a scenario that does not end by comparing source and silver and
 * does not say why, is refused when the file is read.
 *
 * @param file where it stands
 * @param tables its tables, which no other scenario uses
 * @param beforeCapture SQL that runs before the connector takes its snapshot; may be empty
 * @param steps what happens, in order
 * @param notYet why the product does not keep this promise yet; empty for a promise that it keeps
 */
record Scenario(
    Path file, List<Table> tables, String beforeCapture, List<ScenarioStep> steps, String notYet) {

  /** The folder of all scenarios, seen from the module. */
  static final Path FOLDER = Path.of("scenarios");

  private static final String SUFFIX = ".yaml";
  private static final String DDL = "ddl";
  private static final Set<String> KEYS =
      Set.of("tables", "before-capture", "steps", "without-verify", "not-yet");

  /**
   * A table of a scenario.
   *
   * @param ddl SQL that creates it
   * @param settings its entry in the pipeline file
   */
  record Table(String ddl, Map<String, Object> settings) {

    String name() {
      return String.valueOf(settings.get("name"));
    }
  }

  Scenario {
    tables = List.copyOf(tables);
    steps = List.copyOf(steps);
  }

  /**
   * Reads all scenarios of a folder, ordered by name.
   *
   * @throws IllegalArgumentException if a file cannot be used, or two scenarios share a table
   */
  static List<Scenario> all(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      List<Scenario> scenarios =
          files
              .filter(file -> file.toString().endsWith(SUFFIX))
              .sorted()
              .map(Scenario::read)
              .toList();
      refuseSharedTables(scenarios);
      return scenarios;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Reads one scenario. */
  static Scenario read(Path file) {
    try (Reader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      LoadSettings settings = LoadSettings.builder().setLabel(file.toString()).build();
      return of(file, new Load(settings).loadFromReader(reader));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (IllegalArgumentException | YamlEngineException e) {
      throw new IllegalArgumentException(
          "Cannot use scenario '%s': %s".formatted(file.getFileName(), e.getMessage()), e);
    }
  }

  /** Returns the file's name without its ending. */
  String name() {
    String name = file.getFileName().toString();
    return name.substring(0, name.length() - SUFFIX.length());
  }

  /** Returns what the scenario proves. */
  String sentence() {
    return name().replace('_', ' ');
  }

  /** Whether it stops the connector, which other scenarios may share. */
  boolean stopsCapture() {
    return steps.stream().anyMatch(step -> step instanceof ScenarioStep.Capture);
  }

  private static Scenario of(Path file, Object document) {
    Map<String, Object> root = mapping(document, "the file");
    refuseOthers(root, KEYS, "the file");
    List<Table> tables = new ArrayList<>();
    for (Object table : list(root.get("tables"), "'tables'")) {
      Map<String, Object> settings = mapping(table, "a table");
      Object ddl = settings.remove(DDL);
      if (ddl == null || settings.get("name") == null) {
        throw new IllegalArgumentException("a table needs 'name' and 'ddl'.");
      }
      tables.add(new Table(ddl.toString(), settings));
    }
    List<ScenarioStep> steps = new ArrayList<>();
    for (Object step : list(root.get("steps"), "'steps'")) {
      steps.add(ScenarioStep.of(mapping(step, "a step")));
    }
    boolean verified =
        !steps.isEmpty() && steps.get(steps.size() - 1) instanceof ScenarioStep.Verify;
    if (verified == root.containsKey("without-verify")) {
      throw new IllegalArgumentException(
          "it ends neither with 'verify: equal' nor with a reason in 'without-verify', or with"
              + " both.");
    }
    return new Scenario(
        file,
        tables,
        String.valueOf(root.getOrDefault("before-capture", "")),
        steps,
        String.valueOf(root.getOrDefault("not-yet", "")));
  }

  private static void refuseSharedTables(List<Scenario> scenarios) {
    Map<String, String> owners = new HashMap<>();
    for (Scenario scenario : scenarios) {
      for (Table table : scenario.tables()) {
        String other = owners.put(table.name(), scenario.name());
        if (other != null) {
          throw new IllegalArgumentException(
              "Scenarios '%s' and '%s' both use table '%s'."
                  .formatted(other, scenario.name(), table.name()));
        }
      }
    }
  }

  /** Returns a mapping in the order of the file. */
  static Map<String, Object> mapping(Object node, String what) {
    if (!(node instanceof Map<?, ?> map)) {
      throw new IllegalArgumentException(what + " is not a mapping: " + node);
    }
    Map<String, Object> mapping = new LinkedHashMap<>();
    map.forEach((key, value) -> mapping.put(String.valueOf(key), value));
    return mapping;
  }

  static List<?> list(Object node, String what) {
    if (!(node instanceof List<?> list)) {
      throw new IllegalArgumentException(what + " is not a list: " + node);
    }
    return list;
  }

  static void refuseOthers(Map<String, Object> mapping, Set<String> known, String what) {
    for (String key : mapping.keySet()) {
      if (!known.contains(key)) {
        throw new IllegalArgumentException(
            "'%s' is not a key of %s (expected %s).".formatted(key, what, new TreeSet<>(known)));
      }
    }
  }
}
