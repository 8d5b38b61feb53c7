/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.shop;

import java.math.BigDecimal;
import java.sql.SQLException;
import java.util.UUID;

/** A product to offer. {@code attributes} is a JSON object; {@code description} may be null. */
record NewProduct(
    UUID id,
    String name,
    String category,
    BigDecimal price,
    int stock,
    String attributes,
    String description) {

  void write(Ledger ledger) throws SQLException {
    ledger.write(
        """
        insert into public.products (id, name, category, price, stock, attributes, description)
        values (?, ?, ?::public.product_category, ?, ?, ?::jsonb, ?)
        """,
        id,
        name,
        category,
        price,
        stock,
        attributes,
        description);
  }
}
