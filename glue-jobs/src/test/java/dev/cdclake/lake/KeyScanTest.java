/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cdclake.fixture.SparkTest;
import dev.cdclake.fixture.TestLake;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.stream.LongStream;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.Table;
import org.apache.iceberg.exceptions.NotFoundException;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.spark.Spark3Util;
import org.apache.iceberg.types.Types;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Looks for rows in files of real tables. */
@SparkTest
class KeyScanTest {

  private SparkSession spark;
  private String name;
  private Table table;
  private long mostKept = Long.MAX_VALUE;

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

  /** More rows of a row group than are read at once. */
  @Test
  void manyRowsComeInBunches() {
    append(0, 50_000);
    Object[] keys = LongStream.range(2_000, 49_000).boxed().toArray();

    assertThat(find(List.of("id"), keys))
        .containsExactlyElementsOf(
            LongStream.range(2_000, 49_000)
                .mapToObj(id -> "%1$d at %1$d: %2$d, text %1$d".formatted(id, id / 2))
                .toList());
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

  @Test
  void numberOfAKeyIsOfTheTypeThatItsColumnHasNow() {
    append(0, 10);
    Types.NestedField half = table.schema().findField("half");
    assertThat(keyValues(half, 4)).containsOnly(4);

    spark.sql("ALTER TABLE " + name + " ALTER COLUMN half TYPE BIGINT");
    table.refresh();

    assertThat(keyValues(table.schema().findField("half"), 4)).containsOnly(4L);
  }

  /** Files that are too large for their keys to be kept are read each time. */
  @ParameterizedTest
  @ValueSource(longs = {0, Long.MAX_VALUE})
  void rowsOfEveryRowGroupAreFoundAtTheirPlaces(long mostKept) {
    this.mostKept = mostKept;
    set("write.parquet.row-group-size-bytes", "4096");
    append(0, 2000);
    assertThat(rowGroups()).isGreaterThan(2);
    set("write.delete.mode", "merge-on-read");
    spark.sql("DELETE FROM " + name + " WHERE id IN (20, 1500)");
    table.refresh();

    for (int i = 0; i < 2; i++) {
      assertThat(find(List.of("id"), 19L, 20L, 700L, 1499L, 1500L, 1999L))
          .containsExactly(
              "19 at 19: 9, text 19",
              "700 at 700: 350, text 700",
              "1499 at 1499: 749, text 1499",
              "1999 at 1999: 999, text 1999");
    }
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
    set("write.delete.mode", "merge-on-read");
    spark.sql("DELETE FROM " + name + " WHERE id = 4");
    table.refresh();

    assertThat(find(List.of("id"), 4L, 5L)).containsExactly("5 at 5: 2, text 5");
  }

  private void set(String property, String value) {
    spark.sql("ALTER TABLE %s SET TBLPROPERTIES ('%s' = '%s')".formatted(name, property, value));
  }

  private int rowGroups() {
    try (CloseableIterable<FileScanTask> files = table.newScan().planFiles()) {
      return files.iterator().next().file().splitOffsets().size();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Object[] keyValues(Types.NestedField column, Object key) {
    try (KeyScan scan =
        new KeyScan(
            table,
            List.of(column),
            sought(List.of(key)),
            KeyScan.files(table.newScan(), 1).iterator())) {
      assertThat(scan.advance()).isTrue();
      return scan.keyValues(column);
    }
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
        new KeyScan(table, key, keys, KeyScan.files(table.newScan(), 1).iterator(), mostKept)) {
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
      assertThat(scan.advance()).as("behind the last row").isFalse();
    }
    return found;
  }
}
