/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import dev.cdclake.contract.SourceTable;
import dev.cdclake.infra.DeploymentSettings.Broker;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.Fn;
import software.amazon.awscdk.RemovalPolicy;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.customresources.AwsCustomResource;
import software.amazon.awscdk.customresources.AwsCustomResourcePolicy;
import software.amazon.awscdk.customresources.AwsSdkCall;
import software.amazon.awscdk.customresources.PhysicalResourceId;
import software.amazon.awscdk.customresources.SdkCallsPolicyOptions;
import software.amazon.awscdk.services.applicationautoscaling.CfnScalableTarget;
import software.amazon.awscdk.services.applicationautoscaling.CfnScalingPolicy;
import software.amazon.awscdk.services.iam.PolicyStatement;
import software.amazon.awscdk.services.kms.Key;
import software.amazon.awscdk.services.logs.LogGroup;
import software.amazon.awscdk.services.msk.CfnCluster;
import software.amazon.awscdk.services.msk.CfnConfiguration;
import software.amazon.awscdk.services.msk.CfnTopic;
import software.constructs.Construct;

/**
 * An MSK cluster with KRaft: TLS and IAM alone, a topic per captured table.
 *
 * <p>A table's topic is never replaced by an update of the stack: its events would be lost.
 */
final class MskCluster extends Construct {

  /** What a client needs of the cluster itself to write, each event once. */
  private static final List<String> WRITE_CLUSTER =
      List.of("Connect", "DescribeCluster", "WriteDataIdempotently");

  /** What a client needs of topics that it makes, widens, reads and writes. */
  private static final List<String> WRITE_TOPICS =
      List.of(
          "CreateTopic",
          "AlterTopicDynamicConfiguration",
          "DescribeTopic",
          "DescribeTopicDynamicConfiguration",
          "ReadData",
          "WriteData");

  /** Most storage of a broker, as a multiple of what it begins with. */
  private static final int STORAGE_GROWS_TO = 4;

  private final String name;
  private final CfnCluster cluster;
  private final int brokers;

  MskCluster(Stack stack, Line line, NetworkStack.Outputs network) {
    super(stack, "Msk");
    Broker broker = line.settings().broker();
    this.name = line.name("kafka");
    Key key =
        Key.Builder.create(this, "Key")
            .alias(name)
            .description("Events of " + line.pipeline().prefix())
            .enableKeyRotation(true)
            .removalPolicy(line.removal())
            .build();
    this.cluster = cluster(line, broker, network, key);
    cluster.applyRemovalPolicy(line.removal());
    growStorage(broker);
    topics(line, broker);
    this.brokers = broker.brokers();
  }

  /** Returns the cluster's name, which its metrics carry. */
  String name() {
    return name;
  }

  private CfnCluster cluster(Line line, Broker broker, NetworkStack.Outputs network, Key key) {
    LogGroup log = Logs.group(this, "Log", line, line.logGroup("kafka"), network.key());
    CfnConfiguration configuration =
        CfnConfiguration.Builder.create(this, "Configuration")
            .name(name)
            .kafkaVersionsList(List.of(broker.version()))
            .serverProperties(serverProperties(line, broker))
            .build();
    return CfnCluster.Builder.create(this, "Cluster")
        .clusterName(name)
        .kafkaVersion(broker.version())
        .numberOfBrokerNodes(broker.brokers())
        .brokerNodeGroupInfo(
            CfnCluster.BrokerNodeGroupInfoProperty.builder()
                .instanceType(broker.instance())
                .clientSubnets(network.vpc().selectSubnets(network.data()).getSubnetIds())
                .securityGroups(List.of(network.groups().broker().getSecurityGroupId()))
                .storageInfo(
                    CfnCluster.StorageInfoProperty.builder()
                        .ebsStorageInfo(
                            CfnCluster.EBSStorageInfoProperty.builder()
                                .volumeSize(broker.storageGb())
                                .build())
                        .build())
                .build())
        .clientAuthentication(
            CfnCluster.ClientAuthenticationProperty.builder()
                .sasl(
                    CfnCluster.SaslProperty.builder()
                        .iam(CfnCluster.IamProperty.builder().enabled(true).build())
                        .build())
                .unauthenticated(
                    CfnCluster.UnauthenticatedProperty.builder().enabled(false).build())
                .build())
        .encryptionInfo(
            CfnCluster.EncryptionInfoProperty.builder()
                .encryptionAtRest(
                    CfnCluster.EncryptionAtRestProperty.builder()
                        .dataVolumeKmsKeyId(key.getKeyArn())
                        .build())
                .encryptionInTransit(
                    CfnCluster.EncryptionInTransitProperty.builder()
                        .clientBroker("TLS")
                        .inCluster(true)
                        .build())
                .build())
        .configurationInfo(
            CfnCluster.ConfigurationInfoProperty.builder()
                .arn(configuration.getAttrArn())
                .revision(configuration.getAttrLatestRevisionRevision())
                .build())
        .enhancedMonitoring("PER_BROKER")
        .loggingInfo(
            CfnCluster.LoggingInfoProperty.builder()
                .brokerLogs(
                    CfnCluster.BrokerLogsProperty.builder()
                        .cloudWatchLogs(
                            CfnCluster.CloudWatchLogsProperty.builder()
                                .enabled(true)
                                .logGroup(log.getLogGroupName())
                                .build())
                        .build())
                .build())
        .build();
  }

