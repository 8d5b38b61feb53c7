/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cdclake.PipelineText;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Secret;
import dev.cdclake.contract.Source;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.TableName;
import java.util.List;
import org.junit.jupiter.api.Test;

class PipelineDraftTest {

  private static final Source SOURCE =
      new Source(
          false,
          "db.example.com",
          5432,
          "Web-Shop",
          "capture \"me\"",
          new Secret("SHOP_PASSWORD"),
          "require",
          "ignored",
          "ignored",
          1);

  @Test
  void draftIsAcceptedAsItStands() {
    Pipeline pipeline =
        PipelineText.read(
            PipelineDraft.render(
                SOURCE,
                List.of(
                    table("public", "orders", "id"),
                    table("public", "on"),
                    table("Sales", "Größen: \\ 'A'\nB", "id"),
                    table("Sales", "the \"best\"", "id"))));

    assertThat(pipeline.project()).isEqualTo("web_shop");
    assertThat(pipeline.source())
        .isEqualTo(
            new Source(
                false,
                "db.example.com",
                5432,
                "Web-Shop",
                "capture \"me\"",
                new Secret("SHOP_PASSWORD"),
                "require",
                "web_shop",
                "web_shop",
                1));
    assertThat(pipeline.tables())
        .extracting(SourceTable::name)
        .containsExactly(
            new TableName("public", "orders"),
            new TableName("public", "on"),
            new TableName("Sales", "Größen: \\ 'A'\nB"));
  }

  @Test
  void tablesWhoseLakeNamesWouldCollideGetAnother() {
    Pipeline pipeline =
        PipelineText.read(
            PipelineDraft.render(
                SOURCE,
                List.of(
                    table("public", "sales_x", "id"),
                    table("sales", "x", "id"),
                    table("public", "_hidden", "id"))));

    assertThat(pipeline.tables())
        .extracting(SourceTable::lakeName)
        .containsExactly("sales_x", "sales_x_2", "t_hidden");
  }

  @Test
  void tableIsDescribedInComments() {
    assertThat(PipelineDraft.render(SOURCE, List.of(table("public", "orders", "id"))))
        .contains(
            """
              # a table, about 1,234 rows.
              #   id integer not null (key)
              #   note text
              #   span int4multirange (arrives as text)
              - name: public.orders
                # Key: the primary key (id).
            """);
  }

  @Test
  void tableWithoutKeySaysWhatThatMeans() {
    assertThat(PipelineDraft.render(SOURCE, List.of(table("public", "log"))))
        .contains(
            """
              - name: public.log
                # No primary key: updates and deletes need REPLICA IDENTITY FULL, and find
                # their row by all its values; or name the columns that identify a row:
                # key: [column]
            """);
  }

  @Test
  void tableThatCannotBeCapturedIsLeftOutWithTheReason() {
    FoundTable unlogged =
        new FoundTable(
            new TableName("public", "cache"),
            FoundTable.Kind.UNLOGGED_TABLE,
            false,
            List.of(),
            List.of(),
            ReplicaIdentity.DEFAULT,
            List.of(),
            -1);
    String draft = PipelineDraft.render(SOURCE, List.of(unlogged, table("public", "orders", "id")));

    assertThat(draft)
        .contains("# Left out: PostgreSQL does not publish the changes of an unlogged table.")
        .contains("# - name: public.cache");
    assertThat(PipelineText.read(draft).tables()).hasSize(1);
    assertThatThrownBy(() -> PipelineDraft.render(SOURCE, List.of(unlogged)))
        .isInstanceOf(SourceException.class)
        .hasMessageStartingWith(
            "Cannot draft a pipeline file for database 'Web-Shop': 1 tables found, none can be"
                + " captured");
  }

  @Test
  void projectIsAWordWhateverTheDatabaseIsCalled() {
    assertThat(PipelineDraft.project("Web-Shop")).isEqualTo("web_shop");
    assertThat(PipelineDraft.project("2025")).isEqualTo("db_2025");
    assertThat(PipelineDraft.project("x".repeat(63))).hasSize(48);
  }

  private static FoundTable table(String schema, String name, String... key) {
    return new FoundTable(
        new TableName(schema, name),
        FoundTable.Kind.TABLE,
        false,
        List.of(
            new SourceColumn("id", "integer", false, false, TypeSupport.NATIVE),
            new SourceColumn("note", "text", true, false, TypeSupport.NATIVE),
            new SourceColumn("span", "int4multirange", true, false, TypeSupport.AS_TEXT)),
        List.of(key),
        ReplicaIdentity.DEFAULT,
        List.of(key),
        1234);
  }
}
