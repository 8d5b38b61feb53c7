/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.shop;

import dev.cdclake.shop.ShopFloor.OrderState;
import dev.cdclake.shop.ShopFloor.Ware;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.function.BooleanSupplier;

/**
 * Draws actions from the mix and carries them out, each in one transaction, at the pace asked for.
 *
 * <p>Choices come from the seed and from what the trader knows of the shop, never from the clock.
 * When another session has changed the same rows, the transaction is rolled back, counted as a
 * conflict, and the trader looks around again.
 */
final class Trader {

  private static final int MOST_CONFLICTS_IN_A_ROW = 20;

  private final Ledger ledger;
  private final ShopSettings settings;
  private final ShopTally tally;
  private final Random random;
  private final Imagination imagination;
  private ShopFloor floor;
  private int conflictsInARow;

  Trader(Connection connection, ShopSettings settings, ShopTally tally) throws SQLException {
    this.ledger = new Ledger(connection);
    this.settings = settings;
    this.tally = tally;
    this.random = new Random(seed(settings, ledger));
    this.imagination = new Imagination(random);
    this.floor = ShopFloor.read(ledger);
  }

  /** A second run on the same database must not draw the keys of the first one again. */
  private static long seed(ShopSettings settings, Ledger ledger) throws SQLException {
    List<Long> drawn =
        ledger.list(
            """
            select
                (select last_value from public.users_id_seq) * 1000003
                + (select last_value from public.orders_id_seq) * 1009
                + (select count(*) from public.products)
            """,
            row -> row.getLong(1));
    return settings.seed() + 31 * drawn.get(0);
  }

  void trade(BooleanSupplier stop) throws SQLException, InterruptedException {
    Pace pace = new Pace(settings.changesPerSecond());
    while (!stop.getAsBoolean()) {
      if (Thread.interrupted()) {
        throw new InterruptedException("Interrupted between two transactions of the shop.");
      }
      // An action that is impossible at present still takes its time, or an idle shop would spin.
      pace.await(Math.max(act(), 1), stop);
    }
  }

  /** Returns the rows changed, which are none if there is, say, no cancelled order to purge. */
  private long act() throws SQLException {
    ShopAction action = settings.mix().draw(random);
    try {
      RowChanges changes = ledger.transaction(actor(action), () -> perform(action));
      conflictsInARow = 0;
      if (changes.total() > 0) {
        tally.add(action, changes);
      }
      return changes.total();
    } catch (SQLException e) {
      conflictsInARow++;
      if (!isConflict(e) || conflictsInARow > MOST_CONFLICTS_IN_A_ROW) {
        throw e;
      }
      tally.addConflict();
      floor = ShopFloor.read(ledger);
      return 0;
    }
  }

  /** Class 23 is a broken constraint, class 40 a deadlock or a failed serialization. */
  private static boolean isConflict(SQLException e) {
    String state = String.valueOf(e.getSQLState());
    return state.startsWith("23") || state.startsWith("40");
  }

  private static String actor(ShopAction action) {
    return switch (action) {
      case SIGN_UP,
          MISTYPE_EMAIL,
          SIGN_UP_AGAIN,
          CORRECT_EMAIL,
          VERIFY_EMAIL,
          CHANGE_ADDRESS,
          EDIT_PROFILE,
          CLOSE_ACCOUNT ->
          "accounts";
      case PLACE_ORDER, AMEND_ORDER, CANCEL -> "checkout";
      case PAY, FAIL_PAYMENT -> "payments";
      case SHIP, DELIVER, RETURN, RESTOCK, OVERSELL -> "warehouse";
      case REPRICE, MISPRICE, LAUNCH_PRODUCT, WITHDRAW_PRODUCT -> "assortment";
      case PURGE_ORDER -> "housekeeping";
    };
  }

