/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cdclake.contract.Profile.Catalog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A pipeline whose servers were made for it. */
class DeployedPipelineTest {

  private static final ServerAddresses SERVERS =
      new ServerAddresses("db", 5432, "cdc", "require", "kafka:9098", KafkaSecurity.IAM);

  @TempDir Path folder;

  @AfterEach
  void forgetSecrets() {
    Secrets.fetched(Map.of());
  }

  @Test
  void serversAreThoseOfTheDeployment() {
    Pipeline pipeline = read("project: shop", "tables: [{name: orders}]").at(SERVERS);

    assertThat(pipeline.source().jdbcUrl())
        .isEqualTo("jdbc:postgresql://db:5432/shop?sslmode=require");
    assertThat(pipeline.source().user()).isEqualTo("cdc");
    assertThat(pipeline.source().embedded()).isFalse();
    assertThat(pipeline.kafka().bootstrap()).isEqualTo("kafka:9098");
    assertThat(pipeline.kafka().embedded()).isFalse();
  }

  @Test
  void securityOfTheDeploymentIsAddedToTheFilesOwnProperties() {
    Pipeline pipeline =
        read(
                "project: shop",
                "kafka: {bootstrap: b:1, properties: {client.rack: a}}",
                "tables: [{name: orders}]")
            .at(SERVERS);

    assertThat(pipeline.kafka().properties())
        .containsEntry("client.rack", "a")
        .containsEntry("sasl.mechanism", "AWS_MSK_IAM");
  }

  @Test
  void profileOfJobsOnAwsNeedsNoEntry() {
    Pipeline pipeline =
        read("project: shop", "profiles: {local: {catalog: jdbc}}", "tables: [{name: orders}]")
            .withLake("s3://lake", Map.of("client.region", "eu-west-1"));

    assertThat(pipeline.profile().catalog()).isEqualTo(Catalog.GLUE);
    assertThat(pipeline.profile().warehouse()).isEqualTo("s3://lake");
    assertThat(pipeline.profile().properties()).containsEntry("client.region", "eu-west-1");
  }

  @Test
  void lockOfTheCatalogIsRefused() {
    assertThatThrownBy(
            () ->
                read(
                    "project: shop",
                    "tables: [{name: orders}]",
                    "profiles:",
                    "  aws:",
                    "    properties: {lock-impl: x}"))
        .hasMessageContaining("line 5: profiles.aws.properties.lock-impl locks tables");
  }

  @Test
  void nameThatGlueDoesNotTakeIsRefused() {
    assertThatThrownBy(
            () -> read("project: shop", "tables:", "  - {name: orders, as: Bestellungen}"))
        .hasMessageContaining("line 3: tables[0].as makes the lake's table 'Bestellungen'");
  }

  @Test
  void fetchedSecretsComeBeforeTheEnvironment() {
    Secrets.fetched(Map.of("PATH", "fetched"));

    assertThat(Secrets.known()).containsEntry("PATH", "fetched").containsKey("HOME");
  }

  private Pipeline read(String... lines) {
    try {
      Path file = Files.write(folder.resolve("pipeline.yaml"), List.of(lines));
      return Pipeline.read(file, "dev", Profile.AWS);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
