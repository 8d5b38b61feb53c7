/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.shop;

import java.math.BigDecimal;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.random.RandomGenerator;

/**
 * What a trader knows about the shop: who may order, what is on the shelf, where each open order
 * stands. Read from the database in key order, so that equal databases give equal floors.
 */
final class ShopFloor {

  private static final int REMEMBERED_ORDERS = 5_000;

  /** Where an order stands; in lower case it is the value of the column. */
  enum OrderState {
    PENDING,
    PAID,
    SHIPPED,
    DELIVERED,
    CANCELLED
  }

  /** A product that can be ordered. */
  static final class Ware {
    final UUID id;
    BigDecimal price;
    int stock;

    Ware(UUID id, BigDecimal price, int stock) {
      this.id = id;
      this.price = price;
      this.stock = stock;
    }
  }

  final List<Long> users;
  final List<Long> unverifiedUsers;
  final List<Long> mistypedUsers;
  final List<Ware> shelf;
  final List<Ware> announced;
  private final Map<OrderState, List<Long>> orders = new EnumMap<>(OrderState.class);

  private ShopFloor(Ledger ledger) throws SQLException {
    users = ids(ledger, "select id from public.users order by id");
    unverifiedUsers = ids(ledger, "select id from public.users where not is_verified order by id");
    mistypedUsers =
        ids(ledger, "select id from public.users where email not like '%@%' order by id");
    shelf = wares(ledger, "true");
    announced = wares(ledger, "false");
    for (OrderState state : OrderState.values()) {
      orders.put(state, latestOrders(ledger, state));
    }
  }

  static ShopFloor read(Ledger ledger) throws SQLException {
    return new ShopFloor(ledger);
  }

  List<Long> orders(OrderState state) {
    return orders.get(state);
  }

  static <T> Optional<T> any(List<T> all, RandomGenerator random) {
    return all.isEmpty() ? Optional.empty() : Optional.of(all.get(random.nextInt(all.size())));
  }

  /** Takes one out; the last takes its place, which is quick and as repeatable as the rest. */
  static <T> Optional<T> take(List<T> all, RandomGenerator random) {
    if (all.isEmpty()) {
      return Optional.empty();
    }
    int index = random.nextInt(all.size());
    T last = all.remove(all.size() - 1);
    return Optional.of(index == all.size() ? last : all.set(index, last));
  }

  private static List<Long> ids(Ledger ledger, String sql) throws SQLException {
    return ledger.list(sql, row -> row.getLong(1));
  }

  /** A product is announced until it has stock or orders. */
  private static List<Ware> wares(Ledger ledger, String onShelf) throws SQLException {
    return ledger.list(
        """
        select id, price, stock
        from public.products
        where (
            stock <> 0
            or exists (select from public.order_items where order_items.product_id = products.id)
        ) = ?::boolean
        order by id
        """,
        row ->
            new Ware(
                row.getObject("id", UUID.class), row.getBigDecimal("price"), row.getInt("stock")),
        onShelf);
  }

  private static List<Long> latestOrders(Ledger ledger, OrderState state) throws SQLException {
    List<Long> latest =
        ledger.list(
            """
            select id
            from public.orders
            where status = lower(?)::public.order_status
            order by id desc
            limit ?
            """,
            row -> row.getLong(1),
            state.name(),
            REMEMBERED_ORDERS);
    return new ArrayList<>(latest);
  }
}
