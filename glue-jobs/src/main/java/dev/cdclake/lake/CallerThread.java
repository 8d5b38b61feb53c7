/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.iceberg.Table;
import org.apache.iceberg.util.ThreadPools;

/**
 * Runs the parts of Iceberg's work on the thread that asks for it.
 *
 * <p>Iceberg gives the parts to a pool and looks every 10 ms whether they are done (<a
 * href="https://github.com/apache/iceberg/blob/main/core/src/main/java/org/apache/iceberg/util/Tasks.java">Tasks</a>).
 * Where a part takes a tenth of that, as with files on this machine's disk, a commit or a plan is
 * mostly sleep.
 */
public final class CallerThread extends AbstractExecutorService {

  private static final ExecutorService INSTANCE = new CallerThread();

  private CallerThread() {}

  /** Returns what commits use: none of ours reads more than a manifest or two. */
  public static ExecutorService forCommits() {
    return INSTANCE;
  }

  /**
   * Returns what reads many of a table's files: the thread that asks if they are on this machine,
   * else Iceberg's pool, because every one of them is waited for.
   */
  public static ExecutorService forReading(Table table) {
    boolean near = table.location().startsWith("/") || table.location().startsWith("file:");
    return near ? INSTANCE : ThreadPools.getWorkerPool();
  }

  @Override
  public void execute(Runnable part) {
    part.run();
  }

  @Override
  public void shutdown() {
    // It lasts as long as the process.
  }

  @Override
  public List<Runnable> shutdownNow() {
    return List.of();
  }

  @Override
  public boolean isShutdown() {
    return false;
  }

  @Override
  public boolean isTerminated() {
    return false;
  }

  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) {
    return false;
  }
}