  /** As many copies as there are brokers, at most three; one of them may be away. */
  private static String serverProperties(Line line, Broker broker) {
    int copies = broker.copies();
    int inSync = Math.max(1, copies - 1);
    Map<String, String> properties = new LinkedHashMap<>();
    properties.put("auto.create.topics.enable", "false");
    properties.put("default.replication.factor", String.valueOf(copies));
    properties.put("min.insync.replicas", String.valueOf(inSync));
    properties.put("offsets.topic.replication.factor", String.valueOf(copies));
    properties.put("transaction.state.log.replication.factor", String.valueOf(copies));
    properties.put("transaction.state.log.min.isr", String.valueOf(inSync));
    properties.put("message.max.bytes", String.valueOf(line.pipeline().kafka().maxMessageBytes()));
    properties.put(
        "replica.fetch.max.bytes", String.valueOf(line.pipeline().kafka().maxMessageBytes()));
    return text(properties);
  }

  private static String text(Map<String, String> properties) {
    return properties.entrySet().stream()
        .map(property -> property.getKey() + "=" + property.getValue() + "\n")
        .collect(Collectors.joining());
  }

  private void growStorage(Broker broker) {
    CfnScalableTarget target =
        CfnScalableTarget.Builder.create(this, "Storage")
            .serviceNamespace("kafka")
            .scalableDimension("kafka:broker-storage:VolumeSize")
            .resourceId(cluster.getAttrArn())
            .minCapacity(1)
            .maxCapacity(broker.storageGb() * STORAGE_GROWS_TO)
            .build();
    CfnScalingPolicy.Builder.create(this, "StorageGrows")
        .policyName(name + "-storage")
        .policyType("TargetTrackingScaling")
        .scalingTargetId(target.getRef())
        .targetTrackingScalingPolicyConfiguration(
            CfnScalingPolicy.TargetTrackingScalingPolicyConfigurationProperty.builder()
                .targetValue(70)
                .disableScaleIn(true)
                .predefinedMetricSpecification(
                    CfnScalingPolicy.PredefinedMetricSpecificationProperty.builder()
                        .predefinedMetricType("KafkaBrokerStorageUtilization")
                        .build())
                .build())
        .build();
  }

  /** Retained even where the cluster is not: another number of copies would replace a topic. */
  private void topics(Line line, Broker broker) {
    String settings = text(new TreeMap<>(line.pipeline().kafka().topicSettings()));
    String configs = Base64.getEncoder().encodeToString(settings.getBytes(StandardCharsets.UTF_8));
    for (SourceTable table : line.pipeline().tables()) {
      CfnTopic topic =
          CfnTopic.Builder.create(this, "Topic-" + table.lakeName())
              .clusterArn(cluster.getAttrArn())
              .topicName(line.pipeline().topic(table))
              .partitionCount(line.pipeline().kafka().partitions())
              .replicationFactor(broker.copies())
              .configs(configs)
              .build();
      topic.applyRemovalPolicy(RemovalPolicy.RETAIN);
    }
  }

