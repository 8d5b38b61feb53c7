/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class TextTableTest {

  @Test
  void numbersStandOnTheRightAndTextOnTheLeft() {
    TextTable table =
        TextTable.of("table", "events", "last commit")
            .row("orders", 1200, "0.4 s ago")
            .row("order_items", 7, "-");

    assertThat(table.lines())
        .containsExactly(
            "table        events  last commit",
            "-----------  ------  -----------",
            "orders         1200  0.4 s ago",
            "order_items       7  -");
  }

  @Test
  void tableWithoutRowsIsItsHeader() {
    assertThat(TextTable.of("a", "bc").lines()).containsExactly("a  bc", "-  --");
  }

  @Test
  void absentValueIsBlankAndLineBreaksAreSpaces() {
    assertThat(TextTable.of("a", "b").row(null, "x\ny").lines())
        .containsExactly("a  b", "-  ---", "   x y");
  }

  @Test
  void rowOfAnotherLengthIsRefused() {
    assertThatThrownBy(() -> TextTable.of("a").row("x", "y"))
        .hasMessage("Cannot add a row of 2 cells (expected 1).");
  }
}
