/* Licensed under the Apache License, Version 2.0: see LICENSE. */
/**
 * The demo shop: a source database in which something happens.
 *
 * <p>In comes a connection to PostgreSQL; {@link dev.cdclake.shop.ShopSchema} installs {@code
 * sql/source}, {@link dev.cdclake.shop.Shop} fills the tables and then trades, at a chosen rate of
 * row changes. Out go committed transactions, which the connector captures next.
 */
package dev.cdclake.shop;
