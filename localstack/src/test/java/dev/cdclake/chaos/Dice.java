/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.chaos;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Chance with a seed: the same seed throws the same, on every machine. */
final class Dice {

  private final Random random;

  Dice(long seed) {
    // Neighbouring seeds of Random begin alike; a large odd factor drives them apart.
    this.random = new Random(seed * 0x9E3779B97F4A7C15L);
  }

  /** Returns a number from one to the other, both included. */
  int between(int least, int most) {
    return least + random.nextInt(most - least + 1);
  }

  boolean chance(int percent) {
    return random.nextInt(100) < percent;
  }

  <T> T of(List<T> choices) {
    return choices.get(random.nextInt(choices.size()));
  }

  @SafeVarargs
  final <T> T of(T... choices) {
    return choices[random.nextInt(choices.length)];
  }

  /** Returns some of the choices, in their order. */
  <T> List<T> some(List<T> choices, int percent) {
    List<T> some = new ArrayList<>();
    for (T choice : choices) {
      if (chance(percent)) {
        some.add(choice);
      }
    }
    return some;
  }
}
