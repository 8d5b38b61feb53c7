/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cdclake.contract.Stage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScenarioTest {

  private static final String TABLES =
      """
      tables:
        - name: boxes
          ddl: create table boxes (id int primary key)
      """;

  @TempDir private Path folder;

  @Test
  void fileBecomesStepsInOrder() throws IOException {
    Scenario scenario =
        Scenario.read(
            file(
                "a_row_arrives",
                """
                steps:
                  - sql: insert into boxes values (1)
                  - run: [bronze, silver]
                  - expect:
                      query: select id, flag from silver.boxes
                      rows: [[1, null]]
                  - verify: equal
                """));

    assertThat(scenario.sentence()).isEqualTo("a row arrives");
    assertThat(scenario.steps())
        .startsWith(
            new ScenarioStep.Sql("insert into boxes values (1)"),
            new ScenarioStep.Run(List.of(Stage.BRONZE, Stage.SILVER)))
        .endsWith(new ScenarioStep.Verify(0));
  }

  @Test
  void unknownStepIsRefusedByName() throws IOException {
    Path file = file("a_typo", "steps: [{slq: select 1}, {verify: equal}]");

    assertThatThrownBy(() -> Scenario.read(file)).hasMessageContaining("'slq' is not a step");
  }

  @Test
  void scenarioWithoutVerifyHasToSayWhy() throws IOException {
    Path file = file("a_claim", "steps: [{sql: select 1}]");

    assertThatThrownBy(() -> Scenario.read(file)).hasMessageContaining("without-verify");
  }

  @Test
  void tablesBelongToOneScenario() throws IOException {
    file("one", "steps: [{verify: equal}]");
    file("other", "steps: [{verify: equal}]");

    assertThatThrownBy(() -> Scenario.all(folder))
        .hasMessage("Scenarios 'one' and 'other' both use table 'boxes'.");
  }

  private Path file(String name, String steps) throws IOException {
    return Files.writeString(folder.resolve(name + ".yaml"), TABLES + steps);
  }
}
