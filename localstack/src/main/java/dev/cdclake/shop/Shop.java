/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.shop;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * A shop on the tables of {@link ShopSchema}: filled once, then trading until told to stop.
 *
 * <p>Equal seeds on an equal database make the same changes in the same order; only times differ.
 */
public final class Shop {

  private Shop() {}

  /**
   * Fills an empty shop with the users, products, orders, items and payments of the past 120 days,
   * in one transaction. A shop that has users already is left as it is.
   *
   * @return the rows inserted
   */
  public static long load(Connection connection, ShopSettings settings, Consumer<String> progress) {
    try {
      return new OpeningStock(connection, settings, progress).load();
    } catch (SQLException e) {
      throw new ShopException(
          "Cannot fill the shop: the database answers: %s.".formatted(e.getMessage()), e);
    }
  }

  /**
   * Makes changes at the rate of the settings, one transaction after the other, until {@code stop}
   * says so. Returns within a tenth of a second after that, with nothing left uncommitted.
   *
   * @param tally counts along, for other threads to read
   * @throws InterruptedException between two transactions, if the thread is interrupted
   */
  public static void trade(
      Connection connection, ShopSettings settings, BooleanSupplier stop, ShopTally tally)
      throws InterruptedException {
    try {
      new Trader(connection, settings, tally).trade(stop);
    } catch (SQLException e) {
      throw new ShopException(
          "Cannot trade in the shop: the database answers: %s.".formatted(e.getMessage()), e);
    }
  }
}
