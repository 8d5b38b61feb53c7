/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import java.util.LinkedHashMap;
import java.util.Map;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.ecs.Secret;
import software.amazon.awscdk.services.iam.IGrantable;

/**
 * Where servers and secrets of this environment are, in the two forms in which processes are told:
 * variables of a container, arguments of a job.
 *
 * <p>Containers get secrets themselves, put into their environment by ECS; jobs get the names of
 * secrets, because arguments are logged.
 *
 * @param line the pipeline and its environment
 * @param source the captured database
 * @param streaming Kafka
 */
record Addresses(Line line, SourceStack.Outputs source, StreamingStack.Outputs streaming) {

  /** Returns a container's variables; to be called once for a stack. */
  Map<String, String> variables(Stack stack) {
    Map<String, String> variables = new LinkedHashMap<>();
    variables.put("CDCLAKE_ENVIRONMENT", line.settings().environment());
    // With the task, so that worker and connector change together with the file; encoded, because
    // CloudFormation takes a reference like ${env:NAME} for one of its own.
    variables.put("CDCLAKE_PIPELINE_BASE64", Uploads.encoded(line.artifacts()));
    variables.put("CDCLAKE_KAFKA_BOOTSTRAP", streaming.bootstrap(stack));
    variables.put("CDCLAKE_KAFKA_SECURITY", security());
    variables.put("CDCLAKE_SOURCE_HOST", source.host());
    variables.put("CDCLAKE_SOURCE_PORT", String.valueOf(source.port()));
    variables.put("CDCLAKE_SOURCE_SSL_MODE", "require");
    return variables;
  }

  /** Returns the secrets of a container, by the variables that the pipeline file names. */
  Map<String, Secret> secrets() {
    Map<String, Secret> secrets = new LinkedHashMap<>();
    secrets.put("CDCLAKE_SOURCE_USER", Secret.fromSecretsManager(source.credentials(), "username"));
    secrets.put(
        line.pipeline().source().password().variable(),
        Secret.fromSecretsManager(source.credentials(), "password"));
    source
        .others()
        .forEach((variable, secret) -> secrets.put(variable, Secret.fromSecretsManager(secret)));
    return secrets;
  }

  /** Returns a job's arguments; to be called once for a stack. */
  Map<String, String> arguments(Stack stack) {
    Map<String, String> arguments = new LinkedHashMap<>();
    arguments.put("--environment", line.settings().environment());
    arguments.put("--kafka-bootstrap", streaming.bootstrap(stack));
    arguments.put("--kafka-security", security());
    arguments.put("--source-host", source.host());
    arguments.put("--source-port", String.valueOf(source.port()));
    arguments.put("--source-ssl-mode", "require");
    arguments.put("--source-secret", source.credentials().getSecretArn());
    source
        .others()
        .forEach(
            (variable, secret) -> arguments.put("--secret-" + variable, secret.getSecretArn()));
    return arguments;
  }

  /** Lets a role read the secrets that its arguments name. */
  void grantSecrets(IGrantable role) {
    source.key().grantDecrypt(role);
    source.credentials().grantRead(role);
    source.others().values().forEach(secret -> secret.grantRead(role));
  }

  private String security() {
    return streaming.security().label();
  }
}
