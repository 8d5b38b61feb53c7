/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.shop;

import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * The shop as trading finds it: users, products and 120 days of orders, from nothing but a seed.
 */
final class OpeningStock {

  private static final int ORDERS_PER_USER = 4;
  private static final Duration SIGN_UPS = Duration.ofDays(365);
  private static final Duration HISTORY = Duration.ofDays(120);

  private final ShopSettings settings;
  private final Consumer<String> progress;
  private final Ledger ledger;
  private final Random random;
  private final Imagination imagination;
  private final OffsetDateTime end =
      OffsetDateTime.now(ZoneOffset.UTC).truncatedTo(ChronoUnit.SECONDS);

  OpeningStock(Connection connection, ShopSettings settings, Consumer<String> progress) {
    this.settings = settings;
    this.progress = progress;
    this.ledger = new Ledger(connection);
    this.random = new Random(settings.seed());
    this.imagination = new Imagination(random);
  }

  long load() throws SQLException {
    if (!ledger.list("select from public.users limit 1", row -> true).isEmpty()) {
      progress.accept("the shop has users already, nothing to load");
      return 0;
    }
    return ledger
        .transaction(
            "opening",
            () -> {
              List<NewUser> users = writeUsers();
              List<NewProduct> products = writeProducts();
              writeOrders(users, products);
            })
        .total();
  }

  private List<NewUser> writeUsers() throws SQLException {
    List<NewUser> users = new ArrayList<>();
    for (long id : ledger.draw("public.users_id_seq", settings.users())) {
      NewUser user = imagination.user(id, end.minus(part(SIGN_UPS)), random.nextInt(5) > 0);
      user.write(ledger);
      users.add(user);
    }
    progress.accept("%d users".formatted(users.size()));
    return users;
  }

  private List<NewProduct> writeProducts() throws SQLException {
    List<NewProduct> products = new ArrayList<>();
    for (int count = 0; count < settings.products(); count++) {
      NewProduct product = imagination.product(50 + random.nextInt(400));
      product.write(ledger);
      products.add(product);
    }
    progress.accept("%d products".formatted(products.size()));
    return products;
  }

  private void writeOrders(List<NewUser> users, List<NewProduct> products) throws SQLException {
    int items = 0;
    int transactions = 0;
    List<Long> ids =
        ledger.draw("public.orders_id_seq", Math.multiplyExact(ORDERS_PER_USER, users.size()));
    for (long id : ids) {
      NewOrder order = order(id, regular(users), products);
      order.write(ledger);
      items += order.lines().size();
      transactions += writeTransactions(order);
    }
    progress.accept(
        "%d orders with %d items and %d transactions".formatted(ids.size(), items, transactions));
  }

  private NewOrder order(long id, NewUser user, List<NewProduct> products) {
    OffsetDateTime orderedAt = shoppingHour(user.createdAt());
    Map<UUID, NewOrder.Line> lines = new LinkedHashMap<>();
    int wanted = 1 + random.nextInt(4);
    for (int count = 0; count < wanted; count++) {
      NewProduct product = regular(products);
      lines.put(
          product.id(), new NewOrder.Line(product.id(), 1 + random.nextInt(3), product.price()));
    }
    return new NewOrder(
        id,
        user.id(),
        status(Duration.between(orderedAt, end)),
        List.copyOf(lines.values()),
        user.address(),
        imagination.note(),
        orderedAt);
  }

  private String status(Duration age) {
    int chance = random.nextInt(100);
    if (chance < 8) {
      return "cancelled";
    }
    if (age.toDays() >= 10) {
      return chance < 15 ? "returned" : "delivered";
    }
    if (age.toDays() >= 3) {
      return chance < 40 ? "shipped" : "delivered";
    }
    return chance < 40 ? "pending" : "paid";
  }

  private int writeTransactions(NewOrder order) throws SQLException {
    boolean failedFirst = random.nextInt(10) == 0;
    if (failedFirst) {
      transaction(order, "failed", 2).write(ledger);
    }
    String outcome =
        switch (order.status()) {
          case "pending" -> "pending";
          case "cancelled" -> "failed";
          case "returned" -> "refunded";
          default -> "captured";
        };
    transaction(order, outcome, 5).write(ledger);
    return failedFirst ? 2 : 1;
  }

  private NewTransaction transaction(NewOrder order, String status, int minutesLater) {
    OffsetDateTime processedAt = order.orderedAt().plusMinutes(minutesLater);
    BigDecimal amount = order.totalAmount();
    return new NewTransaction(
        imagination.uuid(),
        order.id(),
        imagination.paymentMethod(),
        amount,
        status,
        status.equals("pending") ? null : processedAt);
  }

  /** Returns a moment after the sign-up, most often in the late afternoon. */
  private OffsetDateTime shoppingHour(OffsetDateTime createdAt) {
    OffsetDateTime start = createdAt.isAfter(end.minus(HISTORY)) ? createdAt : end.minus(HISTORY);
    OffsetDateTime day = start.plus(part(Duration.between(start, end)));
    int hour = Math.floorMod(Math.round(16 + 4 * random.nextGaussian()), 24);
    OffsetDateTime moment = day.withHour(hour);
    return moment.isBefore(start) || moment.isAfter(end) ? day : moment;
  }

  /** Prefers the first ones, as shops have regulars and best sellers. */
  private <T> T regular(List<T> all) {
    return all.get((int) (all.size() * Math.pow(random.nextDouble(), 1.6)));
  }

  private Duration part(Duration whole) {
    return Duration.ofSeconds((long) (whole.toSeconds() * random.nextDouble()));
  }
}
