/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.container;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.contract.Pipeline;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ContainerMainTest {

  private static final String FILE =
      """
      project: shop
      source: {database: shop}
      kafka: {topic-prefix: north}
      tables: [{name: orders}]
      """;

  private final ByteArrayOutputStream told = new ByteArrayOutputStream();

  @Test
  void pipelineIsOnTheServersOfTheVariables() {
    Pipeline pipeline = ContainerSettings.pipeline(variables());

    assertThat(pipeline.environment()).isEqualTo("prod");
    assertThat(pipeline.source().jdbcUrl())
        .isEqualTo("jdbc:postgresql://db:5433/shop?sslmode=require");
    assertThat(pipeline.source().user()).isEqualTo("cdc");
    assertThat(pipeline.source().password().variable()).isEqualTo("CDCLAKE_SOURCE_PASSWORD");
    assertThat(pipeline.kafka().bootstrap()).isEqualTo("b-1:9098");
  }

  @Test
  void workerSignsInToKafkaByItsRoleWithEveryClient() {
    Map<String, String> settings =
        Worker.properties(
            ContainerSettings.pipeline(variables()), ContainerSettings.port(Map.of()));

    assertThat(settings)
        .containsEntry("listeners", "http://:8083")
        .containsEntry("exactly.once.source.support", "enabled")
        .containsEntry("config.storage.replication.factor", "-1");
    for (String prefix : List.of("", "producer.", "consumer.", "admin.")) {
      assertThat(settings)
          .containsEntry(prefix + "security.protocol", "SASL_SSL")
          .containsEntry(prefix + "sasl.mechanism", "AWS_MSK_IAM");
    }
  }

  @Test
  void classesOfTheRoleAreInTheImage() throws ClassNotFoundException {
    Map<String, String> settings = Worker.properties(ContainerSettings.pipeline(variables()), 1);

    assertThat(Class.forName(settings.get("sasl.client.callback.handler.class"))).isNotNull();
    assertThat(Class.forName(settings.get("sasl.jaas.config").split(" ", -1)[0])).isNotNull();
  }

  @Test
  void everyVariableThatIsMissingIsNamed() {
    assertThat(run(Map.of("CDCLAKE_KAFKA_SECURITY", "none"), "worker")).isEqualTo(2);
    assertThat(told.toString(StandardCharsets.UTF_8))
        .contains("CDCLAKE_PIPELINE_BASE64 is missing.")
        .contains("CDCLAKE_ENVIRONMENT is missing.")
        .contains("CDCLAKE_SOURCE_HOST is missing.")
        .contains("CDCLAKE_KAFKA_SECURITY is 'none' (expected one of [iam, declared]).");
  }

  @Test
  void problemsOfThePipelineFileAreSaid() {
    Map<String, String> variables = variables();
    variables.put("CDCLAKE_PIPELINE_BASE64", encoded("project: shop\ntable: []\n"));

    assertThat(run(variables, "worker")).isEqualTo(2);
    assertThat(told.toString(StandardCharsets.UTF_8))
        .contains("line 2: table is not a known setting");
  }

  @Test
  void registrationSaysThatNoWorkerAnswers() {
    assertThat(run(variables(), "register", "--connect", "http://localhost:1", "--wait", "0"))
        .isEqualTo(1);
    assertThat(told.toString(StandardCharsets.UTF_8))
        .contains(
            "Cannot register the connector: no worker answers at http://localhost:1 after 0 s");
  }

  @Test
  void unknownCommandsAndArgumentsAreRefused() {
    assertThat(run(variables(), "serve")).isEqualTo(2);
    assertThat(run(variables(), "worker", "--port")).isEqualTo(2);
    assertThat(run(variables(), "register", "--to", "x", "--wait", "long")).isEqualTo(2);
    assertThat(told.toString(StandardCharsets.UTF_8))
        .contains("'serve' is no command (expected worker or register).")
        .contains("[--port] is too much")
        .contains("'--to' is no argument")
        .contains("--connect is missing")
        .contains("--wait is 'long' (expected seconds).");
  }

  private int run(Map<String, String> variables, String... arguments) {
    return ContainerMain.run(
        List.of(arguments), variables, new PrintStream(told, true, StandardCharsets.UTF_8));
  }

  private static Map<String, String> variables() {
    Map<String, String> variables = new HashMap<>();
    variables.put("CDCLAKE_ENVIRONMENT", "prod");
    variables.put("CDCLAKE_PIPELINE_BASE64", encoded(FILE));
    variables.put("CDCLAKE_KAFKA_BOOTSTRAP", "b-1:9098");
    variables.put("CDCLAKE_KAFKA_SECURITY", "iam");
    variables.put("CDCLAKE_SOURCE_HOST", "db");
    variables.put("CDCLAKE_SOURCE_PORT", "5433");
    variables.put("CDCLAKE_SOURCE_USER", "cdc");
    variables.put("CDCLAKE_SOURCE_SSL_MODE", "require");
    return variables;
  }

  private static String encoded(String file) {
    return Base64.getEncoder().encodeToString(file.getBytes(StandardCharsets.UTF_8));
  }
}
