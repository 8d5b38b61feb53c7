/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cdclake.contract.SettingsException;
import org.junit.jupiter.api.Test;

class NodeJsTest {

  @Test
  void missingNodeIsNamedTogetherWithWhereItComesFrom() {
    assertThatThrownBy(() -> NodeJs.require("no-such-node"))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining(
            "'no-such-node' is missing (expected Node.js 20 or later on the PATH). Install it from"
                + " nodejs.org.");
  }
}
