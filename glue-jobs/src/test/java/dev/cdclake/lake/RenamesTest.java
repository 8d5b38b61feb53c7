/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.lake.Renames.Rename;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RenamesTest {

  @Test
  void columnThatWentWhereItsLaterNameCameWasRenamed() {
    assertThat(between(Set.of("id", "a"), Set.of("id", "b"), Map.of("a", "b")))
        .containsExactly("a -> b");
  }

  @Test
  void nothingIsRenamedThatIsNotDeclared() {
    assertThat(between(Set.of("id", "a"), Set.of("id", "b"), Map.of())).isEmpty();
    assertThat(between(Set.of("id", "a"), Set.of("id"), Map.of("a", "b"))).isEmpty();
  }

  @Test
  void columnsThatStandBesideEachOtherAreTwo() {
    assertThat(between(Set.of("a"), Set.of("a", "b"), Map.of("a", "b"))).isEmpty();
  }

  @Test
  void nameThatWasNeverSeenIsPassedThrough() {
    assertThat(between(Set.of("a"), Set.of("c"), Map.of("a", "b", "b", "c")))
        .containsExactly("a -> b", "b -> c");
  }

  @Test
  void nameIsFreeBeforeItIsTaken() {
    assertThat(between(Set.of("a", "b"), Set.of("b", "c"), Map.of("a", "b", "b", "c")))
        .containsExactly("b -> c", "a -> b");
  }

  @Test
  void columnTakesTheNameOfADroppedOne() {
    assertThat(between(Set.of("price", "price_new"), Set.of("price"), Map.of("price_new", "price")))
        .containsExactly("price_new -> price");
  }

  @Test
  void changesBeforeARenameHaveTheEarlierName() {
    Renames renames =
        Renames.NONE.with(rename("a", "b", 20, null)).with(rename("b", "c", 30, null));

    assertThat(Renames.applied(renames.behind(new Position(1, 10)), "a")).isEqualTo("c");
    assertThat(Renames.applied(renames.behind(new Position(1, 20)), "b")).isEqualTo("c");
    assertThat(Renames.applied(renames.behind(new Position(1, 30)), "a")).isEqualTo("a");
    assertThat(renames.behind(new Position(2, 10))).isEmpty();
  }

  @Test
  void droppedColumnWhoseNameWasTakenHasANameOfItsOwn() {
    Renames renames = Renames.NONE.with(rename("price_new", "price", 20, "price_dropped"));

    assertThat(Renames.applied(renames.behind(new Position(1, 10)), "price"))
        .isEqualTo("price_dropped");
    assertThat(Renames.applied(renames.behind(new Position(1, 10)), "price_new"))
        .isEqualTo("price");
    assertThat(Renames.applied(renames.behind(new Position(1, 20)), "price")).isEqualTo("price");
  }

  private static Rename rename(String earlier, String later, long lsn, String setAside) {
    return new Rename(earlier, later, new Position(1, lsn), setAside);
  }

  private static List<String> between(
      Set<String> before, Set<String> after, Map<String, String> declared) {
    return Renames.between(before, after, declared).entrySet().stream()
        .map(step -> step.getKey() + " -> " + step.getValue())
        .toList();
  }
}
