/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.shop;

import static dev.cdclake.shop.ShopDatabase.execute;
import static dev.cdclake.shop.ShopDatabase.number;
import static dev.cdclake.shop.ShopDatabase.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class ShopTest {

  @RegisterExtension static final ShopDatabase DATABASE = new ShopDatabase();

  private static final List<String> TABLES =
      List.of("users", "products", "orders", "order_items", "transactions");
  private static final ShopSettings FAST = new ShopSettings(7, 50, 40, 5_000, Mix.everyday());

  @Test
  void theInitialLoadHasTheSizesAskedFor() throws SQLException {
    try (Connection shop = DATABASE.newShop()) {
      List<String> progress = new ArrayList<>();
      long rows = Shop.load(shop, ShopSettings.standard(), progress::add);

      assertThat(number(shop, "select count(*) from public.users")).isEqualTo(500);
      assertThat(number(shop, "select count(*) from public.products")).isEqualTo(200);
      assertThat(number(shop, "select count(*) from public.orders")).isEqualTo(2_000);
      assertThat(rows).isEqualTo(rowsOfAllTables(shop));
      assertThat(progress).hasSize(3).first().isEqualTo("500 users");
    }
  }

  @Test
  void theInitialLoadSpreadsOrdersOverAHundredDays() throws SQLException {
    try (Connection shop = DATABASE.newShop()) {
      Shop.load(shop, ShopSettings.standard(), line -> {});

      assertThat(number(shop, "select count(distinct ordered_at::date) from public.orders"))
          .isGreaterThan(100);
      assertThat(
              number(
                  shop,
                  """
                  select count(*) from public.orders
                  inner join public.users on orders.user_id = users.id
                  where ordered_at < created_at or ordered_at > now()
                  """))
          .isZero();
      assertThat(number(shop, wrongTotals())).isZero();
    }
  }

  @Test
  void longTextsAreStoredOutOfLine() throws SQLException {
    try (Connection shop = DATABASE.newShop()) {
      Shop.load(shop, ShopSettings.standard(), line -> {});

      for (String table : List.of("users", "products")) {
        assertThat(
                number(
                    shop,
                    "select pg_relation_size(reltoastrelid) from pg_class where oid = 'public.%s'::regclass"
                        .formatted(table)))
            .as(table)
            .isGreaterThan(500_000);
      }
    }
  }

  @Test
  void aShopWithUsersIsNotLoadedAgain() throws SQLException {
    try (Connection shop = DATABASE.newShop()) {
      Shop.load(shop, FAST, line -> {});
      assertThat(Shop.load(shop, FAST, line -> {})).isZero();
      assertThat(number(shop, "select count(*) from public.users")).isEqualTo(50);
    }
  }

  @Test
  void tradingInsertsUpdatesAndDeletesInEveryTable() throws Exception {
    try (Connection shop = DATABASE.newShop()) {
      Shop.load(shop, FAST, line -> {});
      Map<ShopAction, Integer> equalWeights = new EnumMap<>(ShopAction.class);
      for (ShopAction action : ShopAction.values()) {
        equalWeights.put(action, 1);
      }
      ShopSettings everything = new ShopSettings(7, 50, 40, 5_000, new Mix(equalWeights));
      ShopTally tally = trade(shop, everything, 1_000);

      assertThat(tally.conflicts()).isZero();
      for (ShopAction action : ShopAction.values()) {
        assertThat(tally.transactions(action)).as(action.name()).isPositive();
      }
      execute(shop, "select pg_stat_force_next_flush()");
      for (String table : TABLES) {
        for (String change : List.of("ins", "upd", "del")) {
          assertThat(
                  number(
                      shop,
                      "select n_tup_%s from pg_stat_user_tables where relname = '%s'"
                          .formatted(change, table)))
              .as("%s %s", table, change)
              .isPositive();
        }
        assertThat(
                number(
                    shop,
                    """
                    select count(*) from public.%s
                    where modified_at is null or change_info is null
                        or modified_by not in ('opening', 'accounts', 'checkout', 'payments',
                                               'warehouse', 'assortment', 'housekeeping')
                    """
                        .formatted(table)))
            .as(table)
            .isZero();
      }
    }
  }

  @Test
  void theTallyIsWhatTheDatabaseCounted() throws Exception {
    try (Connection shop = DATABASE.newShop()) {
      ShopTally tally = new ShopTally();
      long loaded = Shop.load(shop, FAST, line -> {});
      Shop.trade(shop, FAST, () -> tally.transactions() >= 500, tally);
      execute(shop, "select pg_stat_force_next_flush()");

      String counted = "select sum(n_tup_%s) from pg_stat_user_tables";
      assertThat(number(shop, counted.formatted("ins"))).isEqualTo(loaded + tally.inserts());
      assertThat(number(shop, counted.formatted("upd"))).isEqualTo(tally.updates());
      assertThat(number(shop, counted.formatted("del"))).isEqualTo(tally.deletes());
      assertThat(loaded + tally.inserts() - tally.deletes()).isEqualTo(rowsOfAllTables(shop));
    }
  }

  @Test
  void tradingKeepsTotalsEqualToTheirItems() throws Exception {
    try (Connection shop = DATABASE.newShop()) {
      Shop.load(shop, FAST, line -> {});
      trade(shop, FAST, 1_000);
      assertThat(number(shop, wrongTotals())).isZero();
    }
  }

  @Test
  void equalSeedsGiveEqualShops() throws Exception {
    try (Connection one = DATABASE.newShop();
        Connection other = DATABASE.newShop()) {
      Shop.load(one, FAST, line -> {});
      Shop.load(other, FAST, line -> {});
      ShopTally tally = trade(one, FAST, 600);
      ShopTally otherTally = trade(other, FAST, 600);

      assertThat(byAction(otherTally)).isEqualTo(byAction(tally));
      for (String table : TABLES) {
        assertThat(fingerprint(other, table)).as(table).isEqualTo(fingerprint(one, table));
      }
    }
  }

  @Test
  void aSecondRunGoesOnWhereTheFirstOneEnded() throws Exception {
    try (Connection shop = DATABASE.newShop()) {
      Shop.load(shop, FAST, line -> {});
      trade(shop, FAST, 300);
      assertThat(trade(shop, FAST, 300).conflicts()).isZero();
    }
  }

  @Test
  void rowsThatSomeoneElseDeletedDoNotEndTheTrade() throws Exception {
    try (Connection shop = DATABASE.newShop();
        Connection someoneElse =
            DriverManager.getConnection(shop.getMetaData().getURL(), "postgres", "")) {
      Shop.load(shop, FAST, line -> {});
      ShopTally tally = new ShopTally();
      Shop.trade(
          shop,
          FAST,
          () -> {
            if (tally.transactions() == 20) {
              deleteUsers(someoneElse);
            }
            return tally.transactions() >= 100;
          },
          tally);
      assertThat(tally.conflicts()).isPositive();
    }
  }

  @Test
  void changesComeAtTheRateAskedFor() throws Exception {
    try (Connection shop = DATABASE.newShop()) {
      ShopSettings slow = new ShopSettings(7, 50, 40, 100, Mix.everyday());
      Shop.load(shop, slow, line -> {});
      ShopTally tally = new ShopTally();
      long end = System.nanoTime() + Duration.ofSeconds(4).toNanos();
      Shop.trade(shop, slow, () -> System.nanoTime() > end, tally);

      assertThat(tally.rowChanges()).isBetween(280L, 440L);
    }
  }

  @Test
  void anInterruptEndsTheTrade() throws SQLException {
    try (Connection shop = DATABASE.newShop()) {
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> Shop.trade(shop, FAST, () -> false, new ShopTally()))
          .isInstanceOf(InterruptedException.class)
          .hasMessageContaining("between two transactions");
    }
  }

  @Test
  void aShopWithoutTablesSaysSo() throws SQLException {
    try (Connection empty = DATABASE.newDatabase()) {
      assertThatThrownBy(() -> Shop.load(empty, FAST, line -> {}))
          .isInstanceOf(ShopException.class)
          .hasMessageContaining("Cannot fill the shop")
          .hasMessageContaining("public.users");
    }
  }

  @Test
  void aMixNeedsAWeight() {
    assertThatThrownBy(() -> new Mix(Map.of(ShopAction.PAY, 0)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at least one weight must be above zero");
  }

  private static ShopTally trade(Connection shop, ShopSettings settings, int transactions)
      throws InterruptedException {
    ShopTally tally = new ShopTally();
    Shop.trade(shop, settings, () -> tally.transactions() >= transactions, tally);
    return tally;
  }

  private static void deleteUsers(Connection connection) {
    try {
      execute(connection, "delete from public.users where id % 2 = 0");
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }

  private static Map<ShopAction, Long> byAction(ShopTally tally) {
    Map<ShopAction, Long> counts = new EnumMap<>(ShopAction.class);
    for (ShopAction action : ShopAction.values()) {
      counts.put(action, tally.transactions(action));
    }
    return counts;
  }

  private static long rowsOfAllTables(Connection shop) throws SQLException {
    long rows = 0;
    for (String table : TABLES) {
      rows += number(shop, "select count(*) from public." + table);
    }
    return rows;
  }

  private static String wrongTotals() {
    return """
        select count(*)
        from public.orders
        where total_amount <> (
            select sum(quantity * unit_price) from public.order_items where order_id = orders.id
        )
        """;
  }

  /** Everything but the times. */
  private static String fingerprint(Connection shop, String table) throws SQLException {
    return text(
        shop,
        """
        select md5(string_agg(content, '' order by content))
        from (
            select (to_jsonb(t) - array['created_at', 'ordered_at', 'processed_at', 'modified_at',
                                        'change_info'])::text as content
            from public.%s as t
        ) as contents
        """
            .formatted(table));
  }
}
