/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class SemanticsPageTest {

  private static final Path PAGE = Path.of("../docs/semantics.md");
  private static final Pattern TESTED = Pattern.compile("src/test/java/([\\w/]+)\\.java#(\\w+)");
  private static final Pattern NAMED = Pattern.compile("scenarios/(\\w+)\\.yaml");

  @Test
  void everyScenarioIsNamedOnThePageAndEveryNamedScenarioExists() throws IOException {
    Set<String> named =
        NAMED
            .matcher(Files.readString(PAGE))
            .results()
            .map(match -> match.group(1))
            .collect(Collectors.toCollection(TreeSet::new));
    Set<String> existing =
        Scenario.all(Scenario.FOLDER).stream()
            .map(Scenario::name)
            .collect(Collectors.toCollection(TreeSet::new));

    assertThat(named).isEqualTo(existing);
  }

  @Test
  void everyTestThatIsNamedExistsAndIsNamedWithAllOthersOfItsClass() throws Exception {
    Map<String, Set<String>> named = new TreeMap<>();
    Map<String, Set<String>> existing = new TreeMap<>();
    for (MatchResult match : TESTED.matcher(Files.readString(PAGE)).results().toList()) {
      String type = match.group(1).replace('/', '.');
      named.computeIfAbsent(type, key -> new TreeSet<>()).add(match.group(2));
      existing.put(type, tests(Class.forName(type)));
    }

    assertThat(named).isEqualTo(existing);
  }

  private static Set<String> tests(Class<?> type) {
    return Arrays.stream(type.getDeclaredMethods())
        .filter(
            method ->
                method.isAnnotationPresent(Test.class)
                    || method.isAnnotationPresent(TestFactory.class))
        .map(Method::getName)
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
