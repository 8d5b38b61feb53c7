/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cdclake.contract.SettingsException;
import dev.cdclake.infra.CostTable.Stop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CostTableTest {

  private static final Path PRICES = Path.of("prices-us-east-1.json");

  @Test
  void everyPriceSaysWhereItComesFrom() {
    assertThat(Prices.read(PRICES).withoutSource()).isEmpty();
  }

  @Test
  void pricesThatWereNotReadFromAwsAreShown() {
    String text = table("prod").text();

    assertThat(text.lines())
        .anyMatch(
            line -> line.startsWith("Second-hand, not read from AWS: ") && line.contains("msk-"))
        .anyMatch(line -> line.startsWith("Not verified: ") && line.contains("rds-m7g.large"));
    assertThat(text).doesNotContain("glue-dpu");
  }

  @Test
  void onlyAwssOwnPriceListVerifiesAPrice() throws IOException {
    for (JsonNode price : new ObjectMapper().readTree(PRICES.toFile()).get("prices")) {
      boolean fromAws = price.get("source").asText().startsWith("AWS price list, offer ");
      assertThat(price.get("verified").asText())
          .as(price.toString())
          .isIn(fromAws ? List.of("yes") : List.of("second-hand", "no"));
    }
  }

  @Test
  void missingPriceIsNamed() {
    assertThatThrownBy(() -> Prices.read(PRICES).of("rds-x2g.large"))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("has no price 'rds-x2g.large'");
  }

  @ParameterizedTest
  @ValueSource(strings = {"mw1.micro", "mw1.small", "mw1.medium", "mw1.large"})
  void everyClassOfAirflowHasAPrice(String type) {
    assertThat(Prices.read(PRICES).of("mwaa-" + type)).isPositive();
  }

  @Test
  void brokersCostTheirHoursAndCannotBeStopped() {
    assertThat(table("prod").rows())
        .filteredOn(row -> row.service().equals("MSK"))
        .singleElement()
        .satisfies(
            row -> {
              assertThat(row.always()).isCloseTo(3 * 0.204 * 730, within(0.01));
              assertThat(row.stop()).isEqualTo(Stop.NEVER);
            });
  }

  @Test
  void nightsSaveWhatCanBeStopped() {
    CostTable dev = table("dev");

    assertThat(dev.nights()).isLessThan(dev.always());
    assertThat(dev.rows())
        .filteredOn(row -> row.stop() == Stop.STOPPED)
        .allSatisfy(
            row -> assertThat(row.nights()).isCloseTo(row.always() * 65 / 168, within(0.01)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"dev", "staging", "prod"})
  void budgetIsAboveWhatIsExpected(String environment) {
    CostTable table = table(environment);

    assertThat(table.nights())
        .isLessThan(Synthesised.of(environment).line().settings().alerts().budgetUsd());
    assertThat(table.text()).contains("Floor: ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"dev", "staging", "prod"})
  void pageShowsTheSums(String environment) throws IOException {
    CostTable table = table(environment);

    assertThat(Files.readString(Path.of("..", "docs", "aws.md")))
        .contains(
            String.format(
                Locale.ROOT,
                "| `%s` | %.0f | %.0f | %.0f |",
                environment,
                table.always(),
                table.nights(),
                table.floor()));
  }

  private static CostTable table(String environment) {
    Synthesised line = Synthesised.of(environment);
    return new CostTable(line.line().settings(), line.resources(), Prices.read(PRICES));
  }
}