  /**
   * Returns the brokers' addresses, which CloudFormation does not tell: they are asked for anew
   * whenever the number of brokers changed.
   *
   * @param stack that needs them; each asks for itself, because what one stack exports to another
   *     can never change
   */
  String bootstrap(Stack stack) {
    AwsSdkCall call =
        AwsSdkCall.builder()
            .service("Kafka")
            .action("GetBootstrapBrokers")
            .parameters(Map.of("ClusterArn", cluster.getAttrArn()))
            .physicalResourceId(PhysicalResourceId.of("bootstrap-" + brokers))
            .build();
    AwsCustomResource answer =
        AwsCustomResource.Builder.create(stack, "Bootstrap")
            .onUpdate(call)
            .installLatestAwsSdk(false)
            .timeout(Duration.minutes(2))
            .policy(
                AwsCustomResourcePolicy.fromSdkCalls(
                    SdkCallsPolicyOptions.builder()
                        .resources(List.of(cluster.getAttrArn()))
                        .build()))
            .build();
    return answer.getResponseField("BootstrapBrokerStringSaslIam");
  }

  /** Returns what a reader of events needs, which belongs to no group and is told where to read. */
  List<PolicyStatement> read(Line line) {
    String prefix = line.pipeline().kafka().topicPrefix();
    return List.of(
        statement(List.of("Connect", "DescribeCluster"), cluster.getAttrArn()),
        statement(
            List.of("DescribeTopic", "DescribeTopicDynamicConfiguration", "ReadData"),
            named("topic", prefix + ".*")));
  }

  /**
   * Returns what registers the connector needs: to look at the tables' topics, and to widen them.
   */
  List<PolicyStatement> register(Line line) {
    return List.of(
        statement(List.of("Connect", "DescribeCluster"), cluster.getAttrArn()),
        statement(
            List.of(
                "AlterTopicDynamicConfiguration",
                "DescribeTopic",
                "DescribeTopicDynamicConfiguration"),
            named("topic", line.pipeline().kafka().topicPrefix() + ".*")));
  }

  /**
   * Returns what reads tables anew needs: what a reader and the registration do, topics that are
   * gone, and an event behind those of each table.
   */
  List<PolicyStatement> readAnew(Line line) {
    return List.of(
        statement(WRITE_CLUSTER, cluster.getAttrArn()),
        statement(WRITE_TOPICS, named("topic", line.pipeline().kafka().topicPrefix() + ".*")));
  }

  /** Returns what Connect needs: its own topics, the tables' topics, and transactions. */
  List<PolicyStatement> capture(Line line) {
    String prefix = line.pipeline().kafka().topicPrefix();
    return List.of(
        statement(WRITE_CLUSTER, cluster.getAttrArn()),
        statement(
            WRITE_TOPICS,
            named("topic", prefix + ".*"),
            named("topic", prefix + "-connect-*"),
            named("topic", "__debezium-heartbeat." + prefix)),
        statement(List.of("DescribeGroup", "AlterGroup"), named("group", prefix + "-connect*")),
        statement(
            List.of("DescribeTransactionalId", "AlterTransactionalId"),
            named("transactional-id", prefix + "-connect*"),
            named("transactional-id", "connect-cluster-" + prefix + "-connect*")));
  }

  /**
   * Returns the ARN of what is inside the cluster; the cluster's own ARN ends in name and id.
   *
   * @see <a href="https://docs.aws.amazon.com/msk/latest/developerguide/kafka-actions.html">Actions
   *     and resources</a>
   */
  private String named(String kind, String pattern) {
    return Fn.join(
        ":" + kind + "/",
        List.of(
            Fn.select(0, Fn.split(":cluster/", cluster.getAttrArn())),
            Fn.select(1, Fn.split(":cluster/", cluster.getAttrArn())) + "/" + pattern));
  }

  private static PolicyStatement statement(List<String> actions, String... resources) {
    return PolicyStatement.Builder.create()
        .actions(actions.stream().map(action -> "kafka-cluster:" + action).toList())
        .resources(List.of(resources))
        .build();
  }
}
