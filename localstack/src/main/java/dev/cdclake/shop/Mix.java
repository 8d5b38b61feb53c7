/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.shop;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * How often each action happens, relative to the others. An action without a weight never happens.
 */
public record Mix(Map<ShopAction, Integer> weights) {

  /** Checks and copies the weights. */
  public Mix {
    Map<ShopAction, Integer> copy = new EnumMap<>(ShopAction.class);
    copy.putAll(weights);
    weights = Collections.unmodifiableMap(copy);
    if (weights.values().stream().anyMatch(weight -> weight < 0)
        || weights.values().stream().allMatch(weight -> weight == 0)) {
      throw new IllegalArgumentException(
          "Cannot mix actions by %s: at least one weight must be above zero, none below."
              .formatted(weights));
    }
  }

  /** Returns the mix of an ordinary day: mostly orders on their way, few mistakes. */
  public static Mix everyday() {
    Map<ShopAction, Integer> weights = new EnumMap<>(ShopAction.class);
    weights.put(ShopAction.SIGN_UP, 60);
    weights.put(ShopAction.PLACE_ORDER, 200);
    weights.put(ShopAction.PAY, 165);
    weights.put(ShopAction.FAIL_PAYMENT, 15);
    weights.put(ShopAction.SHIP, 145);
    weights.put(ShopAction.DELIVER, 135);
    weights.put(ShopAction.CANCEL, 20);
    weights.put(ShopAction.RETURN, 12);
    weights.put(ShopAction.AMEND_ORDER, 30);
    weights.put(ShopAction.PURGE_ORDER, 10);
    weights.put(ShopAction.CHANGE_ADDRESS, 60);
    weights.put(ShopAction.EDIT_PROFILE, 15);
    weights.put(ShopAction.VERIFY_EMAIL, 40);
    weights.put(ShopAction.CLOSE_ACCOUNT, 12);
    weights.put(ShopAction.REPRICE, 15);
    weights.put(ShopAction.RESTOCK, 30);
    weights.put(ShopAction.LAUNCH_PRODUCT, 10);
    weights.put(ShopAction.WITHDRAW_PRODUCT, 6);
    weights.put(ShopAction.MISTYPE_EMAIL, 3);
    weights.put(ShopAction.SIGN_UP_AGAIN, 2);
    weights.put(ShopAction.CORRECT_EMAIL, 2);
    weights.put(ShopAction.OVERSELL, 2);
    weights.put(ShopAction.MISPRICE, 1);
    return new Mix(weights);
  }

  ShopAction draw(RandomGenerator random) {
    int left = random.nextInt(weights.values().stream().mapToInt(Integer::intValue).sum());
    for (Map.Entry<ShopAction, Integer> entry : weights.entrySet()) {
      left -= entry.getValue();
      if (left < 0) {
        return entry.getKey();
      }
    }
    throw new AssertionError("the weights changed while drawing");
  }
}
