/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import dev.cdclake.infra.DeploymentSettings.Egress;
import dev.cdclake.infra.DeploymentSettings.FargateSize;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.RemovalPolicy;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.ecs.AuthorizationConfig;
import software.amazon.awscdk.services.ecs.CloudMapOptions;
import software.amazon.awscdk.services.ecs.ContainerDefinition;
import software.amazon.awscdk.services.ecs.ContainerDefinitionOptions;
import software.amazon.awscdk.services.ecs.ContainerImage;
import software.amazon.awscdk.services.ecs.EfsVolumeConfiguration;
import software.amazon.awscdk.services.ecs.FargateService;
import software.amazon.awscdk.services.ecs.FargateTaskDefinition;
import software.amazon.awscdk.services.ecs.HealthCheck;
import software.amazon.awscdk.services.ecs.ICluster;
import software.amazon.awscdk.services.ecs.MountPoint;
import software.amazon.awscdk.services.ecs.PortMapping;
import software.amazon.awscdk.services.ecs.Volume;
import software.amazon.awscdk.services.efs.AccessPoint;
import software.amazon.awscdk.services.efs.AccessPointOptions;
import software.amazon.awscdk.services.efs.Acl;
import software.amazon.awscdk.services.efs.FileSystem;
import software.amazon.awscdk.services.efs.PosixUser;
import software.amazon.awscdk.services.kms.Key;
import software.amazon.awscdk.services.servicediscovery.DnsRecordType;
import software.amazon.awscdk.services.servicediscovery.PrivateDnsNamespace;
import software.constructs.Construct;

/**
 * One Kafka node on Fargate, its log on EFS: survives a stop, has no copies, costs nothing while it
 * is stopped.
 *
 * <p>It talks in clear text to the two security groups that may reach it, within one VPC; settings
 * refuse it where data has to last.
 */
final class KafkaNode extends Construct {

  /** The version that the local line runs. */
  static final String IMAGE = "apache/kafka:4.3.1";

  private static final String DATA = "/var/lib/kafka/data";
  private static final String USER = "1000";

  private final String bootstrap;
  private final FargateService service;

  KafkaNode(Stack stack, Line line, NetworkStack.Outputs network, ICluster servers) {
    super(stack, "Node");
    String domain = line.pipeline().prefix() + ".internal";
    this.bootstrap = "kafka.%s:%d".formatted(domain, NetworkStack.KAFKA_PORT);
    FargateTaskDefinition task = task(line);
    container(line, network, task, files(line, network, task));
    this.service =
        FargateService.Builder.create(this, "Service")
            .serviceName(line.name("kafka"))
            .cluster(servers)
            .taskDefinition(task)
            .desiredCount(1)
            // Two nodes may never write the same files.
            .minHealthyPercent(0)
            .maxHealthyPercent(100)
            .securityGroups(List.of(network.groups().broker()))
            .vpcSubnets(network.servers())
            .assignPublicIp(line.settings().egress() == Egress.PUBLIC)
            .cloudMapOptions(
                CloudMapOptions.builder()
                    .name("kafka")
                    .dnsRecordType(DnsRecordType.A)
                    .dnsTtl(Duration.seconds(10))
                    .cloudMapNamespace(
                        PrivateDnsNamespace.Builder.create(this, "Names")
                            .name(domain)
                            .vpc(network.vpc())
                            .build())
                    .build())
            .build();
  }

  String bootstrap() {
    return bootstrap;
  }

  FargateService service() {
    return service;
  }

  private FargateTaskDefinition task(Line line) {
    FargateSize size = line.settings().broker().size();
    return FargateTaskDefinition.Builder.create(this, "Task")
        .family(line.name("kafka"))
        .cpu(size.cpu())
        .memoryLimitMiB(size.memoryMb())
        .runtimePlatform(Containers.ARM)
        .build();
  }

