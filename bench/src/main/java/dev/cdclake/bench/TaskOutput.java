/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** What a task tells the process that started it, one line each: written there, read here. */
final class TaskOutput {

  private final PrintStream out;

  TaskOutput(PrintStream out) {
    this.out = out;
  }

  void sample(Sample sample) {
    line("sample", sample);
  }

  /** Tells a fact that later tasks need. */
  void fact(String name, String value) {
    line("fact", Map.of("name", name, "value", value));
  }

  void progress(String text) {
    line("progress", text);
  }

  private void line(String kind, Object content) {
    out.println(kind + " " + Json.text(content));
    out.flush();
  }

  /** What a task told. */
  static final class Read {

    private final Consumer<String> progress;
    private final List<Sample> samples = new ArrayList<>();
    private final Map<String, String> facts = new LinkedHashMap<>();

    Read(Consumer<String> progress) {
      this.progress = progress;
    }

    /** Takes a line; false if it is none of a task's. */
    boolean take(String line) {
      int space = line.indexOf(' ');
      if (space < 0) {
        return false;
      }
      try {
        String content = line.substring(space + 1);
        switch (line.substring(0, space)) {
          case "sample" -> samples.add(Json.MAPPER.readValue(content, Sample.class));
          case "fact" -> {
            var fact = Json.MAPPER.readTree(content);
            facts.put(fact.path("name").asText(), fact.path("value").asText());
          }
          case "progress" -> progress.accept(Json.MAPPER.readValue(content, String.class));
          default -> {
            return false;
          }
        }
        return true;
      } catch (JsonProcessingException e) {
        return false;
      }
    }

    List<Sample> samples() {
      return samples;
    }

    /** Returns a fact that the task had to tell. */
    String fact(String name) {
      String value = facts.get(name);
      if (value == null) {
        throw new IllegalStateException("A task did not tell '" + name + "'.");
      }
      return value;
    }
  }
}
