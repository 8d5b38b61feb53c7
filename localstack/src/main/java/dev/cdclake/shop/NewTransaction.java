/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.shop;

import java.math.BigDecimal;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.UUID;

/** An attempt to pay. {@code processedAt} is null while the provider has not answered. */
record NewTransaction(
    UUID id,
    long orderId,
    String method,
    BigDecimal amount,
    String status,
    OffsetDateTime processedAt) {

  void write(Ledger ledger) throws SQLException {
    ledger.write(
        """
        insert into public.transactions (id, order_id, method, amount, status, processed_at)
        values (?, ?, ?::public.payment_method, ?, ?::public.transaction_status, ?)
        """,
        id,
        orderId,
        method,
        amount,
        status,
        processedAt);
  }
}
