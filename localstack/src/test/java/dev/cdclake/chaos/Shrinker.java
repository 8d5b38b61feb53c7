/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.chaos;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Makes a failing script smaller while it fails in the same way (delta debugging): fewer tables and
 * steps, then fewer columns, rows and assignments. Several attempts are played at a time. See <a
 * href="https://www.debuggingbook.org/html/DeltaDebugger.html">Reducing failure-inducing
 * inputs</a>.
 */
final class Shrinker {

  private static final int AT_ONCE = 10;

  private final Function<List<FuzzScript>, List<FuzzOutcome>> player;
  private final Instant deadline;

  /**
   * Prepares to shrink.
   *
   * @param player plays scripts
   * @param patience after which the smallest script so far is good enough
   */
  Shrinker(Function<List<FuzzScript>, List<FuzzOutcome>> player, Duration patience) {
    this.player = player;
    this.deadline = Instant.now().plus(patience);
  }

  /** Returns the smallest script found that fails as the outcome says. */
  FuzzScript shrink(FuzzScript failing, FuzzOutcome outcome) {
    String signature = outcome.signature();
    FuzzScript smallest = fewerSteps(fewerTables(failing, signature), signature);
    FuzzScript before;
    do {
      before = smallest;
      smallest = smallerParts(smallest, signature);
    } while (!before.equals(smallest) && !isLate());
    return smallest;
  }

  private FuzzScript fewerTables(FuzzScript script, String signature) {
    FuzzScript smallest = script;
    FuzzScript next = smallest;
    while (next != null && smallest.tables().size() > 1 && !isLate()) {
      List<FuzzScript> attempts = new ArrayList<>();
      for (int i = 0; i < smallest.tables().size(); i++) {
        attempts.add(withoutTable(smallest, i));
      }
      next = firstFailing(attempts, signature);
      smallest = next == null ? smallest : next;
    }
    return smallest;
  }

  /** Cuts away runs of steps, first long ones, then single ones. */
  private FuzzScript fewerSteps(FuzzScript script, String signature) {
    FuzzScript smallest = script;
    int length = Math.max(1, smallest.steps().size() / 2);
    while (!isLate()) {
      List<FuzzScript> attempts = new ArrayList<>();
      for (int from = 0; from < smallest.steps().size(); from += length) {
        List<FuzzStep> left = new ArrayList<>(smallest.steps());
        left.subList(from, Math.min(from + length, left.size())).clear();
        attempts.add(smallest.withSteps(left));
      }
      FuzzScript next = firstFailing(attempts, signature);
      if (next != null) {
        smallest = next;
        length = Math.max(1, Math.min(length, smallest.steps().size() / 2));
      } else if (length == 1) {
        return smallest;
      } else {
        length = Math.max(1, length / 2);
      }
    }
    return smallest;
  }

  private FuzzScript smallerParts(FuzzScript script, String signature) {
    FuzzScript smallest = script;
    FuzzScript next = smallest;
    while (next != null && !isLate()) {
      smallest = next;
      next = firstFailing(parts(smallest), signature);
    }
    return smallest;
  }

  /** Returns the script with one part less, once for every part that can go. */
  private static List<FuzzScript> parts(FuzzScript script) {
    List<FuzzScript> attempts = new ArrayList<>();
    for (int i = 0; i < script.tables().size() && script.tables().size() > 1; i++) {
      attempts.add(withoutTable(script, i));
    }
    for (int i = 0; i < script.before().size(); i++) {
      List<Statement> left = new ArrayList<>(script.before());
      left.remove(i);
      attempts.add(script.withBefore(left));
    }
    for (int i = 0; i < script.steps().size(); i++) {
      List<FuzzStep> left = new ArrayList<>(script.steps());
      FuzzStep removed = left.remove(i);
      attempts.add(script.withSteps(left));
      if (removed instanceof FuzzStep.Do act) {
        for (Statement smaller : act.statement().smaller()) {
          List<FuzzStep> replaced = new ArrayList<>(script.steps());
          replaced.set(i, new FuzzStep.Do(act.session(), smaller, act.explains()));
          attempts.add(script.withSteps(replaced));
        }
      }
    }
    for (int i = 0; i < script.before().size(); i++) {
      for (Statement smaller : script.before().get(i).smaller()) {
        List<Statement> replaced = new ArrayList<>(script.before());
        replaced.set(i, smaller);
        attempts.add(script.withBefore(replaced));
      }
    }
    for (int i = 0; i < script.tables().size(); i++) {
      attempts.addAll(smallerTables(script, i));
    }
    return attempts;
  }

  private static FuzzScript withoutTable(FuzzScript script, int index) {
    List<FuzzScript.Table> left = new ArrayList<>(script.tables());
    left.remove(index);
    FuzzScript fewer = script.with(left);
    return fewer
        .withBefore(script.before().stream().filter(fewer::knows).toList())
        .withSteps(
            script.steps().stream()
                .filter(step -> !(step instanceof FuzzStep.Do act) || fewer.knows(act.statement()))
                .toList());
  }

  private static List<FuzzScript> smallerTables(FuzzScript script, int index) {
    FuzzScript.Table table = script.tables().get(index);
    List<FuzzScript> attempts = new ArrayList<>();
    for (int i = 0; i < table.ddl().size(); i++) {
      List<Statement> left = new ArrayList<>(table.ddl());
      Statement removed = left.remove(i);
      if (removed instanceof Statement.Plain) {
        attempts.add(withDdl(script, index, left));
      }
      for (Statement smaller : removed.smaller()) {
        List<Statement> replaced = new ArrayList<>(table.ddl());
        replaced.set(i, smaller);
        attempts.add(withDdl(script, index, replaced));
      }
    }
    return attempts;
  }

  private static FuzzScript withDdl(FuzzScript script, int index, List<Statement> ddl) {
    List<FuzzScript.Table> tables = new ArrayList<>(script.tables());
    FuzzScript.Table table = tables.get(index);
    tables.set(index, new FuzzScript.Table(table.letter(), table.style(), table.settings(), ddl));
    return script.with(tables);
  }

  /** Plays attempts, some at a time; returns the first that fails in the same way, or null. */
  private FuzzScript firstFailing(List<FuzzScript> attempts, String signature) {
    for (int from = 0; from < attempts.size() && !isLate(); from += AT_ONCE) {
      List<FuzzScript> some = attempts.subList(from, Math.min(from + AT_ONCE, attempts.size()));
      List<FuzzOutcome> outcomes = player.apply(some);
      for (int i = 0; i < some.size(); i++) {
        if (outcomes.get(i).failed() && outcomes.get(i).signature().equals(signature)) {
          return some.get(i);
        }
      }
    }
    return null;
  }

  private boolean isLate() {
    return Instant.now().isAfter(deadline);
  }
}
