/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Profile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import software.amazon.awscdk.App;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.assertions.Template;

/** The repository's environments, each synthesised once and shared by all test classes. */
final class Synthesised {

  static final List<String> ENVIRONMENTS = List.of("dev", "staging", "prod");
  static final Path FILE = Path.of("environments.yaml");

  private static final Map<String, Synthesised> ALL = new ConcurrentHashMap<>();
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Line line;
  private final LakehouseApp lakehouse;
  private final Map<String, Template> templates = new LinkedHashMap<>();
  private final Map<String, JsonNode> trees = new LinkedHashMap<>();

  private Synthesised(Line line) {
    NodeJs.require("node");
    this.line = line;
    App app = LakehouseApp.app(Map.of());
    this.lakehouse = LakehouseApp.build(app, line);
  }

  static Synthesised of(String environment) {
    return ALL.computeIfAbsent(
        environment,
        name ->
            new Synthesised(line(DeploymentFile.read(FILE, name), Path.of("..", "pipeline.yaml"))));
  }

  /** Synthesises settings and a pipeline that are not the repository's. */
  static Synthesised with(DeploymentSettings settings, Path pipelineFile) {
    return new Synthesised(line(settings, pipelineFile));
  }

  private static Line line(DeploymentSettings settings, Path file) {
    Path repository = Path.of("..");
    Pipeline pipeline = Pipeline.read(file, settings.environment(), Profile.AWS);
    Artifacts artifacts =
        Artifacts.of(repository, file, pipeline.gold().models())
            .orStandIns(Path.of("target", "stand-ins"));
    return new Line(pipeline, settings, artifacts);
  }

  Line line() {
    return line;
  }

  Pipeline pipeline() {
    return line.pipeline();
  }

  Map<String, Stack> stacks() {
    return lakehouse.byId();
  }

  Template template(String stack) {
    return templates.computeIfAbsent(stack, id -> Template.fromStack(stacks().get(id)));
  }

  /** Returns the resources of a type in all stacks, by stack and logical id. */
  Map<String, JsonNode> resources(String type) {
    Map<String, JsonNode> found = new LinkedHashMap<>(resources());
    found.values().removeIf(resource -> !resource.get("Type").asText().equals(type));
    return found;
  }

  /** Returns the resources of all stacks, by stack and logical id. */
  Map<String, JsonNode> resources() {
    Map<String, JsonNode> all = new LinkedHashMap<>();
    for (String stack : stacks().keySet()) {
      tree(stack)
          .get("Resources")
          .properties()
          .forEach(resource -> all.put(stack + "/" + resource.getKey(), resource.getValue()));
    }
    return all;
  }

  /** Returns one property of all resources of a type. */
  List<String> texts(String type, String property) {
    List<String> texts = new ArrayList<>();
    resources(type)
        .values()
        .forEach(resource -> texts.add(resource.at("/Properties/" + property).asText()));
    return texts;
  }

  JsonNode tree(String stack) {
    return trees.computeIfAbsent(stack, id -> JSON.valueToTree(template(id).toJSON()));
  }
}
