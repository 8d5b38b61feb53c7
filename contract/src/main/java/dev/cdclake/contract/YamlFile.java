/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

import dev.cdclake.contract.YamlSection.Problem;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Node;

/** Reads a settings file as a whole, or reports all of its problems with their lines. */
public final class YamlFile {

  private YamlFile() {}

  /**
   * Reads a file.
   *
   * @param whenMissing what to do when there is no such file, as a sentence
   * @param reading turns the file's keys into settings; what it finds wrong is reported together
   * @throws SettingsException naming every problem of the file with its line
   */
  public static <T> T read(Path file, String whenMissing, Function<YamlSection, T> reading) {
    List<Problem> problems = new ArrayList<>();
    T settings = reading.apply(YamlSection.root(compose(file, whenMissing), problems));
    if (!problems.isEmpty()) {
      throw new SettingsException(
          file.toString(),
          problems.stream()
              .distinct()
              .sorted(Comparator.comparingInt(Problem::line))
              .map(problem -> "line %d: %s.".formatted(problem.line(), problem.text()))
              .toList());
    }
    return settings;
  }

  private static Node compose(Path file, String whenMissing) {
    LoadSettings settings =
        LoadSettings.builder().setLabel(file.toString()).setAllowDuplicateKeys(true).build();
    try (Reader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      Optional<Node> root = new Compose(settings).composeReader(reader);
      return root.orElseThrow(
          () -> new SettingsException(file.toString(), List.of("the file is empty.")));
    } catch (MarkedYamlEngineException e) {
      int line = e.getProblemMark().map(mark -> mark.getLine() + 1).orElse(1);
      throw new SettingsException(
          file.toString(), List.of("line %d: not YAML: %s.".formatted(line, e.getProblem())));
    } catch (YamlEngineException e) {
      throw new SettingsException(file.toString(), List.of("not YAML: " + e.getMessage() + "."));
    } catch (IOException e) {
      throw new SettingsException(
          file.toString(),
          List.of(
              Files.exists(file)
                  ? "the file cannot be read: " + e.getMessage() + "."
                  : "there is no such file. " + whenMissing));
    }
  }
}
