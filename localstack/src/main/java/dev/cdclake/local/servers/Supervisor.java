/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local.servers;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Starts servers, waits until they are healthy, starts again what dies, and stops them in reverse
 * order. Says what it does, one line a step.
 */
public final class Supervisor implements AutoCloseable {

  private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

  /** A server that ran this long and then dies has not been failing to start. */
  private static final Duration STEADY = Duration.ofMinutes(1);

  private final Consumer<String> progress;
  private final List<Server> started = new CopyOnWriteArrayList<>();
  private final List<Thread> watchers = new CopyOnWriteArrayList<>();
  private volatile boolean stopping;

  /**
   * Creates a supervisor without servers.
   *
   * @param progress is told every step, from several threads
   */
  public Supervisor(Consumer<String> progress) {
    this.progress = progress;
  }

  /**
   * Starts servers side by side and returns when all of them are healthy; from then on they are
   * started again whenever they die.
   *
   * @throws ServerException naming the server that did not become healthy
   * @throws CancellationException when the supervisor is closed meanwhile
   */
  public void start(List<? extends Server> servers) {
    List<CompletableFuture<Void>> starts = new ArrayList<>();
    for (Server server : servers) {
      started.add(server);
      starts.add(CompletableFuture.runAsync(() -> bringUp(server), this::runInThread));
    }
    try {
      CompletableFuture.allOf(starts.toArray(CompletableFuture[]::new)).join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
    servers.forEach(this::watch);
  }

  private void bringUp(Server server) {
    long begin = System.nanoTime();
    startUnlessStopping(server);
    awaitHealthy(server);
    progress.accept("%s is up%s (%s)".formatted(server.name(), ports(server), since(begin)));
  }

  /** Holds the server's monitor, so that a stop comes either before the start or after it. */
  private void startUnlessStopping(Server server) {
    synchronized (server) {
      if (stopping) {
        throw new CancellationException();
      }
      server.start();
    }
  }

  /**
   * Waits until a server is healthy, however often it is started meanwhile.
   *
   * @throws ServerException when it takes longer than the time given
   */
  public void awaitHealthy(Server server, Duration patience) {
    long end = System.nanoTime() + patience.toNanos();
    while (!server.isHealthy()) {
      if (System.nanoTime() > end) {
        throw notHealthy(server, "it does not answer");
      }
      pause(Duration.ofMillis(50));
    }
  }

  private void awaitHealthy(Server server) {
    long end = System.nanoTime() + server.patience().toNanos();
    while (!server.isHealthy()) {
      if (!server.isAlive()) {
        throw notHealthy(server, "its process ended");
      }
      if (System.nanoTime() > end) {
        throw notHealthy(server, "it does not answer");
      }
      pause(Duration.ofMillis(50));
    }
  }

  private static ServerException notHealthy(Server server, String found) {
    return new ServerException(
        "Cannot start %s: %s (expected an answer within %d s). The end of %s:%n  %s"
            .formatted(
                server.name(),
                found,
                server.patience().toSeconds(),
                server.log(),
                String.join(
                    System.lineSeparator() + "  ", Installation.lastLines(server.log(), 10))));
  }

  private void watch(Server server) {
    Thread watcher = new Thread(() -> keepUp(server), "watch-" + server.name());
    watcher.setDaemon(true);
    watchers.add(watcher);
    watcher.start();
  }

  private void keepUp(Server server) {
    Duration next = FIRST_PAUSE;
    long upSince = System.nanoTime();
    try {
      while (!stopping) {
        if (server.isAlive()) {
          pause(Duration.ofMillis(100));
          continue;
        }
        next = since(upSince).longerThan(STEADY) ? FIRST_PAUSE : next;
        progress.accept(
            "%s died; starting it again in %d s (see %s)"
                .formatted(server.name(), next.toSeconds(), server.log()));
        pause(next);
        next = longer(next);
        if (bringUpAgain(server)) {
          upSince = System.nanoTime();
        }
      }
    } catch (CancellationException e) {
      // The supervisor is being closed.
    }
  }

  private boolean bringUpAgain(Server server) {
    try {
      bringUp(server);
      return true;
    } catch (ServerException e) {
      progress.accept(e.getMessage());
      synchronized (server) {
        server.stop();
      }
      return false;
    }
  }

  private static Duration longer(Duration pause) {
    Duration twice = pause.multipliedBy(2);
    return twice.compareTo(LONGEST_PAUSE) < 0 ? twice : LONGEST_PAUSE;
  }

  /** Stops every server, the last started first. Does nothing the second time. */
  @Override
  public synchronized void close() {
    stopping = true;
    watchers.forEach(Thread::interrupt);
    for (int i = started.size() - 1; i >= 0; i--) {
      stop(started.get(i));
    }
    started.clear();
  }

  private void stop(Server server) {
    long begin = System.nanoTime();
    synchronized (server) {
      if (server.isAlive()) {
        server.stop();
        progress.accept("%s stopped (%s)".formatted(server.name(), since(begin)));
      } else {
        server.stop();
      }
    }
  }

  private void runInThread(Runnable task) {
    Thread thread = new Thread(task, "start");
    thread.setDaemon(true);
    thread.start();
  }

  private void pause(Duration pause) {
    if (stopping) {
      throw new CancellationException();
    }
    try {
      TimeUnit.NANOSECONDS.sleep(pause.toNanos());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw (CancellationException) new CancellationException().initCause(e);
    }
  }

  private static String ports(Server server) {
    return server.ports().isEmpty() ? "" : " on localhost:" + server.ports().get(0).number();
  }

  private static Elapsed since(long begin) {
    return new Elapsed(Duration.ofNanos(System.nanoTime() - begin));
  }

  /** How long a step took, as people read it. */
  private record Elapsed(Duration time) {

    boolean longerThan(Duration other) {
      return time.compareTo(other) > 0;
    }

    @Override
    public String toString() {
      return "%.1f s".formatted(time.toMillis() / 1000.0);
    }
  }
}
