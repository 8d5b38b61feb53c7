/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.shop;

import static dev.cdclake.shop.ShopDatabase.execute;
import static dev.cdclake.shop.ShopDatabase.number;
import static dev.cdclake.shop.ShopDatabase.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class ShopSchemaTest {

  @RegisterExtension static final ShopDatabase DATABASE = new ShopDatabase();

  private static final String NEW_USER =
      """
      insert into public.users (email, full_name, address, about)
      values ('ada@example.com', 'Ada', '{"city": "London"}',
              (select string_agg(md5(n::text), '') from generate_series(1, 1000) as n))
      """;

  @Test
  void installingTwiceChangesNothing() throws SQLException {
    try (Connection shop = DATABASE.newShop()) {
      execute(shop, NEW_USER);
      ShopSchema.install(shop, ShopDatabase.SCHEMA);

      assertThat(number(shop, "select count(*) from public.users")).isEqualTo(1);
      assertThat(
              text(
                  shop,
                  """
                  select string_agg(tablename, ' ' order by tablename)
                  from pg_publication_tables where pubname = 'cdc_demo'
                  """))
          .isEqualTo("order_items orders products transactions users");
    }
  }

  @Test
  void everyColumnHasAComment() throws SQLException {
    try (Connection shop = DATABASE.newShop()) {
      assertThat(
              number(
                  shop,
                  """
                  select count(*)
                  from pg_attribute
                  inner join pg_class on pg_attribute.attrelid = pg_class.oid
                  where relnamespace = 'public'::regnamespace
                      and relkind = 'r'
                      and attnum > 0
                      and col_description(attrelid, attnum) is null
                  """))
          .isZero();
    }
  }

  @Test
  void anInsertRecordsWhoMadeIt() throws SQLException {
    try (Connection shop = DATABASE.newShop()) {
      execute(shop, "set shop.actor = 'accounts'");
      execute(shop, NEW_USER);

      assertThat(text(shop, "select modified_by from public.users")).isEqualTo("accounts");
      assertThat(text(shop, "select change_info from public.users"))
          .isEqualTo("{\"operation\": \"insert\"}");
    }
  }

  @Test
  void anUpdateRecordsOldAndNewValuesOfTheChangedColumnsOnly() throws SQLException {
    try (Connection shop = DATABASE.newShop()) {
      execute(shop, NEW_USER);
      execute(shop, "update public.users set email = 'ada@example.org', full_name = 'Ada'");

      assertThat(text(shop, "select modified_by from public.users")).isEqualTo("postgres");
      assertThat(text(shop, "select change_info -> 'columns' from public.users"))
          .isEqualTo("{\"email\": {\"new\": \"ada@example.org\", \"old\": \"ada@example.com\"}}");
    }
  }

  @Test
  void longValuesAreCutInChangeInfo() throws SQLException {
    try (Connection shop = DATABASE.newShop()) {
      execute(shop, NEW_USER);
      execute(shop, "update public.users set about = 'short'");

      assertThat(text(shop, "select change_info #>> '{columns,about,old}' from public.users"))
          .hasSizeLessThan(250)
          .endsWith("… (32000 characters)");
    }
  }

  @Test
  void anUpdateThatChangesNothingKeepsTheAudit() throws SQLException {
    try (Connection shop = DATABASE.newShop()) {
      execute(shop, NEW_USER);
      String before = text(shop, "select modified_at || change_info::text from public.users");
      execute(shop, "update public.users set email = email, modified_by = 'someone else'");

      assertThat(text(shop, "select modified_at || change_info::text from public.users"))
          .isEqualTo(before);
      assertThat(text(shop, "select modified_by from public.users")).isEqualTo("postgres");
    }
  }

  @Test
  void theAuditTriggerLeavesToastedValuesWhereTheyAre() throws SQLException {
    try (Connection shop = DATABASE.newShop()) {
      execute(shop, NEW_USER);
      String before = text(shop, "select pg_column_toast_chunk_id(about) from public.users");
      execute(shop, "update public.users set address = '{\"city\": \"Paris\"}'");

      assertThat(before).isNotNull();
      assertThat(text(shop, "select pg_column_toast_chunk_id(about) from public.users"))
          .isEqualTo(before);
    }
  }

  @Test
  void purgingClearsOldChangeInfoAndNothingElse() throws SQLException {
    try (Connection shop = DATABASE.newShop()) {
      execute(shop, NEW_USER);

      assertThat(number(shop, "select public.shop_purge_audit(interval '1 day')")).isZero();
      assertThat(number(shop, "select public.shop_purge_audit(interval '-1 day')")).isEqualTo(1);
      assertThat(text(shop, "select change_info from public.users")).isNull();
      assertThat(text(shop, "select modified_by from public.users")).isEqualTo("postgres");
    }
  }

  @Test
  void aBrokenFileIsNamedAndLeavesNothingBehind(@TempDir Path folder)
      throws IOException, SQLException {
    Path file = folder.resolve("V001__broken.sql");
    Files.writeString(file, "create table public.half (id int); creat table public.rest (id int);");
    try (Connection empty = DATABASE.newDatabase()) {
      assertThatThrownBy(() -> ShopSchema.install(empty, folder))
          .isInstanceOf(ShopException.class)
          .hasMessageContaining("Cannot install the shop from '%s'".formatted(file))
          .hasMessageContaining("syntax error");
      assertThat(text(empty, "select to_regclass('public.half')")).isNull();
    }
  }
}