  private void perform(ShopAction action) throws SQLException {
    switch (action) {
      case SIGN_UP -> signUp();
      case PLACE_ORDER -> placeOrder();
      case PAY -> pay();
      case FAIL_PAYMENT -> failPayment();
      case SHIP -> move(OrderState.PAID, OrderState.SHIPPED);
      case DELIVER -> move(OrderState.SHIPPED, OrderState.DELIVERED);
      case CANCEL -> cancel();
      case RETURN -> returnOrder();
      case AMEND_ORDER -> amendOrder();
      case PURGE_ORDER -> purgeOrder();
      case CHANGE_ADDRESS -> changeAddress();
      case EDIT_PROFILE -> editProfile();
      case VERIFY_EMAIL -> verifyEmail();
      case CLOSE_ACCOUNT -> closeAccount();
      case REPRICE -> reprice();
      case RESTOCK -> restock();
      case LAUNCH_PRODUCT -> launchProduct();
      case WITHDRAW_PRODUCT -> withdrawProduct();
      case MISTYPE_EMAIL -> mistypeEmail();
      case SIGN_UP_AGAIN -> signUpAgain();
      case CORRECT_EMAIL -> correctEmail();
      case OVERSELL -> oversell();
      case MISPRICE -> misprice();
    }
  }

  private void signUp() throws SQLException {
    long id = ledger.draw("public.users_id_seq", 1).get(0);
    imagination.user(id, now(), false).write(ledger);
    floor.users.add(id);
    floor.unverifiedUsers.add(id);
  }

  private void placeOrder() throws SQLException {
    Optional<Long> user = ShopFloor.any(floor.users, random);
    List<NewOrder.Line> lines = fillBasket();
    if (user.isEmpty() || lines.isEmpty()) {
      return;
    }
    long id = ledger.draw("public.orders_id_seq", 1).get(0);
    NewOrder order =
        new NewOrder(
            id, user.get(), "pending", lines, imagination.address(), imagination.note(), now());
    order.write(ledger);
    writePendingTransaction(id, order.totalAmount());
    for (NewOrder.Line line : lines) {
      changeStock(line.productId(), -line.quantity());
    }
    floor.orders(OrderState.PENDING).add(id);
  }

  private List<NewOrder.Line> fillBasket() {
    Set<Ware> basket = new LinkedHashSet<>();
    int wanted = 1 + random.nextInt(4);
    for (int count = 0; count < wanted; count++) {
      ShopFloor.any(floor.shelf, random).ifPresent(basket::add);
    }
    List<NewOrder.Line> lines = new ArrayList<>();
    for (Ware ware : basket) {
      int quantity = 1 + random.nextInt(3);
      if (ware.stock >= quantity && ware.price.signum() >= 0) {
        ware.stock -= quantity;
        lines.add(new NewOrder.Line(ware.id, quantity, ware.price));
      }
    }
    return lines;
  }

  private void pay() throws SQLException {
    Optional<Long> order = ShopFloor.take(floor.orders(OrderState.PENDING), random);
    if (order.isPresent()) {
      setOrderStatus(order.get(), "paid");
      answerTransaction(order.get(), "pending", "captured");
      floor.orders(OrderState.PAID).add(order.get());
    }
  }

  private void failPayment() throws SQLException {
    Optional<Long> order = ShopFloor.any(floor.orders(OrderState.PENDING), random);
    if (order.isPresent()) {
      answerTransaction(order.get(), "pending", "failed");
      for (BigDecimal amount : totalAmount(order.get())) {
        writePendingTransaction(order.get(), amount);
      }
    }
  }

  private void move(OrderState from, OrderState to) throws SQLException {
    Optional<Long> order = ShopFloor.take(floor.orders(from), random);
    if (order.isPresent()) {
      setOrderStatus(order.get(), to == OrderState.SHIPPED ? "shipped" : "delivered");
      floor.orders(to).add(order.get());
    }
  }

  private void cancel() throws SQLException {
    Optional<Long> order = ShopFloor.take(floor.orders(OrderState.PENDING), random);
    if (order.isPresent()) {
      setOrderStatus(order.get(), "cancelled");
      answerTransaction(order.get(), "pending", "failed");
      takeBack(order.get());
      floor.orders(OrderState.CANCELLED).add(order.get());
    }
  }

  private void returnOrder() throws SQLException {
    Optional<Long> order = ShopFloor.take(floor.orders(OrderState.DELIVERED), random);
    if (order.isPresent()) {
      setOrderStatus(order.get(), "returned");
      answerTransaction(order.get(), "captured", "refunded");
      takeBack(order.get());
    }
  }

