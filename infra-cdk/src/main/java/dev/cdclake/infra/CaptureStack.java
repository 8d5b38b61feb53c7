/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import dev.cdclake.infra.DeploymentSettings.Egress;
import dev.cdclake.infra.DeploymentSettings.FargateSize;
import java.util.List;
import java.util.Map;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.ecr.assets.DockerImageAsset;
import software.amazon.awscdk.services.ecr.assets.Platform;
import software.amazon.awscdk.services.ecs.CloudMapOptions;
import software.amazon.awscdk.services.ecs.ContainerDefinitionOptions;
import software.amazon.awscdk.services.ecs.ContainerImage;
import software.amazon.awscdk.services.ecs.DeploymentCircuitBreaker;
import software.amazon.awscdk.services.ecs.FargateService;
import software.amazon.awscdk.services.ecs.FargateTaskDefinition;
import software.amazon.awscdk.services.ecs.HealthCheck;
import software.amazon.awscdk.services.ecs.LogDriver;
import software.amazon.awscdk.services.ecs.PortMapping;
import software.amazon.awscdk.services.servicediscovery.DnsRecordType;
import software.amazon.awscdk.services.servicediscovery.PrivateDnsNamespace;
import software.amazon.awscdk.services.sqs.Queue;
import software.amazon.awscdk.services.stepfunctions.StateMachine;
import software.constructs.Construct;

/**
 * Debezium on Kafka Connect: one worker, and a task that registers its connector.
 *
 * <p>The worker's REST interface is reachable from the worker's own security group, and from that
 * of the job that reads tables anew.
 */
final class CaptureStack extends Stack {

  /**
   * The worker and how its connector is registered.
   *
   * @param worker the service
   * @param registration the state machine that registers the connector and waits for it
   * @param undelivered deployments after which it could not be started
   */
  record Outputs(FargateService worker, StateMachine registration, Queue undelivered) {}

  /** Name of the worker's container, whose variables are told. */
  static final String CONTAINER = "connect";

  /** Name of the registration's container. */
  static final String REGISTER = "register";

  private final Line line;
  private final Addresses addresses;
  private final Map<String, String> variables;
  private final ContainerImage image;
  private final Outputs outputs;

  CaptureStack(Construct scope, Line line, NetworkStack.Outputs network, Addresses addresses) {
    super(scope, "Capture", line.stack("capture", "Debezium on Kafka Connect"));
    this.line = line;
    this.addresses = addresses;
    this.variables = addresses.variables(this);
    this.image =
        ContainerImage.fromDockerImageAsset(
            DockerImageAsset.Builder.create(this, "Image")
                .directory(line.artifacts().connectImage().toString())
                .platform(Platform.LINUX_ARM64)
                .build());
    FargateService worker = worker(network);
    Queue undelivered = Undelivered.queue(this, line, "unregistered", network.key());
    StateMachine registration =
        new Registration(this, line, network)
            .create(addresses.streaming().servers(), worker, registration(network), undelivered);
    this.outputs = new Outputs(worker, registration, undelivered);
    Reasons.acceptLambdasOfCdk(this);
  }

  Outputs outputs() {
    return outputs;
  }

  /** Returns the address at which the worker is found in the network. */
  static String url(Line line) {
    return "http://%s.%s:%d".formatted(CONTAINER, names(line), NetworkStack.CONNECT_PORT);
  }

  private static String names(Line line) {
    return line.pipeline().prefix() + ".connect.internal";
  }

  private FargateService worker(NetworkStack.Outputs network) {
    FargateTaskDefinition task = task("Worker", CONTAINER, line.settings().connect());
    addresses
        .streaming()
        .msk()
        .ifPresent(
            cluster -> cluster.capture(line).forEach(task.getTaskRole()::addToPrincipalPolicy));
    Reasons.accept(
        task.getTaskRole(),
        "IAM5",
        "Topics, groups and transactions of this line, by their prefix.");
    task.addContainer(
        CONTAINER,
        container(Containers.log(this, line, network, CONTAINER))
            .command(List.of("worker"))
            .portMappings(
                List.of(PortMapping.builder().containerPort(NetworkStack.CONNECT_PORT).build()))
            .healthCheck(
                HealthCheck.builder()
                    .command(
                        List.of(
                            "CMD-SHELL",
                            "curl -fsS http://localhost:%d/health || exit 1"
                                .formatted(NetworkStack.CONNECT_PORT)))
                    .interval(Duration.seconds(15))
                    .startPeriod(Duration.seconds(120))
                    .build())
            // The task commits what it has read before it goes.
            .stopTimeout(Duration.seconds(120))
            .build());
    return FargateService.Builder.create(this, "Service")
        .serviceName(line.name(CONTAINER))
        .cluster(addresses.streaming().servers())
        .taskDefinition(task)
        .desiredCount(1)
        // A slot has one reader: the old worker goes before the new one comes.
        .minHealthyPercent(0)
        .maxHealthyPercent(100)
        .circuitBreaker(DeploymentCircuitBreaker.builder().rollback(true).build())
        .securityGroups(List.of(network.groups().connect()))
        .vpcSubnets(network.servers())
        .assignPublicIp(line.settings().egress() == Egress.PUBLIC)
        .cloudMapOptions(
            CloudMapOptions.builder()
                .name(CONTAINER)
                .dnsRecordType(DnsRecordType.A)
                .dnsTtl(Duration.seconds(10))
                .cloudMapNamespace(
                    PrivateDnsNamespace.Builder.create(this, "Names")
                        .name(names(line))
                        .vpc(network.vpc())
                        .build())
                .build())
        .build();
  }

  /**
   * Runs after every deployment of the worker; doing it twice changes nothing. It talks to the
   * worker and to the source, and asks Kafka whether the topics have events.
   */
  private FargateTaskDefinition registration(NetworkStack.Outputs network) {
    FargateTaskDefinition task = task("Registration", REGISTER, new FargateSize(256, 1024));
    addresses
        .streaming()
        .msk()
        .ifPresent(
            cluster -> cluster.register(line).forEach(task.getTaskRole()::addToPrincipalPolicy));
    Reasons.accept(task.getTaskRole(), "IAM5", "Topics of this line, by their prefix.");
    task.addContainer(
        REGISTER,
        container(Containers.log(this, line, network, REGISTER))
            .command(List.of(REGISTER, "--connect", url(line), "--wait", "300"))
            .build());
    return task;
  }

  private ContainerDefinitionOptions.Builder container(LogDriver log) {
    return ContainerDefinitionOptions.builder()
        .image(image)
        .environment(variables)
        .secrets(addresses.secrets())
        .logging(log);
  }

  private FargateTaskDefinition task(String id, String family, FargateSize size) {
    FargateTaskDefinition task =
        FargateTaskDefinition.Builder.create(this, id)
            .family(line.name(family))
            .cpu(size.cpu())
            .memoryLimitMiB(size.memoryMb())
            .runtimePlatform(Containers.ARM)
            .build();
    addresses.grantSecrets(task.obtainExecutionRole());
    Reasons.accept(
        task, "ECS2", "Addresses are plain variables; every secret comes from Secrets Manager.");
    Reasons.accept(task, "IAM5", "A login to the registry has no resource.");
    return task;
  }
}
