/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.connect;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.PipelineText;
import dev.cdclake.contract.Pipeline;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.provider.EnvVarConfigProvider;
import org.apache.kafka.connect.runtime.distributed.DistributedConfig;
import org.junit.jupiter.api.Test;

class WorkerPropertiesTest {

  private static final Pipeline SHOP =
      PipelineText.read(
          """
          project: shop
          source: {host: db, password: "${env:DB_PASSWORD}"}
          kafka:
            bootstrap: kafka:9092
            topic-prefix: north
            properties:
              security.protocol: SASL_SSL
              sasl.jaas.config: x password="${env:KAFKA_PASSWORD}";
          tables: [{name: orders}]
          """);

  /** Settings that the worker passes on, and security settings, which its own clients read. */
  private static final Pattern CLIENTS_AND_PLUGINS =
      Pattern.compile(
          "(producer|consumer|admin|(key|value|header)\\.converter|config\\.providers\\.env|sasl)\\.");

  private final Map<String, String> settings = WorkerProperties.render(SHOP, "127.0.0.1", 18083, 1);

  @Test
  void connectAcceptsTheSettings() {
    DistributedConfig worker = new DistributedConfig(settings);

    assertThat(worker.exactlyOnceSourceEnabled()).isTrue();
    assertThat(worker.groupId()).isEqualTo("north-connect");
    assertThat(worker.offsetsTopic()).isEqualTo("north-connect-offsets");
    assertThat(worker.connectorOffsetsTopicsPermitted()).isTrue();
    assertThat(settings.keySet())
        .filteredOn(name -> !CLIENTS_AND_PLUGINS.matcher(name).lookingAt())
        .isSubsetOf(worker.values().keySet());
  }

  @Test
  void everyProducerSettingIsKnownToKafka() {
    assertThat(ProducerConfig.configNames())
        .containsAll(
            settings.keySet().stream()
                .filter(name -> name.startsWith("producer."))
                .map(name -> name.substring("producer.".length()))
                .toList());
  }

  @Test
  void securitySettingsReachEveryClientOfTheWorker() {
    for (String prefix : new String[] {"", "producer.", "consumer.", "admin."}) {
      assertThat(settings).containsEntry(prefix + "security.protocol", "SASL_SSL");
    }
  }

  @Test
  void restInterfaceListensWhereItIsTold() {
    assertThat(settings).containsEntry("listeners", "http://127.0.0.1:18083");
  }

  @Test
  void onlyTheVariablesOfThePipelineCanBeLookedUp() throws Exception {
    String allowed = settings.get("config.providers.env.param.allowlist.pattern");

    assertThat(allowed).isEqualTo("DB_PASSWORD|KAFKA_PASSWORD");
    try (EnvVarConfigProvider provider =
        new EnvVarConfigProvider(Map.of("DB_PASSWORD", "x", "KAFKA_PASSWORD", "y", "HOME", "z"))) {
      provider.configure(Map.of(EnvVarConfigProvider.ALLOWLIST_PATTERN_CONFIG, allowed));
      assertThat(provider.get("", Set.of("DB_PASSWORD", "HOME")).data())
          .containsOnlyKeys("DB_PASSWORD");
    }
  }
}
