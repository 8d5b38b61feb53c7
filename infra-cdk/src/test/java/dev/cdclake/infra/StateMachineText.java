/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;

/**
 * A state machine as its template has it; choices are made as Step Functions says it makes them.
 */
final class StateMachineText {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final JsonNode states;

  private StateMachineText(JsonNode states) {
    this.states = states;
  }

  static StateMachineText of(Synthesised line, String machine) {
    return new StateMachineText(json(text(property(line, machine))).get("States"));
  }

  /** Returns the definition as it stands in the template. */
  static JsonNode property(Synthesised line, String machine) {
    return line.resources("AWS::StepFunctions::StateMachine").values().stream()
        .filter(
            found ->
                found.at("/Properties/StateMachineName").asText().equals(line.line().name(machine)))
        .findFirst()
        .orElseThrow()
        .at("/Properties/DefinitionString");
  }

  /** What only CloudFormation knows is left out. */
  private static String text(JsonNode definition) {
    if (definition.isTextual()) {
      return definition.asText();
    }
    StringBuilder joined = new StringBuilder();
    definition
        .at("/Fn::Join/1")
        .forEach(part -> joined.append(part.isTextual() ? part.asText() : ""));
    return joined.toString();
  }

  private static JsonNode json(String text) {
    try {
      return JSON.readTree(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  JsonNode state(String name) {
    return states.required(name);
  }

  /** Returns the states from one on, up to a choice or an end. */
  List<String> path(String from) {
    List<String> path = new ArrayList<>();
    for (String next = from; next != null; next = state(next).path("Next").asText(null)) {
      path.add(next);
    }
    return path;
  }

  /** Returns where a choice leads. */
  String choice(String name, String input) {
    JsonNode data = json(input);
    return StreamSupport.stream(state(name).get("Choices").spliterator(), false)
        .filter(rule -> holds(rule, data))
        .findFirst()
        .map(rule -> rule.get("Next").asText())
        .orElse(state(name).path("Default").asText());
  }

  private static boolean holds(JsonNode rule, JsonNode data) {
    if (rule.has("And")) {
      return StreamSupport.stream(rule.get("And").spliterator(), false)
          .allMatch(part -> holds(part, data));
    }
    if (rule.has("Or")) {
      return StreamSupport.stream(rule.get("Or").spliterator(), false)
          .anyMatch(part -> holds(part, data));
    }
    JsonNode value = at(data, rule.get("Variable"));
    if (rule.has("IsPresent")) {
      return value.isMissingNode() != rule.get("IsPresent").asBoolean();
    }
    if (rule.has("StringEquals")) {
      return value.asText().equals(rule.get("StringEquals").asText());
    }
    return Instant.parse(value.asText())
        .isBefore(Instant.parse(at(data, rule.required("TimestampLessThanPath")).asText()));
  }

  /** By a path such as {@code $.runs[0].state}. */
  private static JsonNode at(JsonNode data, JsonNode path) {
    return data.at(path.asText().substring(1).replace('.', '/').replaceAll("\\[(\\d+)]", "/$1"));
  }
}
