/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.cdclake.contract.TextForm;
import dev.cdclake.fixture.Changes;
import dev.cdclake.fixture.SparkTest;
import dev.cdclake.fixture.TestLake;
import dev.cdclake.lake.SilverKey;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What becomes of a silver table when the source's columns change. */
@SparkTest
class SchemaEvolutionTest {

  private static final Changes USERS = Changes.of("users");
  private static final Changes NAMED = USERS.column("name", "string");
  private static final Changes FULL = USERS.column("full_name", "string");

  private TestLake lake;

  @BeforeEach
  void useLake(TestLake lake) {
    this.lake = lake;
  }

  // Renames.

  @Test
  void renamedColumnKeepsItsIdAndItsValues() {
    SilverRun silver = silver("    renames: {name: full_name}");
    silver.carry(NAMED.insert(1).at(10).set("name", "ada"));
    int id = silver.table().schema().findField("name").fieldId();

    silver.carry(FULL.insert(2).at(20).set("full_name", "bob"));

    assertThat(silver.table().schema().findField("full_name").fieldId()).isEqualTo(id);
    assertThat(silver.table().schema().findField("name")).isNull();
    assertThat(silver.rows("id", "full_name"))
        .containsExactly(List.of(1, "ada"), List.of(2, "bob"));
  }

  @Test
  void columnRenamedWithinOneBatchIsOneColumn() {
    SilverRun silver = silver("    renames: {name: full_name}");

    silver.carry(
        NAMED.insert(1).at(10).set("name", "ada"), FULL.insert(2).at(20).set("full_name", "bob"));

    assertThat(silver.rows("id", "full_name"))
        .containsExactly(List.of(1, "ada"), List.of(2, "bob"));
    assertThat(silver.table().schema().findField("name")).isNull();
  }

  @Test
  void lateChangeWithTheEarlierNameFindsTheRenamedColumn() {
    SilverRun silver = silver("    renames: {name: full_name}");
    silver.carry(NAMED.insert(1).at(10).set("name", "ada"));
    silver.carry(FULL.insert(2).at(20).set("full_name", "bob"));

    silver.carry(NAMED.update(1).at(15).set("name", "Ada"));

    assertThat(silver.rows("id", "full_name"))
        .containsExactly(List.of(1, "Ada"), List.of(2, "bob"));
    assertThat(silver.table().schema().findField("name")).isNull();
  }

  @Test
  void unchangedToastValueIsFoundUnderTheLaterName() {
    SilverRun silver = silver("    renames: {name: full_name}");
    silver.carry(NAMED.insert(1).at(10).set("name", "long"));

    silver.carry(FULL.update(1).at(20).unavailable("full_name"));

    assertThat(silver.rows("id", "full_name", "dq_flags"))
        .containsExactly(List.of(1, "long", List.of()));
  }

  @Test
  void earlierNameMayComeBackAsAnotherColumn() {
    SilverRun silver = silver("    renames: {name: full_name}");

    silver.carry(
        NAMED.insert(1).at(10).set("name", "ada"),
        FULL.insert(2).at(20).set("full_name", "bob"),
        FULL.column("name", "string")
            .insert(3)
            .at(30)
            .set("full_name", "cy")
            .set("name", "another"));

    assertThat(silver.rows("id", "full_name", "name"))
        .containsExactly(
            Arrays.asList(1, "ada", null),
            Arrays.asList(2, "bob", null),
            List.of(3, "cy", "another"));
  }

  @Test
  void columnRenamedTwiceWithoutAChangeInBetweenIsOneColumn() {
    SilverRun silver = silver("    renames: {name: title, title: full_name}");
    silver.carry(NAMED.insert(1).at(10).set("name", "ada"));
    int id = silver.table().schema().findField("name").fieldId();

    silver.carry(FULL.insert(2).at(30).set("full_name", "bob"));

    assertThat(silver.table().schema().findField("full_name").fieldId()).isEqualTo(id);
  }

  @Test
  void columnThatTakesTheNameOfADroppedOneKeepsBothHistories() {
    Changes old = USERS.column("price", "int32");
    Changes both = old.column("price_new", "string");
    Changes renamed = USERS.column("price", "string");
    SilverRun silver = silver("    renames: {price_new: price}");
    silver.carry(old.insert(1).at(10).set("price", 5));

    silver.carry(
        both.update(1).at(20).set("price", 5).set("price_new", "five"),
        renamed.insert(2).at(30).set("price", "six"));

    assertThat(silver.rows("id", "price", "price_dropped"))
        .containsExactly(List.of(1, "five", 5), Arrays.asList(2, "six", null));
    assertThat(silver.rejected()).isEmpty();
  }

  @Test
  void addedColumnMayHaveADotInItsName() {
    SilverRun silver = silver();
    silver.carry(NAMED.insert(1).at(10).set("name", "ada"));

    silver.carry(NAMED.column("a.b", "string").insert(2).at(20).set("a.b", "c"));

    assertThat(silver.rows("id", "`a.b`")).containsExactly(Arrays.asList(1, null), List.of(2, "c"));
  }

  @Test
  void renameThatIsNotDeclaredIsADroppedAndAnAddedColumn() {
    SilverRun silver = silver();
    silver.carry(NAMED.insert(1).at(10).set("name", "ada"));
    silver.carry(FULL.insert(2).at(20).set("full_name", "bob"));

    assertThat(silver.rows("id", "name", "full_name"))
        .containsExactly(Arrays.asList(1, "ada", null), Arrays.asList(2, null, "bob"));
  }

