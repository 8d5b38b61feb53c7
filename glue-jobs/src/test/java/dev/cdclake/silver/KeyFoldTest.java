/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.silver.BronzeChanges.KeyMove;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class KeyFoldTest {

  @Test
  void keysThatNeverMovedAreInNoGroup() {
    assertThat(KeyFold.groups(List.of())).isEmpty();
  }

  @Test
  void keyAndTheKeyItHadBeforeAreOneGroup() {
    Map<String, String> groups = KeyFold.groups(List.of(move("2", "1")));

    assertThat(groups).containsOnlyKeys("1", "2");
    assertThat(Set.copyOf(groups.values())).hasSize(1);
  }

  @Test
  void chainOfMovesIsOneGroupInWhateverOrderItIsSeen() {
    Map<String, String> groups =
        KeyFold.groups(List.of(move("2", "1"), move("4", "3"), move("5", "4"), move("3", "2")));

    assertThat(groups).containsOnlyKeys("1", "2", "3", "4", "5");
    assertThat(Set.copyOf(groups.values())).hasSize(1);
  }

  @Test
  void keysThatSwapAreOneGroup() {
    Map<String, String> groups =
        KeyFold.groups(List.of(move("t", "1"), move("1", "2"), move("2", "t")));

    assertThat(Set.copyOf(groups.values())).hasSize(1);
  }

  @Test
  void movesThatShareNoKeyAreGroupsOfTheirOwn() {
    Map<String, String> groups = KeyFold.groups(List.of(move("2", "1"), move("20", "10")));

    assertThat(groups.get("1")).isEqualTo(groups.get("2")).isNotEqualTo(groups.get("10"));
    assertThat(groups.get("10")).isEqualTo(groups.get("20"));
  }

  @Test
  void longChainOfMovesIsOneGroup() {
    List<KeyMove> moves =
        IntStream.range(0, 10_000).mapToObj(i -> move("k" + (i + 1), "k" + i)).toList();

    assertThat(Set.copyOf(KeyFold.groups(moves).values())).hasSize(1);
  }

  private static KeyMove move(String key, String before) {
    return new KeyMove(key, before);
  }
}
