/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.gold;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SettingsException;
import dev.cdclake.contract.SourceTable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * Reads the models of a folder and puts them in the order in which they depend on each other.
 *
 * <p>All problems of all models are reported at once.
 */
final class GoldModels {

  private static final Set<String> KEYS =
      Set.of("description", "grain", "key", "refresh", "touched-by", "columns", "expect");

  private final Path folder;
  private final Set<String> silverTables;
  private final List<String> problems = new ArrayList<>();

  private GoldModels(Path folder, Set<String> silverTables) {
    this.folder = folder;
    this.silverTables = silverTables;
  }

  /** Reads the pipeline's models; none if the folder does not exist. */
  static List<GoldModel> read(Pipeline pipeline) {
    Path folder = pipeline.gold().models();
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    GoldModels reader =
        new GoldModels(
            folder,
            pipeline.tables().stream()
                .map(SourceTable::lakeName)
                .map(name -> "silver." + name)
                .collect(Collectors.toSet()));
    Map<String, GoldModel> models = reader.models();
    List<GoldModel> ordered = reader.ordered(models);
    if (!reader.problems.isEmpty()) {
      throw new SettingsException("the gold models in " + folder, reader.problems);
    }
    return ordered;
  }

  private Map<String, GoldModel> models() {
    Map<String, GoldModel> models = new TreeMap<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.sorted().toList()) {
        String name = file.getFileName().toString();
        if (name.endsWith(".sql")) {
          String model = name.substring(0, name.length() - ".sql".length());
          models.put(model, model(model, Files.readString(file)));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read the gold models in '" + folder + "'.", e);
    }
    return models;
  }

  private GoldModel model(String name, String sql) throws IOException {
    Map<String, Object> yaml = yaml(name);
    for (String key : yaml.keySet()) {
      if (!KEYS.contains(key)) {
        problems.add(
            name
                + ".yml: '"
                + key
                + "' is not a known key (expected one of "
                + new TreeSet<>(KEYS)
                + ").");
      }
    }
    String refresh = String.valueOf(yaml.getOrDefault("refresh", "full"));
    Map<String, String> touchedBy = texts(yaml.get("touched-by"));
    List<String> key = words(yaml.get("key"));
    if (!List.of("full", "incremental").contains(refresh)) {
      problems.add(name + ".yml: refresh is '" + refresh + "' (expected full or incremental).");
    }
    if ("incremental".equals(refresh) && (touchedBy.isEmpty() || key.size() != 1)) {
      problems.add(
          name
              + ".yml: refresh is incremental, so 'touched-by' and a key of one column are"
              + " needed.");
    }
    GoldModel model =
        new GoldModel(
            name,
            String.valueOf(yaml.getOrDefault("description", "")),
            key,
            "incremental".equals(refresh) ? touchedBy : Map.of(),
            columns(yaml.get("columns")),
            texts(yaml.get("expect")),
            sql);
    check(model);
    return model;
  }

  private void check(GoldModel model) {
    if (model.columns().isEmpty()) {
      problems.add(model.name() + ".yml: no columns are listed.");
    }
    for (String column : model.key()) {
      if (!model.columns().containsKey(column)) {
        problems.add(model.name() + ".yml: key column '" + column + "' is not listed.");
      }
    }
    for (String input : model.inputs()) {
      if (input.startsWith("bronze.")) {
        problems.add(
            model.name() + ".sql: reads '" + input + "' (expected silver tables or gold models).");
      } else if (input.startsWith("silver.") && !silverTables.contains(input)) {
        problems.add(
            model.name() + ".sql: reads '" + input + "', which pipeline.yaml does not list.");
      }
    }
    for (String input : model.touchedBy().keySet()) {
      if (!model.inputs().contains(input) || !input.startsWith("silver.")) {
        problems.add(
            model.name()
                + ".yml: touched-by names '"
                + input
                + "' (expected a silver table that the model reads).");
      }
    }
  }

  private Map<String, Object> yaml(String name) throws IOException {
    Path file = folder.resolve(name + ".yml");
    if (!Files.exists(file)) {
      problems.add(name + ".sql: there is no " + name + ".yml beside it.");
      return Map.of();
    }
    try {
      Object loaded =
          new Load(LoadSettings.builder().setLabel(name + ".yml").build())
              .loadFromString(Files.readString(file));
      return objects(loaded);
    } catch (YamlEngineException e) {
      problems.add(name + ".yml: not YAML: " + e.getMessage() + ".");
      return Map.of();
    }
  }

  private static Map<String, GoldModel.Column> columns(Object yaml) {
    Map<String, GoldModel.Column> columns = new LinkedHashMap<>();
    objects(yaml)
        .forEach(
            (name, value) -> {
              Map<String, Object> column = objects(value);
              columns.put(
                  name,
                  new GoldModel.Column(
                      String.valueOf(column.getOrDefault("type", "")),
                      String.valueOf(column.getOrDefault("description", "")),
                      words(column.get("tests"))));
            });
    return columns;
  }

  private static Map<String, Object> objects(Object yaml) {
    Map<String, Object> objects = new LinkedHashMap<>();
    if (yaml instanceof Map<?, ?> map) {
      map.forEach((key, value) -> objects.put(String.valueOf(key), value));
    }
    return objects;
  }

  private static Map<String, String> texts(Object yaml) {
    Map<String, String> texts = new LinkedHashMap<>();
    objects(yaml).forEach((key, value) -> texts.put(key, String.valueOf(value)));
    return texts;
  }

  private static List<String> words(Object yaml) {
    return yaml instanceof List<?> list ? list.stream().map(String::valueOf).toList() : List.of();
  }

  private List<GoldModel> ordered(Map<String, GoldModel> models) {
    Map<String, GoldModel> ordered = new LinkedHashMap<>();
    models.values().forEach(model -> place(model, models, ordered, new TreeSet<>()));
    return List.copyOf(ordered.values());
  }

  private void place(
      GoldModel model,
      Map<String, GoldModel> models,
      Map<String, GoldModel> ordered,
      Set<String> waiting) {
    if (ordered.containsKey(model.name())) {
      return;
    }
    if (!waiting.add(model.name())) {
      problems.add(model.name() + ".sql: depends on itself by way of " + waiting + ".");
      return;
    }
    for (String input : model.inputs()) {
      if (input.startsWith("gold.")) {
        GoldModel needed = models.get(input.substring("gold.".length()));
        if (needed == null) {
          problems.add(model.name() + ".sql: reads '" + input + "', and there is no such model.");
        } else {
          place(needed, models, ordered, waiting);
        }
      }
    }
    ordered.put(model.name(), model);
  }
}
