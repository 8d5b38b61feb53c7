/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.contract.Mask.Kind;
import org.junit.jupiter.api.Test;

class MaskTest {

  private static final Secret SALT = new Secret(Mask.SALT);

  @Test
  void hashIsTheKeyedOneOfRfc4231() {
    // Test case 2 of the RFC.
    assertThat(mask(Kind.HASH, 0).apply("what do ya want for nothing?", "Jefe"))
        .isEqualTo("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  }

  @Test
  void hashDependsOnTheSalt() {
    Mask hash = mask(Kind.HASH, 0);

    assertThat(hash.apply("ada", "one")).isEqualTo(hash.apply("ada", "one"));
    assertThat(hash.apply("ada", "one")).isNotEqualTo(hash.apply("ada", "other"));
  }

  @Test
  void redactedValueIsNull() {
    assertThat(mask(Kind.REDACT, 0).apply("ada", "")).isNull();
  }

  @Test
  void truncatedValueKeepsWholeCharacters() {
    assertThat(mask(Kind.TRUNCATE, 2).apply("a\uD83D\uDE00b", "")).isEqualTo("a\uD83D\uDE00");
    assertThat(mask(Kind.TRUNCATE, 9).apply("ada", "")).isEqualTo("ada");
  }

  @Test
  void nullStaysNull() {
    assertThat(mask(Kind.HASH, 0).apply(null, "salt")).isNull();
  }

  private static Mask mask(Kind kind, int length) {
    return new Mask("column", kind, length, SALT);
  }
}
