/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.shop;

/** What can happen in the shop. Each action is one transaction. */
public enum ShopAction {
  /** A user signs up. */
  SIGN_UP,
  /** A user orders: an order, its items, the payment, and less stock. */
  PLACE_ORDER,
  /** The provider captures the payment of a pending order. */
  PAY,
  /** The provider refuses a payment, and the user tries another one. */
  FAIL_PAYMENT,
  /** The warehouse ships a paid order. */
  SHIP,
  /** A shipped order arrives. */
  DELIVER,
  /** A pending order is cancelled, and its units are in stock again. */
  CANCEL,
  /** A delivered order comes back, and its payment is refunded. */
  RETURN,
  /** A user takes a line out of a pending order, or changes its quantity. */
  AMEND_ORDER,
  /** A cancelled order is deleted with its items and transactions. */
  PURGE_ORDER,
  /** A user moves; the long text in {@code about} stays untouched. */
  CHANGE_ADDRESS,
  /** A user rewrites the long text in {@code about}. */
  EDIT_PROFILE,
  /** A user confirms the email address. */
  VERIFY_EMAIL,
  /** A user's account is deleted; the orders stay, without a user. */
  CLOSE_ACCOUNT,
  /** Several products get another price in one transaction. */
  REPRICE,
  /** Several products get more stock in one transaction. */
  RESTOCK,
  /** A product is announced; it cannot be ordered before it is restocked. */
  LAUNCH_PRODUCT,
  /** An announced product is deleted before anyone could order it. */
  WITHDRAW_PRODUCT,
  /** A user signs up with an email address that has no {@code @}. */
  MISTYPE_EMAIL,
  /** A user signs up a second time, with the email address of the first. */
  SIGN_UP_AGAIN,
  /** A user corrects such an address. */
  CORRECT_EMAIL,
  /** A product gets a negative stock, until it is restocked. */
  OVERSELL,
  /** A product gets a negative price, until it is repriced. */
  MISPRICE
}
