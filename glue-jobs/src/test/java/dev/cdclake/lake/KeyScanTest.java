/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cdclake.fixture.SparkTest;
import dev.cdclake.fixture.TestLake;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.apache.iceberg.Table;
import org.apache.iceberg.exceptions.NotFoundException;
import org.apache.iceberg.spark.Spark3Util;
import org.apache.iceberg.types.Types;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Looks for rows in files of real tables. */
@SparkTest
class KeyScanTest {

  private SparkSession spark;
  private String name;
  private Table table;

  @BeforeEach
  void createTable(TestLake lake) throws Exception {
    spark = lake.spark();
    spark.sql("CREATE NAMESPACE IF NOT EXISTS lake.scanned");
    name = "lake.scanned.t" + UUID.randomUUID().toString().replace("-", "");
    spark.sql("CREATE TABLE " + name + " (id BIGINT, half INT, text STRING) USING iceberg");
    table = Spark3Util.loadIcebergTable(spark, name);
  }

  @Test
  void rowsAreFoundWithWhatIsAskedOfThem() {
    append(0, 1000);
    append(1000, 2000);

    assertThat(find(List.of("id"), 3L, 1500L, 5000L))
        .containsExactlyInAnyOrder("3 at 3: 1, text 3", "1500 at 500: 750, text 1500");
  }

  @Test
  void keyOfSeveralColumnsOrOfTextIsReadFromTheFile() {
    append(0, 100);

    assertThat(find(List.of("text"), "text 7")).containsExactly("text 7 at 7: 3, text 7");
    assertThat(find(List.of("half"), 4)).containsExactly("4 at 8: 4, text 8", "4 at 9: 4, text 9");
    assertThat(found(List.of("id", "text"), sought(List.of(5L, "text 5"))))
        .containsExactly("5, text 5 at 5: 2, text 5");
  }

  @Test
  void rowWithoutAKeyIsToldFromAllOthers() {
    spark.sql("INSERT INTO " + name + " VALUES (NULL, 1, 'none'), (1, 0, 'one')");
    table.refresh();
    SoughtKeys none =
        SoughtKeys.of(
            List.of(new SoughtKeys.Part(new long[] {SoughtKeys.entry(KeyHash.ofSingle(null))})));

    assertThat(found(List.of("id"), none)).containsExactly("null at 0: 1, none");
  }

  /** What is known of a file is asked again only if it has one of the keys. */
  @Test
  void fileIsOpenedOnceMoreOnlyIfItHasOneOfTheKeys() throws Exception {
    append(0, 100);
    append(100, 200);
    find(List.of("id"), 50L, 150L);
    Files.delete(Path.of(fileOf(150)));

    assertThat(find(List.of("id"), 50L, 250L)).containsExactly("50 at 50: 25, text 50");
    assertThatThrownBy(() -> find(List.of("id"), 150L)).isInstanceOf(NotFoundException.class);
    assertThatThrownBy(() -> find(List.of("half"), 3)).isInstanceOf(NotFoundException.class);
  }

  @Test
  void rowsDeletedSinceTheFileWasReadAreNotFound() {
    append(0, 100);
    assertThat(find(List.of("id"), 4L, 5L)).hasSize(2);
    spark.sql("ALTER TABLE " + name + " SET TBLPROPERTIES ('write.delete.mode' = 'merge-on-read')");
    spark.sql("DELETE FROM " + name + " WHERE id = 4");
    table.refresh();

    assertThat(find(List.of("id"), 4L, 5L)).containsExactly("5 at 5: 2, text 5");
  }

  private void append(long from, long to) {
    spark.sql(
        "INSERT INTO %s SELECT /*+ COALESCE(1) */ id, CAST(id DIV 2 AS INT), 'text ' || id FROM range(%d, %d)"
            .formatted(name, from, to));
    table.refresh();
  }

  private String fileOf(long id) {
    return spark
        .sql("SELECT input_file_name() FROM " + name + " WHERE id = " + id)
        .first()
        .getString(0)
        .replaceFirst("^file:/*", "/");
  }

  private List<String> find(List<String> key, Object... keys) {
    return found(key, sought(Arrays.stream(keys).map(List::of).toArray(List<?>[]::new)));
  }

  private static SoughtKeys sought(List<?>... keys) {
    long[] entries =
        Arrays.stream(keys).mapToLong(values -> SoughtKeys.entry(KeyHash.of(values))).toArray();
    return SoughtKeys.of(List.of(new SoughtKeys.Part(entries)));
  }

  private List<String> found(List<String> names, SoughtKeys keys) {
    List<Types.NestedField> key = names.stream().map(table.schema()::findField).toList();
    List<Types.NestedField> rest =
        List.of(table.schema().findField("half"), table.schema().findField("text"));
    List<String> found = new ArrayList<>();
    try (KeyScan scan =
        new KeyScan(table, key, keys, KeyScan.files(table.newScan(), 1).iterator())) {
      while (scan.advance()) {
        List<Object[]> values = key.stream().map(scan::keyValues).toList();
        Object[][] lines = scan.lines(rest);
        for (int i = 0; i < lines.length; i++) {
          int row = i;
          List<String> of = values.stream().map(column -> String.valueOf(column[row])).toList();
          assertThat(keys.has(scan.hash(i))).isTrue();
          found.add(
              "%s at %d: %s, %s"
                  .formatted(
                      String.join(", ", of),
                      scan.position(scan.rows()[i]),
                      lines[i][0],
                      lines[i][1]));
        }
      }
    }
    return found;
  }
}
