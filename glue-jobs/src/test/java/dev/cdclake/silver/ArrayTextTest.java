/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ArrayTextTest {

  @Test
  void elementsStandBetweenCommas() {
    assertThat(ArrayText.elements("{1,NULL,3}", ',')).containsExactly("1", null, "3");
    assertThat(ArrayText.elements("{}", ',')).isEmpty();
  }

  @Test
  void quotedElementsKeepWhatTheQuotesProtect() {
    assertThat(ArrayText.elements("{\"\",\"NULL\",\"a,b\",\"{}\",\"\\\"\\\\\",\" \"}", ','))
        .containsExactly("", "NULL", "a,b", "{}", "\"\\", " ");
  }

  @Test
  void boxesStandBetweenSemicolons() {
    assertThat(ArrayText.elements("{(1,1),(0,0);(2,2),(1,1)}", ';'))
        .containsExactly("(1,1),(0,0)", "(2,2),(1,1)");
  }

  @Test
  void boundsAreReadOver() {
    assertThat(ArrayText.elements("[0:1]={a,\"[x]=\"}", ',')).containsExactly("a", "[x]=");
  }

  @Test
  void arrayOfTwoDimensionsHasNoList() {
    assertThat(ArrayText.elements("{{1,2},{3,4}}", ',')).isNull();
    assertThat(ArrayText.elements("[1:1][2:3]={{1,2}}", ',')).isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "1", "{1", "{\"a}", "{1}2", "{\"a\"b}"})
  void otherTextIsRefused(String text) {
    assertThatThrownBy(() -> ArrayText.elements(text, ','))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