  private void amendOrder() throws SQLException {
    Optional<Long> order = ShopFloor.any(floor.orders(OrderState.PENDING), random);
    if (order.isEmpty()) {
      return;
    }
    List<OrderedLine> lines = orderedLines(order.get());
    if (lines.isEmpty()) {
      return;
    }
    OrderedLine line = imagination.pick(lines);
    int quantity = lines.size() > 1 && random.nextBoolean() ? 0 : line.quantity() % 3 + 1;
    if (quantity == 0) {
      ledger.write(
          "delete from public.order_items where order_id = ? and line_no = ?",
          order.get(),
          line.lineNo());
    } else {
      ledger.write(
          "update public.order_items set quantity = ? where order_id = ? and line_no = ?",
          quantity,
          order.get(),
          line.lineNo());
    }
    BigDecimal change =
        line.unitPrice().multiply(BigDecimal.valueOf(quantity - (long) line.quantity()));
    ledger.write(
        "update public.orders set total_amount = total_amount + ? where id = ?",
        change,
        order.get());
    ledger.write(
        """
        update public.transactions set amount = amount + ?
        where order_id = ? and status = 'pending'
        """,
        change,
        order.get());
    changeStock(line.productId(), line.quantity() - quantity);
    find(line.productId()).ifPresent(ware -> ware.stock += line.quantity() - quantity);
  }

  private void purgeOrder() throws SQLException {
    Optional<Long> order = ShopFloor.take(floor.orders(OrderState.CANCELLED), random);
    if (order.isPresent()) {
      ledger.write("delete from public.transactions where order_id = ?", order.get());
      ledger.write("delete from public.order_items where order_id = ?", order.get());
      ledger.write("delete from public.orders where id = ?", order.get());
    }
  }

  private void changeAddress() throws SQLException {
    Optional<Long> user = ShopFloor.any(floor.users, random);
    if (user.isPresent()) {
      ledger.write(
          "update public.users set address = ?::jsonb where id = ?",
          imagination.address(),
          user.get());
    }
  }

  private void editProfile() throws SQLException {
    Optional<Long> user = ShopFloor.any(floor.users, random);
    if (user.isPresent()) {
      ledger.write(
          "update public.users set about = ? where id = ?", imagination.about(), user.get());
    }
  }

  private void verifyEmail() throws SQLException {
    Optional<Long> user = ShopFloor.take(floor.unverifiedUsers, random);
    if (user.isPresent()) {
      ledger.write("update public.users set is_verified = true where id = ?", user.get());
    }
  }

  private void closeAccount() throws SQLException {
    Optional<Long> user = ShopFloor.take(floor.users, random);
    if (user.isPresent()) {
      floor.unverifiedUsers.remove(user.get());
      floor.mistypedUsers.remove(user.get());
      // The foreign key would do the same, but then nobody would count the rows.
      ledger.write("update public.orders set user_id = null where user_id = ?", user.get());
      ledger.write("delete from public.users where id = ?", user.get());
    }
  }

  private void reprice() throws SQLException {
    double factor = random.nextBoolean() ? 0.9 : 1.08;
    for (Ware ware : severalWares()) {
      BigDecimal price =
          ware.price.abs().multiply(BigDecimal.valueOf(factor)).setScale(2, RoundingMode.HALF_UP);
      setPrice(ware, price.max(new BigDecimal("1.00")));
    }
  }

  private void restock() throws SQLException {
    Set<Ware> restocked = severalWares();
    Optional<Ware> launched = ShopFloor.take(floor.announced, random);
    launched.ifPresent(floor.shelf::add);
    launched.ifPresent(restocked::add);
    for (Ware ware : restocked) {
      if (ware.stock < 200) {
        setStock(ware, Math.max(ware.stock, 0) + 50 + random.nextInt(150));
      }
    }
  }

  private void launchProduct() throws SQLException {
    NewProduct product = imagination.product(0);
    product.write(ledger);
    floor.announced.add(new Ware(product.id(), product.price(), 0));
  }

  private void withdrawProduct() throws SQLException {
    Optional<Ware> ware = ShopFloor.take(floor.announced, random);
    if (ware.isPresent()) {
      ledger.write("delete from public.products where id = ?", ware.get().id);
    }
  }

