/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.shop;

import java.math.BigDecimal;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.UUID;

/** An order with its lines. {@code note} may be null. */
record NewOrder(
    long id,
    long userId,
    String status,
    List<Line> lines,
    String shippingAddress,
    String note,
    OffsetDateTime orderedAt) {

  /** One line of an order, numbered by its place in the list, from 1. */
  record Line(UUID productId, int quantity, BigDecimal unitPrice) {}

  NewOrder {
    lines = List.copyOf(lines);
  }

  BigDecimal totalAmount() {
    return lines.stream()
        .map(line -> line.unitPrice().multiply(BigDecimal.valueOf(line.quantity())))
        .reduce(BigDecimal.ZERO, BigDecimal::add);
  }

  void write(Ledger ledger) throws SQLException {
    ledger.write(
        """
        insert into public.orders
            (id, user_id, status, total_amount, shipping_address, note, ordered_at)
        values (?, ?, ?::public.order_status, ?, ?::jsonb, ?, ?)
        """,
        id,
        userId,
        status,
        totalAmount(),
        shippingAddress,
        note,
        orderedAt);
    for (int index = 0; index < lines.size(); index++) {
      Line line = lines.get(index);
      ledger.write(
          """
          insert into public.order_items (order_id, line_no, product_id, quantity, unit_price)
          values (?, ?, ?, ?, ?)
          """,
          id,
          index + 1,
          line.productId(),
          line.quantity(),
          line.unitPrice());
    }
  }
}
