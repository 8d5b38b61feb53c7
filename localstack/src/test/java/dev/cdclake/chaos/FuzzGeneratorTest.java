/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.contract.TableName;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class FuzzGeneratorTest {

  @Test
  void oneSeedAlwaysMakesTheSameScript() {
    assertThat(FuzzGenerator.script(7)).isEqualTo(FuzzGenerator.script(7));
  }

  @Test
  void neighbouringSeedsMakeDifferentScripts() {
    List<FuzzScript> scripts =
        LongStream.rangeClosed(1, 20).mapToObj(FuzzGenerator::script).toList();

    assertThat(Set.copyOf(scripts)).hasSameSizeAs(scripts);
  }

  @Test
  void everyTransactionIsEnded() {
    for (FuzzScript script :
        LongStream.rangeClosed(1, 50).mapToObj(FuzzGenerator::script).toList()) {
      List<String> statements =
          script.steps().stream()
              .filter(step -> step instanceof FuzzStep.Do)
              .map(step -> ((FuzzStep.Do) step).statement().sql())
              .toList();

      assertThat(statements.stream().filter("begin"::equals))
          .hasSameSizeAs(
              statements.stream()
                  .filter(sql -> sql.equals("commit") || sql.equals("rollback"))
                  .toList());
    }
  }

  @Test
  void statementsNameTheTablesOfOnePlay() {
    FuzzScript script = FuzzGenerator.script(1);
    String table = script.tables().get(0).name("f9");

    assertThat(script.sql(new Statement.Plain("select ${a.mood} from ${a}"), "f9"))
        .isEqualTo(
            "select %s from %s"
                .formatted(TableName.quote(table + "_mood"), TableName.quote(table)));
  }
}
