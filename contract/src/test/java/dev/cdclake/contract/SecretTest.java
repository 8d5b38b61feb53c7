/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class SecretTest {

  @Test
  void referencesInPropertiesBecomeTheSecrets() {
    assertThat(
            Secret.resolve(
                Map.of("jaas", "user=\"a\" password=\"${env:KAFKA}\";", "plain", "$1"),
                Map.of("KAFKA", "s$1\\x")))
        .containsEntry("jaas", "user=\"a\" password=\"s$1\\x\";")
        .containsEntry("plain", "$1");
  }

  @Test
  void referenceToAVariableThatIsNotSetBecomesNothing() {
    assertThat(Secret.resolve(Map.of("password", "${env:ABSENT}"), Map.of()))
        .containsEntry("password", "");
  }

  @Test
  void textTellsEverySecretThatItNames() {
    assertThat(Secret.namedIn("user=${env:NAME} password=${env:WORD}"))
        .containsExactly(new Secret("NAME"), new Secret("WORD"));
  }
}
