/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cdclake.failure.PipelineException;
import dev.cdclake.fixture.Changes;
import dev.cdclake.fixture.SparkTest;
import dev.cdclake.fixture.TestLake;
import dev.cdclake.silver.ColumnType.UnreadableValueException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@SparkTest
class RefusedInputTest {

  private static final Changes ORDERS = Changes.of("orders").column("status", "string");

  @Test
  void byteaArrayIsRecognisedAsUnavailable() throws Exception {
    ObjectMapper json = new ObjectMapper();
    String base64 =
        Base64.getEncoder().encodeToString(Changes.UNAVAILABLE.getBytes(StandardCharsets.UTF_8));
    assertThat(
            UnavailableValue.is(
                json.readTree("[\"" + base64 + "\"]"),
                ColumnType.of(
                    json.readTree("{\"type\":\"array\",\"items\":{\"type\":\"bytes\"}}"))))
        .isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'type':'int32','name':'io.debezium.time.Date'} | 'soon'",
        "{'type':'int32','name':'io.debezium.time.Date'} | 1.5",
        "{'type':'bytes'} | 17",
        "{'type':'array','items':{'type':'int32'}} | 'x'",
        "{'type':'array','items':{'type':'int32'}} | 17"
      },
      quoteCharacter = '~')
  void valueInAnotherFormIsUnreadable(String schema, String value) throws Exception {
    ObjectMapper json = new ObjectMapper();
    ColumnType type = ColumnType.of(json.readTree(schema.replace('\'', '"')));
    assertThatThrownBy(() -> type.decode(json.readTree(value.replace('\'', '"'))))
        .isInstanceOf(UnreadableValueException.class)
        .hasMessageContaining("is not a value of type");
  }

  @Test
  void eventOfAnUnknownOperationDoesNotStopTheLine(TestLake lake) {
    SilverRun silver = run(lake);
    silver.carry(ORDERS.insert(1).at(10));
    silver.carry(ORDERS.unknown("x", 2).at(20), ORDERS.insert(3).at(30));
    assertThat(silver.rows("id")).containsExactly(List.of(1), List.of(3));
  }

  @Test
  void keyThatTheLakeCannotExpressIsRejected(TestLake lake) {
    SilverRun silver = run(lake);
    Changes dated = ORDERS.column("id", "int32", "io.debezium.time.Date");
    silver.carry(dated.insert(1).at(10));
    silver.carry(dated.insert(Integer.MAX_VALUE).at(20), dated.insert(2).at(30));
    assertThat(silver.rows("id")).hasSize(2);
    assertThat(silver.rejected()).hasSize(1);
  }

  @Test
  void expectationThatSparkCannotAnalyseIsASettingToCorrect(TestLake lake) {
    SilverRun silver = run(lake, "    expect:", "      bad: \"nothing > 0\"");
    silver.feed(ORDERS.insert(1).at(10));
    assertThatThrownBy(silver::fold)
        .isInstanceOf(PipelineException.class)
        .hasMessageContaining("Correct 'expect' in pipeline.yaml.");
  }

  @Test
  void keysThatContainTheSeparatorAreKeptApart() {
    assertThat(RowKey.text(List.of("a\u001f", "b")))
        .isNotEqualTo(RowKey.text(List.of("a", "\u001fb")));
  }

  @Test
  void firstKeylessEventDoesNotMakeAKeyedTableKeyless(TestLake lake) {
    SilverRun silver = run(lake);
    silver.carry(ORDERS.key().insert(9).at(5), ORDERS.insert(1).at(10), ORDERS.update(1).at(20));
    assertThat(silver.rows("id")).hasSize(1);
  }

  private static SilverRun run(TestLake lake, String... settings) {
    String[] lines = new String[settings.length + 2];
    lines[0] = "tables:";
    lines[1] = "  - name: orders";
    System.arraycopy(settings, 0, lines, 2, settings.length);
    return new SilverRun(lake, lake.pipeline(lines));
  }
}
