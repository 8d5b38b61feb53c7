/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.apache.iceberg.spark.SparkSchemaUtil;
import org.junit.jupiter.api.Test;

/**
 * The page of types says what the code does. {@code fields.json} holds, for each PostgreSQL type,
 * the field of the schema that the connector sends, as recorded on a running line.
 */
class TypesPageTest {

  private static final Path PAGE = Path.of("../docs/types.md");
  private static final Pattern CODE = Pattern.compile("`([^`]+)`");

  /** How Athena shows an Iceberg type, where it has another name for it. */
  private static final Map<String, String> ATHENA =
      Map.of(
          "\\blong\\b", "bigint",
          "\\blist<", "array<",
          "decimal\\((\\d+), (\\d+)\\)", "decimal($1,$2)",
          "\\btimestamptz\\b", "timestamp(6) with time zone");

  @Test
  void everyTypeOfThePageIsDecodedAsItSays() throws IOException {
    JsonNode fields = fields();
    Map<String, String> decoded = new LinkedHashMap<>();
    Map<String, String> promised = page();
    for (String type : promised.keySet()) {
      assertThat(fields.has(type)).as("fields.json has %s", type).isTrue();
      decoded.put(type, iceberg(fields.get(type)) + " | " + athena(iceberg(fields.get(type))));
    }

    assertThat(decoded).isEqualTo(promised);
  }

  @Test
  void everyRecordedTypeIsOnThePage() throws IOException {
    TreeSet<String> recorded = new TreeSet<>();
    fields().fieldNames().forEachRemaining(recorded::add);

    assertThat(page().keySet()).containsExactlyInAnyOrderElementsOf(recorded);
  }

  /** Returns what the page says of each type: Iceberg's type and Athena's. */
  private static Map<String, String> page() throws IOException {
    Map<String, String> promised = new LinkedHashMap<>();
    for (String line : Files.readAllLines(PAGE)) {
      if (line.startsWith("| `")) {
        String[] cells = line.split(" \\| ", -1);
        CODE.matcher(cells[0])
            .results()
            .forEach(type -> promised.put(type.group(1), cells[2] + " | " + cells[3]));
      }
    }
    return promised;
  }

  private static String iceberg(JsonNode field) {
    return SparkSchemaUtil.convert(ColumnType.of(field).sparkType()).toString();
  }

  private static String athena(String iceberg) {
    String athena = iceberg;
    for (Map.Entry<String, String> name : ATHENA.entrySet()) {
      athena = athena.replaceAll(name.getKey(), name.getValue());
    }
    return athena;
  }

  private static JsonNode fields() throws IOException {
    return new ObjectMapper().readTree(Path.of("src/test/resources/types/fields.json").toFile());
  }
}