  @Test
  void renameDeclaredTooLateLeavesBothColumns() {
    silver().carry(NAMED.insert(1).at(10).set("name", "ada"));
    silver().carry(FULL.insert(2).at(20).set("full_name", "bob"));

    SilverRun declared = silver("    renames: {name: full_name}");
    declared.carry(FULL.insert(3).at(30).set("full_name", "cy"));

    assertThat(declared.rows("id", "name", "full_name"))
        .containsExactly(
            Arrays.asList(1, "ada", null),
            Arrays.asList(2, null, "bob"),
            Arrays.asList(3, null, "cy"));
  }

  @Test
  void renamedKeyColumnStillFindsItsRows() {
    SilverRun silver = silver("    renames: {id: user_id}");
    silver.carry(NAMED.insert(1).at(10).set("name", "ada"), NAMED.insert(2).at(11));
    Changes renamed =
        Changes.of("users").column("user_id", "int32").column("name", "string").without("id");

    silver.carry(
        NAMED.update(2).at(15).set("name", "bob"),
        renamed.key("user_id").update(1).at(20).set("name", "Ada"));

    assertThat(silver.rows("user_id", "name"))
        .containsExactly(List.of(1, "Ada"), List.of(2, "bob"));
    assertThat(SilverKey.of(silver.table()).source()).containsExactly("user_id");
  }

  @Test
  void renamedKeyColumnThatIsNotDeclaredRejectsItsRowsAndLeavesTheTableAsItIs() {
    SilverRun silver = silver();
    silver.carry(NAMED.insert(1).at(10));
    Changes renamed =
        Changes.of("users").column("user_id", "int32").column("name", "string").without("id");

    silver.carry(renamed.key("user_id").update(1).at(20).set("name", "Ada"));

    Row rejected = silver.rejected().get(0);
    assertThat(rejected.<String>getAs("reason")).isEqualTo("SCHEMA_CONFLICT");
    assertThat(rejected.<String>getAs("detail")).contains("'id'").contains("'renames'");
    assertThat(silver.table().schema().findField("user_id")).isNull();
  }

  @Test
  void largeValueOfAColumnThatWasRenamedUnannouncedIsNullAndFlagged() {
    SilverRun silver = silver();
    silver.carry(NAMED.insert(1).at(10).set("name", "a long one"));

    silver.carry(
        Changes.of("users")
            .column("title", "string")
            .column("age", "int32")
            .update(1)
            .at(20)
            .unavailable("title")
            .set("age", 3));

    assertThat(silver.rows("name", "title", "dq_flags"))
        .containsExactly(Arrays.asList("a long one", null, List.of("toast_unresolved:title")));
  }

  // Types.

  @Test
  void changeWhoseColumnWasMisreadIsRejectedAndTheTableStaysAsItIs() {
    SilverRun silver = silver();
    silver.carry(USERS.column("code", "string").insert(1).at(10).set("code", "012"));

    silver.carry(
        USERS.column("code", "string", TextForm.MISREAD).update(1).at(20).set("code", "13"),
        USERS.column("code", "string").insert(2).at(21).set("code", "14"));

    assertThat(silver.rows("id", "code")).containsExactly(List.of(1, "012"), List.of(2, "14"));
    assertThat(silver.rejected())
        .extracting(row -> row.getAs("reason"), row -> row.getAs("detail"))
        .containsExactly(
            tuple("COLUMN_RETYPED", "Column 'code' had another type when the row was written"));
  }

  @Test
  void textColumnTakesWhatPostgresqlWritesTheSameWay() {
    SilverRun silver = silver();
    silver.carry(USERS.column("code", "string").insert(1).at(10).set("code", "one"));

    silver.carry(
        USERS.column("code", "int32").insert(2).at(20).set("code", 2),
        USERS.column("code", "boolean").insert(3).at(21).set("code", true));

    assertThat(silver.rows("id", "code"))
        .containsExactly(List.of(1, "one"), List.of(2, "2"), List.of(3, "true"));
  }

  @Test
  void elementsOfAnArrayWiden() {
    SilverRun silver = silver();
    silver.carry(array("int32").insert(1).at(10).set("n", List.of(1)));

    silver.carry(
        array("int32").update(1).at(15).set("n", List.of(2)),
        array("int64").insert(2).at(20).set("n", List.of(Long.MAX_VALUE)));

    assertThat(silver.rows("id", "n"))
        .containsExactly(List.of(1, List.of(2L)), List.of(2, List.of(Long.MAX_VALUE)));
  }

  @Test
  void keyOfAnotherTypeRejectsItsRowsAndTheOthersGoOn() {
    SilverRun silver = silver();
    silver.carry(NAMED.insert(1).at(10).set("name", "ada"));

    silver.carry(
        Changes.of("users").column("id", "string").insert("x").at(20),
        NAMED.update(1).at(21).set("name", "Ada"));

    assertThat(silver.rows("id", "name")).containsExactly(List.of(1, "Ada"));
    assertThat(silver.rejected()).hasSize(1);
  }

  @Test
  void keyColumnMayHaveACommaInItsName() {
    Changes odd = Changes.of("users").column("a,b", "int32").without("id").key("a,b");
    SilverRun silver = silver();
    silver.carry(odd.insert(1).at(10));
    silver.carry(odd.delete(1).at(20));

    assertThat(silver.rows("`a,b`", "is_active")).containsExactly(List.of(1, false));
  }

  private static Changes array(String element) {
    com.fasterxml.jackson.databind.node.ObjectNode type =
        new com.fasterxml.jackson.databind.ObjectMapper().createObjectNode().put("type", "array");
    type.putObject("items").put("type", element).put("optional", true);
    return USERS.column("n", type);
  }

  private SilverRun silver(String... settings) {
    String[] lines = new String[settings.length + 2];
    lines[0] = "tables:";
    lines[1] = "  - name: users";
    System.arraycopy(settings, 0, lines, 2, settings.length);
    return new SilverRun(lake, lake.pipeline(lines));
  }
}
