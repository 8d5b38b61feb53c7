/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.shop;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/**
 * Counts what a shop has committed. One thread trades, any number of threads may read meanwhile.
 */
public final class ShopTally {

  private final Map<ShopAction, LongAdder> actions = new EnumMap<>(ShopAction.class);
  private final LongAdder inserts = new LongAdder();
  private final LongAdder updates = new LongAdder();
  private final LongAdder deletes = new LongAdder();
  private final LongAdder conflicts = new LongAdder();

  /** Starts at zero. */
  public ShopTally() {
    for (ShopAction action : ShopAction.values()) {
      actions.put(action, new LongAdder());
    }
  }

  /** Returns the rows inserted. */
  public long inserts() {
    return inserts.sum();
  }

  /** Returns the rows updated. */
  public long updates() {
    return updates.sum();
  }

  /** Returns the rows deleted. */
  public long deletes() {
    return deletes.sum();
  }

  /** Returns the rows inserted, updated and deleted. */
  public long rowChanges() {
    return inserts() + updates() + deletes();
  }

  /** Returns the transactions committed. */
  public long transactions() {
    return actions.values().stream().mapToLong(LongAdder::sum).sum();
  }

  /** Returns the transactions committed for one action. */
  public long transactions(ShopAction action) {
    return actions.get(action).sum();
  }

  /** Returns the transactions rolled back because someone else had changed the same rows. */
  public long conflicts() {
    return conflicts.sum();
  }

  void add(ShopAction action, RowChanges changes) {
    inserts.add(changes.inserts());
    updates.add(changes.updates());
    deletes.add(changes.deletes());
    actions.get(action).increment();
  }

  void addConflict() {
    conflicts.increment();
  }

  @Override
  public String toString() {
    return "%d inserts, %d updates, %d deletes in %d transactions"
        .formatted(inserts(), updates(), deletes(), transactions());
  }
}
