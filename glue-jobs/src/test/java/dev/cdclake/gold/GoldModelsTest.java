/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.gold;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SettingsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GoldModelsTest {

  private static final String PLAIN = "key: [id]\ncolumns: {id: {type: int}}\n";

  @TempDir Path home;

  @BeforeEach
  void writePipeline() throws IOException {
    Files.createDirectories(home.resolve("models"));
    Files.writeString(
        home.resolve("pipeline.yaml"),
        "project: shop\ntables:\n  - name: orders\n  - name: users\ngold:\n  models: models\n");
  }

  @Test
  void pipelineWithoutAFolderOfModelsHasNone() throws IOException {
    Files.delete(home.resolve("models"));

    assertThat(GoldModels.read(pipeline())).isEmpty();
  }

  @Test
  void modelsComeInTheOrderInWhichTheyDependOnEachOther() throws IOException {
    model("a", "select id from gold.b", PLAIN);
    model("b", "select id from gold.c join silver.orders using (id)", PLAIN);
    model("c", "select id from silver.users", PLAIN);

    assertThat(GoldModels.read(pipeline()))
        .extracting(GoldModel::name)
        .containsExactly("c", "b", "a");
  }

  @Test
  void everythingOfAModelIsRead() throws IOException {
    model(
        "orders_by_user",
        "select user_id, n from silver.orders",
        """
        description: Orders of a user.
        grain: one row per user
        key: [user_id]
        refresh: incremental
        touched-by: {silver.orders: user_id}
        columns:
          user_id: {type: int, description: The user., tests: [not_null, unique]}
          n: {type: bigint}
        expect: {some: "n > 0"}
        """);

    GoldModel model = GoldModels.read(pipeline()).get(0);

    assertThat(model.description()).isEqualTo("Orders of a user.");
    assertThat(model.key()).containsExactly("user_id");
    assertThat(model.isIncremental()).isTrue();
    assertThat(model.touchedBy()).containsEntry("silver.orders", "user_id");
    assertThat(model.columns().keySet()).containsExactly("user_id", "n");
    assertThat(model.columns().get("user_id"))
        .isEqualTo(new GoldModel.Column("int", "The user.", List.of("not_null", "unique")));
    assertThat(model.expectations()).containsEntry("some", "n > 0");
  }

  @Test
  void touchedByIsIgnoredInAModelThatIsRebuilt() throws IOException {
    model(
        "m",
        "select id from silver.orders",
        PLAIN + "refresh: full\ntouched-by: {silver.orders: id}");

    assertThat(GoldModels.read(pipeline()).get(0).isIncremental()).isFalse();
  }

  @Test
  void allProblemsOfAllModelsAreReportedAtOnce() throws IOException {
    model("bronzed", "select id from bronze.orders", PLAIN);
    model("cyclic", "select id from gold.cyclic", PLAIN);
    model("keyless", "select 1 from silver.orders", "key: [nope]\ncolumns: {id: {type: int}}");
    model("lost", "select id from gold.nowhere", PLAIN);
    model("misspelt", "select id from silver.orders", PLAIN + "refesh: full\nrefresh: daily\n");
    model("partial", "select id from silver.orders", PLAIN + "refresh: incremental\n");
    model(
        "strange",
        "select id from silver.nobody",
        PLAIN + "refresh: incremental\ntouched-by: {silver.users: id}\n");
    model("unreadable", "select id from silver.orders", "key: [id\n");
    Files.writeString(home.resolve("models/single.sql"), "select id from silver.orders");

    SettingsException refused =
        catchThrowableOfType(SettingsException.class, () -> GoldModels.read(pipeline()));

    assertThat(refused.problems())
        .contains(
            "bronzed.sql: reads 'bronze.orders' (expected silver tables or gold models).",
            "cyclic.sql: depends on itself by way of [cyclic].",
            "keyless.yml: key column 'nope' is not listed.",
            "lost.sql: reads 'gold.nowhere', and there is no such model.",
            "misspelt.yml: 'refesh' is not a known key (expected one of [columns, description,"
                + " expect, grain, key, refresh, touched-by]).",
            "misspelt.yml: refresh is 'daily' (expected full or incremental).",
            "partial.yml: refresh is incremental, so 'touched-by' and a key of one column are"
                + " needed.",
            "strange.sql: reads 'silver.nobody', which pipeline.yaml does not list.",
            "strange.yml: touched-by names 'silver.users' (expected a silver table that the model"
                + " reads).",
            "single.sql: there is no single.yml beside it.",
            "single.yml: no columns are listed.")
        .anySatisfy(problem -> assertThat(problem).startsWith("unreadable.yml: not YAML: "));
    assertThat(refused).hasMessageStartingWith("Cannot use the gold models in " + home);
  }

  @Test
  void modelsThatNeedEachOtherAreRefused() throws IOException {
    model("a", "select id from gold.b", PLAIN);
    model("b", "select id from gold.a", PLAIN);

    assertThat(
            catchThrowableOfType(SettingsException.class, () -> GoldModels.read(pipeline()))
                .problems())
        .containsExactly("a.sql: depends on itself by way of [a, b].");
  }

  @Test
  void repositorysOwnModelsAreAccepted() {
    Pipeline demo = Pipeline.read(Path.of("..", "pipeline.yaml"), "dev", "local");

    assertThat(GoldModels.read(demo)).isNotEmpty();
  }

  private void model(String name, String sql, String yaml) throws IOException {
    Files.writeString(home.resolve("models").resolve(name + ".sql"), sql);
    Files.writeString(home.resolve("models").resolve(name + ".yml"), yaml);
  }

  private Pipeline pipeline() {
    return Pipeline.read(home.resolve("pipeline.yaml"), "dev", "local");
  }
}
