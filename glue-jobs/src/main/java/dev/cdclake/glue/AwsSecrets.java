/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.glue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.FailureCode;
import dev.cdclake.failure.PipelineException;
import java.util.HashMap;
import java.util.Map;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;

/**
 * Fetches the secrets of a run from Secrets Manager. Values are neither logged nor part of any
 * message.
 */
final class AwsSecrets implements AutoCloseable {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final SecretsManagerClient client;

  private AwsSecrets(SecretsManagerClient client) {
    this.client = client;
  }

  /**
   * What a run signs in with.
   *
   * @param others by variable of the pipeline file
   */
  record Login(String user, String password, Map<String, String> others) {

    /** Tells no value. */
    @Override
    public String toString() {
      return "Login[" + user + ", " + others.keySet() + "]";
    }
  }

  /** Opens a client with the credentials of the process. */
  static AwsSecrets open(String region) {
    return new AwsSecrets(SecretsManagerClient.builder().region(Region.of(region)).build());
  }

  /**
   * Fetches secrets.
   *
   * @param source ARN of a secret with {@code username} and {@code password}
   * @param others by variable: the ARN of the secret that holds its value
   * @throws PipelineException if one cannot be had
   */
  Login login(String source, Map<String, String> others) {
    JsonNode login = json(source);
    Map<String, String> values = new HashMap<>();
    others.forEach((variable, name) -> values.put(variable, text(name)));
    return new Login(field(source, login, "username"), field(source, login, "password"), values);
  }

  private JsonNode json(String name) {
    try {
      return JSON.readTree(text(name));
    } catch (JsonProcessingException e) {
      // The cause would quote the secret.
      throw unusable(name, "it is not JSON");
    }
  }

  private static String field(String name, JsonNode secret, String field) {
    JsonNode value = secret.path(field);
    if (!value.isTextual()) {
      throw unusable(name, "it has no '%s'".formatted(field));
    }
    return value.asText();
  }

  private static PipelineException unusable(String name, String found) {
    return new PipelineException(
        Stage.SOURCE,
        FailureCode.CONFIG_INVALID,
        "Cannot use secret '%s': %s (expected JSON with username and password). Correct it in Secrets Manager."
            .formatted(name, found));
  }

  private String text(String name) {
    try {
      return client.getSecretValue(request -> request.secretId(name)).secretString();
    } catch (SdkException e) {
      throw new PipelineException(
          Stage.SOURCE,
          AwsFailures.code(e),
          "Cannot read secret '%s': %s (expected its value). Check that it exists and that the job's role may read it."
              .formatted(name, e.getMessage()),
          e);
    }
  }

  @Override
  public void close() {
    client.close();
  }
}
