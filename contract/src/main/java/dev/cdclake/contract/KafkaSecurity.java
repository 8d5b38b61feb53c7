/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

import java.util.Locale;
import java.util.Map;

/** How a client of a deployed line proves to Kafka who it is. */
public enum KafkaSecurity {
  /** By the role of its process, over TLS: IAM access control of Amazon MSK. */
  IAM,
  /** As {@code kafka.properties} of the pipeline file says; plain text if it says nothing. */
  DECLARED;

  /**
   * Returns what a client is told besides the properties of the pipeline file.
   *
   * @see <a
   *     href="https://docs.aws.amazon.com/msk/latest/developerguide/configure-clients-for-iam-access-control.html">Clients
   *     with IAM access control</a>
   */
  Map<String, String> properties() {
    return switch (this) {
      case IAM ->
          Map.of(
              "security.protocol", "SASL_SSL",
              "sasl.mechanism", "AWS_MSK_IAM",
              "sasl.jaas.config", "software.amazon.msk.auth.iam.IAMLoginModule required;",
              "sasl.client.callback.handler.class",
                  "software.amazon.msk.auth.iam.IAMClientCallbackHandler");
      case DECLARED -> Map.of();
    };
  }

  /** Returns the name that arguments and variables carry, for example {@code iam}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
