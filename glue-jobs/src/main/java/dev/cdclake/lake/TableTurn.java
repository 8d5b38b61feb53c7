/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import dev.cdclake.contract.LakeTable;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * Lets silver's writer and a replacement of files beside it commit to a table one after the other,
 * within this process. Between processes there is {@link WriterPause}; other commits rely on
 * Iceberg's own checks.
 */
public final class TableTurn {

  private static final Map<LakeTable, Lock> TURNS = new ConcurrentHashMap<>();

  private TableTurn() {}

  /** Waits for the table's turn and does some work in it. */
  public static <T> T in(LakeTable table, Supplier<T> work) {
    // Fair: a writer that begins its next batch at once would never let anybody in.
    Lock turn = TURNS.computeIfAbsent(table, unknown -> new ReentrantLock(true));
    turn.lock();
    try {
      return work.get();
    } finally {
      turn.unlock();
    }
  }
}
