/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.shop;

/**
 * How large the shop is and how busy.
 *
 * @param seed equal seeds give equal data and equal sequences of actions, times aside
 * @param users users of the initial load; each places four orders on average
 * @param products products of the initial load
 * @param changesPerSecond inserted, updated and deleted rows per second while trading
 * @param mix which actions make up those changes
 */
public record ShopSettings(long seed, int users, int products, int changesPerSecond, Mix mix) {

  /** Checks that every size is above zero. */
  public ShopSettings {
    requirePositive("users", users);
    requirePositive("products", products);
    requirePositive("changes per second", changesPerSecond);
  }

  /** Returns a shop of 500 users and 200 products with 50 row changes a second. */
  public static ShopSettings standard() {
    return new ShopSettings(42, 500, 200, 50, Mix.everyday());
  }

  private static void requirePositive(String name, int value) {
    if (value <= 0) {
      throw new IllegalArgumentException(
          "Cannot run a shop with %d %s: at least 1 is needed.".formatted(value, name));
    }
  }
}
