/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cdclake.contract.JobName;
import dev.cdclake.contract.Layer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Names are the contract's: nobody spells them twice. */
class NamesTest {

  @ParameterizedTest
  @ValueSource(strings = {"dev", "staging", "prod"})
  void everyJobOfTheContractIsAGlueJob(String environment) {
    Synthesised line = Synthesised.of(environment);

    assertThat(line.texts("AWS::Glue::Job", "Name"))
        .containsExactlyElementsOf(
            Stream.of(JobName.values()).map(job -> line.pipeline().jobName(job)).toList());
  }

  @ParameterizedTest
  @ValueSource(strings = {"dev", "staging", "prod"})
  void everyLayerIsADatabase(String environment) {
    Synthesised line = Synthesised.of(environment);

    assertThat(line.texts("AWS::Glue::Database", "DatabaseInput/Name"))
        .containsExactlyElementsOf(
            Stream.of(Layer.values()).map(layer -> line.pipeline().database(layer)).toList());
  }

  @ParameterizedTest
  @ValueSource(strings = {"staging", "prod"})
  void everyTableIsATopic(String environment) {
    Synthesised line = Synthesised.of(environment);

    assertThat(line.texts("AWS::MSK::Topic", "TopicName"))
        .containsExactlyElementsOf(
            line.pipeline().tables().stream().map(line.pipeline()::topic).toList());
  }

  @Test
  void stacksStandInFlowOrder() {
    assertThat(Synthesised.of("dev").stacks().keySet())
        .containsExactlyElementsOf(
            List.of(
                "Network",
                "Source",
                "Streaming",
                "Capture",
                "Lake",
                "Jobs",
                "Query",
                "Orchestration",
                "Watch"));
  }

  /** CloudFormation refuses to change what another stack imports. */
  @ParameterizedTest
  @ValueSource(strings = {"dev", "staging", "prod"})
  void nothingThatChangesWithADeploymentIsExported(String environment) {
    Synthesised line = Synthesised.of(environment);
    List<String> exported = new ArrayList<>();
    for (String stack : line.stacks().keySet()) {
      for (JsonNode output : line.tree(stack).path("Outputs")) {
        JsonNode value = output.get("Value");
        String id = value.path("Ref").asText(value.at("/Fn::GetAtt/0").asText());
        exported.add(line.resources().get(stack + "/" + id).get("Type").asText());
      }
    }

    assertThat(exported)
        .isNotEmpty()
        .doesNotContain("AWS::ECS::TaskDefinition")
        .noneMatch(type -> type.startsWith("Custom::"));
  }

  @Test
  void entryOfAJobIsNamedAfterIt() {
    assertThat(JobName.MAINTAIN.entry()).isEqualTo("MaintainEntry");
    assertThat(Synthesised.of("dev").pipeline().jobName(JobName.MAINTAIN))
        .isEqualTo("cdc-demo-dev-maintain");
  }
}
