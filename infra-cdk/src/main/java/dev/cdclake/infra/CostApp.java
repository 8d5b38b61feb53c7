/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cdclake.contract.SettingsException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awscdk.App;
import software.amazon.awscdk.cxapi.CloudAssembly;
import software.amazon.awscdk.cxapi.CloudFormationStackArtifact;

/** Prints what an environment costs in a month; {@code make cost} starts it. */
public final class CostApp {

  private static final ObjectMapper JSON = new ObjectMapper();

  private CostApp() {}

  /** Takes the same context as {@link LakehouseApp}, and {@code prices}, the price file. */
  public static void main(String[] arguments) {
    try {
      NodeJs.require("node");
      App app = LakehouseApp.app(Map.of());
      Line line = LakehouseApp.line(app);
      LakehouseApp.build(app, line);
      Path prices =
          Path.of(LakehouseApp.context(app, "repository", "."))
              .resolve(
                  LakehouseApp.context(
                      app,
                      "prices",
                      "infra-cdk/prices-%s.json".formatted(line.settings().region())));
      System.out.print(
          new CostTable(line.settings(), resources(app.synth()), Prices.read(prices)).text());
    } catch (SettingsException e) {
      System.err.println(e.getMessage());
      System.exit(2);
    }
  }

  private static Map<String, JsonNode> resources(CloudAssembly assembly) {
    Map<String, JsonNode> resources = new LinkedHashMap<>();
    List<CloudFormationStackArtifact> stacks = assembly.getStacks();
    for (CloudFormationStackArtifact stack : stacks) {
      template(Path.of(stack.getTemplateFullPath()))
          .get("Resources")
          .properties()
          .forEach(
              resource ->
                  resources.put(stack.getId() + "/" + resource.getKey(), resource.getValue()));
    }
    return resources;
  }

  private static JsonNode template(Path file) {
    try {
      return JSON.readTree(file.toFile());
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read template '" + file + "'.", e);
    }
  }
}
