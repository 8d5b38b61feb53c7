/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.forget;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SettingsException;
import dev.cdclake.failure.PipelineException;
import dev.cdclake.fixture.Changes;
import dev.cdclake.fixture.SparkTest;
import dev.cdclake.fixture.TestLake;
import dev.cdclake.gold.GoldJob;
import dev.cdclake.silver.SilverRun;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.iceberg.Table;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@SparkTest
class ForgetJobTest {

  private static final Changes USERS =
      Changes.of("users").column("name", "string").column("age", "int32");

  private static final String[] NAMES = {
    "description: Users of a name.",
    "key: [name]",
    "columns:",
    "  name: {type: string}",
    "  users: {type: bigint}"
  };

  private TestLake lake;
  private Pipeline pipeline;
  private SilverRun silver;

  @BeforeEach
  void openTables(TestLake opened) {
    lake = opened;
    pipeline = opened.pipeline("tables:", "  - name: users");
    silver = new SilverRun(opened, pipeline);
  }

  @Test
  void nothingIsLeftInAnyFile() throws IOException {
    silver.carry(USERS.insert(1).at(10).set("name", "ada"), USERS.insert(2).at(11));
    silver.carry(USERS.update(1).at(20).set("name", "countess"), USERS.insert(3).at(21));
    silver.carry(USERS.delete(1).at(30).set("name", "countess"));

    List<ForgottenTable> forgotten = forget(Map.of("id", "1"));

    assertThat(forgotten)
        .extracting(ForgottenTable::table)
        .containsExactly("bronze.users", "silver.users");
    assertThat(forgotten).extracting(ForgottenTable::rowsBefore).containsExactly(3L, 3L);
    assertThat(forgotten).extracting(ForgottenTable::rowsAfter).containsOnly(0L);
    assertThat(silver.rows("id", "is_active")).containsExactly(List.of(2, true), List.of(3, true));
    assertThat(lake.spark().table(pipeline.bronze(pipeline.tables().get(0)).quoted()).count())
        .isEqualTo(2);
    assertThat(everyByte(silver.table())).doesNotContain("countess");
  }

  @Test
  void nothingIsLeftInGoldNotEvenInFilesThatNoSnapshotHas() throws IOException {
    lake.model(
        "names",
        "select name, count(*) as users from silver.users where is_active group by name",
        NAMES);
    GoldJob gold = new GoldJob(lake.spark(), lake.tables(), pipeline);
    silver.carry(USERS.insert(1).at(10).set("name", "countess"), USERS.insert(2).at(11));
    gold.runBatch();
    Table names = lake.tables().find(pipeline.gold("names")).orElseThrow();
    Path data = Path.of(names.location(), "data");
    Files.copy(parquet(data).get(0), data.resolve("left-by-a-killed-job.parquet"));
    List<Path> before = parquet(data);
    silver.carry(USERS.delete(1).at(20).set("name", "countess"));

    List<ForgottenTable> forgotten =
        forget(Map.of("id", "1"), () -> gold.rebuild(pipeline.tables().get(0)));

    assertThat(forgotten.get(2).table()).isEqualTo("gold.names");
    assertThat(forgotten.get(2).filesBefore()).isEqualTo(before.size());
    assertThat(forgotten.get(2).rowsAfter()).isZero();
    assertThat(parquet(data)).isNotEmpty().doesNotContainAnyElementsOf(before);
    assertThat(everyByte(names)).doesNotContain("countess");
  }

  @Test
  void goldThatCannotBeMadeAnewIsNotCalledForgotten() {
    lake.model("names", "select name, count(*) as users from silver.users group by name", NAMES);
    GoldJob gold = new GoldJob(lake.spark(), lake.tables(), pipeline);
    silver.carry(USERS.insert(1).at(10).set("name", "ada"));
    gold.runBatch();
    silver.carry(USERS.delete(1).at(20));

    List<ForgottenTable> forgotten =
        forget(Map.of("id", "1"), () -> List.of(pipeline.gold("names")));

    assertThat(forgotten.get(2).rowsAfter()).isPositive();
  }

