/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import scala.jdk.javaapi.CollectionConverters;

class ArraySpellingTest {

  @Test
  void elementsOfArraysAreKeptApart() {
    assertThat(ComparableRow.ofLake(sequence("a", "b"), Spelling.OF_TYPE))
        .isNotEqualTo(ComparableRow.ofLake(sequence("a, b"), Spelling.OF_TYPE));
  }

  private static Object sequence(Object... elements) {
    return CollectionConverters.asScala(Arrays.asList(elements)).toSeq();
  }
}