  private void mistypeEmail() throws SQLException {
    long id = ledger.draw("public.users_id_seq", 1).get(0);
    NewUser user = imagination.user(id, now(), false);
    user.withEmail(user.email().replace("@", ".at.")).write(ledger);
    floor.users.add(id);
    floor.mistypedUsers.add(id);
  }

  private void signUpAgain() throws SQLException {
    Optional<Long> first = ShopFloor.any(floor.users, random);
    if (first.isPresent()) {
      long id = ledger.draw("public.users_id_seq", 1).get(0);
      NewUser user = imagination.user(id, now(), false);
      for (String email :
          ledger.list(
              "select email from public.users where id = ?",
              row -> row.getString(1),
              first.get())) {
        user.withEmail(email).write(ledger);
        floor.users.add(id);
        floor.unverifiedUsers.add(id);
      }
    }
  }

  private void correctEmail() throws SQLException {
    Optional<Long> user = ShopFloor.take(floor.mistypedUsers, random);
    if (user.isPresent()) {
      ledger.write(
          "update public.users set email = replace(email, '.at.', '@') where id = ?", user.get());
    }
  }

  private void oversell() throws SQLException {
    Optional<Ware> ware = ShopFloor.any(floor.shelf, random);
    if (ware.isPresent()) {
      setStock(ware.get(), -1 - random.nextInt(5));
    }
  }

  private void misprice() throws SQLException {
    Optional<Ware> ware = ShopFloor.any(floor.shelf, random);
    if (ware.isPresent()) {
      setPrice(ware.get(), ware.get().price.abs().negate());
    }
  }

  private Set<Ware> severalWares() {
    Set<Ware> wares = new LinkedHashSet<>();
    int wanted = 3 + random.nextInt(8);
    for (int count = 0; count < wanted; count++) {
      ShopFloor.any(floor.shelf, random).ifPresent(wares::add);
    }
    return wares;
  }

  private void setPrice(Ware ware, BigDecimal price) throws SQLException {
    ledger.write("update public.products set price = ? where id = ?", price, ware.id);
    ware.price = price;
  }

  private void setStock(Ware ware, int stock) throws SQLException {
    ledger.write("update public.products set stock = ? where id = ?", stock, ware.id);
    ware.stock = stock;
  }

  private void changeStock(UUID productId, int units) throws SQLException {
    ledger.write("update public.products set stock = stock + ? where id = ?", units, productId);
  }

  private void setOrderStatus(long orderId, String status) throws SQLException {
    ledger.write(
        "update public.orders set status = ?::public.order_status where id = ?", status, orderId);
  }

  private void writePendingTransaction(long orderId, BigDecimal amount) throws SQLException {
    new NewTransaction(
            imagination.uuid(), orderId, imagination.paymentMethod(), amount, "pending", null)
        .write(ledger);
  }

  private void answerTransaction(long orderId, String from, String to) throws SQLException {
    ledger.write(
        """
        update public.transactions set status = ?::public.transaction_status, processed_at = ?
        where order_id = ? and status = ?::public.transaction_status
        """,
        to,
        now(),
        orderId,
        from);
  }

  private List<BigDecimal> totalAmount(long orderId) throws SQLException {
    return ledger.list(
        "select total_amount from public.orders where id = ?",
        row -> row.getBigDecimal(1),
        orderId);
  }

  private void takeBack(long orderId) throws SQLException {
    for (OrderedLine line : orderedLines(orderId)) {
      changeStock(line.productId(), line.quantity());
      find(line.productId()).ifPresent(ware -> ware.stock += line.quantity());
    }
  }

  private record OrderedLine(int lineNo, UUID productId, int quantity, BigDecimal unitPrice) {}

  private List<OrderedLine> orderedLines(long orderId) throws SQLException {
    return ledger.list(
        """
        select line_no, product_id, quantity, unit_price
        from public.order_items
        where order_id = ?
        order by line_no
        """,
        row ->
            new OrderedLine(
                row.getInt("line_no"),
                row.getObject("product_id", UUID.class),
                row.getInt("quantity"),
                row.getBigDecimal("unit_price")),
        orderId);
  }

  private Optional<Ware> find(UUID productId) {
    return floor.shelf.stream().filter(ware -> ware.id.equals(productId)).findFirst();
  }

  private static OffsetDateTime now() {
    return OffsetDateTime.now(ZoneOffset.UTC);
  }
}