  private static List<Path> parquet(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(file -> file.toString().endsWith(".parquet")).toList();
    }
  }

  @Test
  void lineGoesOnAfterwards() {
    silver.carry(USERS.insert(1).at(10), USERS.insert(2).at(11).set("name", "bob"));
    silver.carry(USERS.delete(1).at(20));
    silver.feed(USERS.insert(3).at(25));

    forget(Map.of("id", "1"));

    silver.carry(USERS.update(2).at(30).set("age", 7).unavailable("name"));
    assertThat(silver.rows("id", "name", "age"))
        .containsExactly(List.of(2, "bob", 7), Arrays.asList(3, null, null));
    assertThat(silver.fold()).isEmpty();
  }

  @Test
  void otherRowsKeepTheirValuesWhereAColumnIsNewerThanTheNewestSnapshot() {
    silver.carry(USERS.insert(1).at(10), USERS.insert(2).at(11).set("name", "bob").set("age", 7));
    silver.carry(USERS.delete(1).at(20));
    lake.spark()
        .sql(
            "alter table %s add column nick string after id"
                .formatted(pipeline.silver(pipeline.tables().get(0)).quoted()));

    forget(Map.of("id", "1"));

    assertThat(silver.rows("id", "nick", "name", "age", "is_active"))
        .containsExactly(Arrays.asList(2, null, "bob", 7, true));
  }

  @Test
  void earlierKeysOfTheRowAreForgottenAndTheirNewOwnersAreNot() {
    silver.carry(USERS.insert(1).at(10).set("name", "ada"));
    silver.carry(USERS.delete(1).at(20), USERS.insert(2).movedFrom(1).at(20).set("name", "ada"));
    silver.carry(USERS.insert(1).at(30).set("name", "bob"), USERS.delete(2).at(31));

    List<ForgottenTable> forgotten = forget(Map.of("id", "2"));

    assertThat(forgotten.get(0).rowsBefore()).isEqualTo(4);
    assertThat(silver.rows("id", "name", "is_active")).containsExactly(List.of(1, "bob", true));
  }

  @Test
  void rejectedEventsOfTheRowAreForgotten() {
    silver.carry(USERS.insert(1).at(10), USERS.insert(2).at(11));
    silver.carry(USERS.update(1).at(20).set("age", "old"), USERS.update(2).at(21).set("age", "x"));
    silver.carry(USERS.delete(1).at(30));

    List<ForgottenTable> forgotten = forget(Map.of("id", "1"));

    assertThat(forgotten.get(1).rowsBefore()).isEqualTo(1);
    assertThat(lake.spark().table(pipeline.rejectedRows().quoted()).select("key").collectAsList())
        .extracting(row -> new String(row.<byte[]>getAs(0), StandardCharsets.UTF_8))
        .containsExactly("{\"id\":2}");
  }

  @Test
  void rejectedEventsOfTheNewOwnerOfAnEarlierKeyAreKept() {
    silver.carry(USERS.insert(1).at(10));
    silver.carry(USERS.update(1).at(15).set("age", "hers"));
    silver.carry(USERS.delete(1).at(20), USERS.insert(2).movedFrom(1).at(20));
    silver.carry(USERS.insert(1).at(30), USERS.delete(2).at(31));
    silver.carry(USERS.update(1).at(40).set("age", "his"), USERS.unknown("x", 1).at(41));

    List<ForgottenTable> forgotten = forget(Map.of("id", "2"));

    assertThat(forgotten.get(1).rowsBefore()).isEqualTo(1);
    assertThat(forgotten.get(1).rowsAfter()).isZero();
    assertThat(
            lake.spark()
                .table(pipeline.rejectedRows().quoted())
                .selectExpr("stage", "cast(value as string)")
                .collectAsList())
        .extracting(row -> row.getString(0))
        .containsExactlyInAnyOrder("bronze", "silver");
    assertThat(forget(Map.of("id", "2"))).extracting(ForgottenTable::rowsBefore).containsOnly(0L);
  }

  @Test
  void secondRunFindsNothing() {
    silver.carry(USERS.insert(1).at(10), USERS.insert(2).at(11));
    silver.carry(USERS.delete(1).at(20));
    forget(Map.of("id", "1"));

    assertThat(forget(Map.of("id", "1"))).extracting(ForgottenTable::rowsBefore).containsOnly(0L);
  }

  @Test
  void lineGoesOnWhereTheNewestSnapshotIsACompactions() {
    silver.carry(USERS.insert(1).at(10), USERS.insert(2).at(11));
    silver.carry(USERS.update(2).at(20).set("age", "old"), USERS.delete(1).at(21));
    forget(Map.of("id", "1"));
    for (LakeTable name :
        List.of(
            pipeline.bronze(pipeline.tables().get(0)),
            pipeline.rejectedRows(),
            pipeline.silver(pipeline.tables().get(0)))) {
      withoutProgress(lake.tables().find(name).orElseThrow());
    }

    forget(Map.of("id", "1"));

    silver.carry(USERS.update(2).at(30).set("age", 7), USERS.update(2).at(31).set("age", "x"));
    assertThat(silver.rows("id", "age")).containsExactly(List.of(2, 7));
    assertThat(lake.spark().table(pipeline.rejectedRows().quoted()).count()).isEqualTo(2);
  }

  @Test
  void goldGoesOnWhereItWasCompactedWhileARowWasForgotten() {
    lake.model("names", "select name, count(*) as users from silver.users group by name", NAMES);
    GoldJob gold = new GoldJob(lake.spark(), lake.tables(), pipeline);
    silver.carry(USERS.insert(1).at(10).set("name", "ada"), USERS.insert(2).at(11));
    gold.runBatch();
    silver.carry(USERS.delete(1).at(20).set("name", "ada"));

    new ForgetJob(lake.spark(), pipeline, Duration.ZERO)
        .run(
            pipeline.tables().get(0),
            Map.of("id", "1"),
            false,
            () -> {
              List<LakeTable> rebuilt = gold.rebuild(pipeline.tables().get(0));
              rebuilt.forEach(name -> withoutProgress(lake.tables().find(name).orElseThrow()));
              return rebuilt;
            });

    silver.carry(USERS.insert(3).at(30).set("name", "bob"));
    gold.runBatch();
    assertThat(lake.spark().table(pipeline.gold("names").quoted()).where("name = 'bob'").count())
        .isEqualTo(1);
  }

  /** Commits as a compaction does, which does not know our keys. */
  private static void withoutProgress(Table table) {
    table.newAppend().commit();
  }

  @Test
  void rowThatIsStillActiveIsRefused() {
    silver.carry(USERS.insert(1).at(10));

    assertThatThrownBy(() -> forget(Map.of("id", "1")))
        .isInstanceOf(PipelineException.class)
        .hasMessageContaining("silver has it as active");
  }

  @Test
  void keysThatCannotBeTheRowsAreRefusedInWords() {
    silver.carry(USERS.insert(1).at(10));
    silver.carry(USERS.delete(1).at(20), USERS.insert(2).movedFrom(1).at(20));

    assertThatThrownBy(() -> forget(Map.of("email", "x")))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("its key is [id], not [email]");
  }

  private List<ForgottenTable> forget(Map<String, String> key) {
    return forget(key, List::of);
  }

  private List<ForgottenTable> forget(
      Map<String, String> key, Supplier<List<LakeTable>> rebuildGold) {
    return new ForgetJob(lake.spark(), pipeline, Duration.ZERO)
        .run(pipeline.tables().get(0), key, false, rebuildGold);
  }

  /** Returns all bytes of a table's folder; statistics, for one, are not compressed. */
  private static String everyByte(Table table) throws IOException {
    StringBuilder text = new StringBuilder();
    try (Stream<Path> files = Files.walk(Path.of(table.location()))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        text.append(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1));
      }
    }
    return text.toString();
  }
}
