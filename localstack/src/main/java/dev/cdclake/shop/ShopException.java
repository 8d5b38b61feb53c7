/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.shop;

/** Says that the shop's database could not be set up, filled or changed, and why. */
public final class ShopException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  ShopException(String message, Throwable cause) {
    super(message, cause);
  }
}