  private Volume files(Line line, NetworkStack.Outputs network, FargateTaskDefinition task) {
    Key key =
        Key.Builder.create(this, "Key")
            .alias(line.name("kafka"))
            .description("Events of " + line.pipeline().prefix())
            .enableKeyRotation(true)
            .removalPolicy(RemovalPolicy.DESTROY)
            .build();
    FileSystem files =
        FileSystem.Builder.create(this, "Files")
            .fileSystemName(line.name("kafka"))
            .vpc(network.vpc())
            .vpcSubnets(network.data())
            .securityGroup(network.groups().storage())
            .encrypted(true)
            .kmsKey(key)
            .enableAutomaticBackups(false)
            .removalPolicy(RemovalPolicy.DESTROY)
            .build();
    AccessPoint point =
        files.addAccessPoint(
            "Log",
            AccessPointOptions.builder()
                .path("/kafka")
                .posixUser(PosixUser.builder().uid(USER).gid(USER).build())
                .createAcl(Acl.builder().ownerUid(USER).ownerGid(USER).permissions("750").build())
                .build());
    files.grantReadWrite(task.getTaskRole());
    Volume volume =
        Volume.builder()
            .name("log")
            .efsVolumeConfiguration(
                EfsVolumeConfiguration.builder()
                    .fileSystemId(files.getFileSystemId())
                    .transitEncryption("ENABLED")
                    .authorizationConfig(
                        AuthorizationConfig.builder()
                            .accessPointId(point.getAccessPointId())
                            .iam("ENABLED")
                            .build())
                    .build())
            .build();
    task.addVolume(volume);
    return volume;
  }

  private void container(
      Line line, NetworkStack.Outputs network, FargateTaskDefinition task, Volume files) {
    ContainerDefinition kafka =
        task.addContainer(
            "kafka",
            ContainerDefinitionOptions.builder()
                .image(ContainerImage.fromRegistry(IMAGE))
                .user(USER)
                .environment(settings(line))
                .portMappings(
                    List.of(PortMapping.builder().containerPort(NetworkStack.KAFKA_PORT).build()))
                .logging(Containers.log(this, line, network, "kafka"))
                .healthCheck(
                    HealthCheck.builder()
                        .command(
                            List.of(
                                "CMD-SHELL",
                                "nc -z localhost " + NetworkStack.KAFKA_PORT + " || exit 1"))
                        .startPeriod(Duration.seconds(60))
                        .build())
                .stopTimeout(Duration.seconds(120))
                .build());
    kafka.addMountPoints(
        MountPoint.builder()
            .sourceVolume(files.getName())
            .containerPath(DATA)
            .readOnly(false)
            .build());
    Reasons.accept(task, "ECS2", "The image is configured by its environment; none is a secret.");
  }

  /** The same that the local line gives its broker: one node, transactions on one copy. */
  private Map<String, String> settings(Line line) {
    String message = String.valueOf(line.pipeline().kafka().maxMessageBytes());
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("KAFKA_NODE_ID", "1");
    settings.put("KAFKA_PROCESS_ROLES", "broker,controller");
    settings.put("KAFKA_CONTROLLER_QUORUM_VOTERS", "1@localhost:9093");
    settings.put("KAFKA_CONTROLLER_LISTENER_NAMES", "CONTROLLER");
    settings.put("KAFKA_LISTENERS", "PLAINTEXT://:9092,CONTROLLER://localhost:9093");
    settings.put("KAFKA_ADVERTISED_LISTENERS", "PLAINTEXT://" + bootstrap);
    settings.put(
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
    settings.put("KAFKA_LOG_DIRS", DATA);
    settings.put("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false");
    settings.put("KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR", "1");
    settings.put("KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR", "1");
    settings.put("KAFKA_TRANSACTION_STATE_LOG_MIN_ISR", "1");
    settings.put("KAFKA_MESSAGE_MAX_BYTES", message);
    settings.put("KAFKA_REPLICA_FETCH_MAX_BYTES", message);
    return settings;
  }
}
