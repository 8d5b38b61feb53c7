/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class SemanticsPageTest {

  private static final Path PAGE = Path.of("../docs/semantics.md");
  private static final Pattern TESTED = Pattern.compile("GapIT\\.java#(\\w+)");
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
  void everyLossThatIsTestedIsNamedOnThePageAndEveryNamedTestExists() throws IOException {
    Set<String> named =
        TESTED
            .matcher(Files.readString(PAGE))
            .results()
            .map(match -> match.group(1))
            .collect(Collectors.toCollection(TreeSet::new));
    Set<String> existing =
        Arrays.stream(GapIT.class.getDeclaredMethods())
            .filter(method -> method.isAnnotationPresent(Test.class))
            .map(Method::getName)
            .collect(Collectors.toCollection(TreeSet::new));

    assertThat(named).isEqualTo(existing);
  }
}
