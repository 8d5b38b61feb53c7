/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import software.amazon.awscdk.App;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.assertions.Template;
import software.amazon.awscdk.cloudformation.include.CfnInclude;

/** The workflows that test and deploy a repository on GitHub, and the role that they take. */
class WorkflowsTest {

  private static final Path WORKFLOWS = Path.of("..", ".github", "workflows");
  private static final Pattern MAKE = Pattern.compile("\\bmake ([a-z]+)");
  private static final Pattern USES = Pattern.compile("uses: (\\S+)");

  @ParameterizedTest
  @ValueSource(strings = {"test.yml", "deploy.yml"})
  void workflowsCallTargetsThatTheMakefileHas(String workflow) throws IOException {
    String makefile = Files.readString(Path.of("..", "Makefile"));

    assertThat(found(MAKE, text(workflow)))
        .isNotEmpty()
        .allSatisfy(target -> assertThat(makefile).containsPattern("(?m)^%s:".formatted(target)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"test.yml", "deploy.yml"})
  void workflowsKnowNoSecretAndNameAVersionOfWhatTheyUse(String workflow) throws IOException {
    assertThat(text(workflow)).doesNotContain("secrets.").doesNotContain("AKIA");
    assertThat(found(USES, text(workflow)))
        .isNotEmpty()
        .allMatch(action -> action.startsWith("./") || action.matches(".+@v\\d+"));
  }

  /** GitHub's default shell has no {@code pipefail}; the named one has. */
  @ParameterizedTest
  @ValueSource(strings = {"test.yml", "deploy.yml"})
  void commandThatFailsBeforeAPipeFailsItsStep(String workflow) throws IOException {
    assertThat(workflow(workflow).at("/defaults/run/shell").asText()).isEqualTo("bash");
  }

  @Test
  void everyEnvironmentIsSynthesisedAndCanBeDeployed() throws IOException {
    assertThat(texts(workflow("test.yml").at("/jobs/synthesise/strategy/matrix/environment")))
        .isEqualTo(Synthesised.ENVIRONMENTS);
    assertThat(texts(workflow("deploy.yml").at("/on/workflow_dispatch/inputs/environment/options")))
        .isEqualTo(Synthesised.ENVIRONMENTS);
  }

  @Test
  void onlyTheDeploymentMayProveWhoItIs() throws IOException {
    JsonNode deploy = workflow("deploy.yml");

    assertThat(deploy.at("/permissions").toString()).isEqualTo("{\"contents\":\"read\"}");
    deploy
        .get("jobs")
        .properties()
        .forEach(
            job ->
                assertThat(job.getValue().at("/permissions/id-token").asText())
                    .as("id-token of %s", job.getKey())
                    .isEqualTo(job.getKey().equals("deploy") ? "write" : ""));
    assertThat(workflow("test.yml").at("/permissions").toString())
        .isEqualTo("{\"contents\":\"read\"}");
  }

  @Test
  void prodWaitsForTheGate() throws IOException {
    JsonNode jobs = workflow("deploy.yml").get("jobs");

    assertThat(texts(jobs.at("/deploy/needs"))).containsExactly("test", "gate");
    assertThat(jobs.at("/deploy/if").asText())
        .contains(
            "needs.gate.result == 'success'"
                + " || (needs.gate.result == 'skipped' && inputs.environment != 'prod')");
    assertThat(jobs.at("/gate/if").asText()).isEqualTo("inputs.environment == 'prod'");
    assertThat(jobs.get("gate").toString())
        .contains("refs/heads/main")
        .contains("required_reviewers");
  }

  @Test
  void roleIsForOneEnvironmentOfOneRepositoryAndTakesOnlyTheRolesOfTheCdk() {
    NodeJs.require("node");
    App app = LakehouseApp.app(Map.of());
    Stack stack = new Stack(app, "GitHubRole");
    CfnInclude included =
        CfnInclude.Builder.create(stack, "Role").templateFile("github-role.yaml").build();

    JsonNode template = new ObjectMapper().valueToTree(Template.fromStack(stack).toJSON());

    assertThat(included.getResource("Role")).isNotNull();
    assertThat(
            "repo:acme/lake:environment:prod"
                .matches(template.at("/Parameters/Subject/AllowedPattern").asText()))
        .isTrue();
    assertThat("repo:acme/*".matches(template.at("/Parameters/Subject/AllowedPattern").asText()))
        .isFalse();
    JsonNode trust = template.at("/Resources/Role/Properties/AssumeRolePolicyDocument/Statement/0");
    assertThat(trust.at("/Condition").toString())
        .contains("StringEquals", "{\"Ref\":\"Subject\"}", "sts.amazonaws.com")
        .doesNotContain("StringLike");
    JsonNode rights = template.at("/Resources/Role/Properties/Policies/0/PolicyDocument/Statement");
    assertThat(rights).hasSize(1);
    assertThat(rights.at("/0/Action").asText()).isEqualTo("sts:AssumeRole");
    assertThat(rights.at("/0/Resource").toString()).contains(":role/cdk-${Qualifier}-*-role-");
  }

  private static String text(String workflow) throws IOException {
    return Files.readString(WORKFLOWS.resolve(workflow));
  }

  private static JsonNode workflow(String name) throws IOException {
    Object read = new Load(LoadSettings.builder().build()).loadFromString(text(name));
    return new ObjectMapper().valueToTree(read);
  }

  private static Set<String> found(Pattern pattern, String text) {
    Set<String> found = new LinkedHashSet<>();
    for (MatchResult match : pattern.matcher(text).results().toList()) {
      found.add(match.group(1));
    }
    return found;
  }

  private static List<String> texts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(element -> texts.add(element.asText()));
    return texts;
  }
}
