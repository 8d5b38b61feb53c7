/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import dev.cdclake.contract.KafkaSecurity;
import java.util.Optional;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.ecs.Cluster;
import software.amazon.awscdk.services.ecs.ContainerInsights;
import software.amazon.awscdk.services.ecs.FargateService;
import software.amazon.awscdk.services.ecs.ICluster;
import software.constructs.Construct;

/**
 * Kafka, and the cluster that servers run in: MSK, one node on Fargate, or a Kafka that exists.
 *
 * <p>Topics are made from the pipeline file on MSK; elsewhere Connect makes them with the same
 * settings.
 */
final class StreamingStack extends Stack {

  /**
   * How Kafka is reached, and what may be done there.
   *
   * @param servers where containers run
   * @param address {@code host:port}, several joined by commas; MSK's have to be asked for
   * @param security how a client proves who it is
   * @param msk the cluster, if it is ours on MSK
   * @param node the service, if it is our node on Fargate
   */
  record Outputs(
      ICluster servers,
      String address,
      KafkaSecurity security,
      Optional<MskCluster> msk,
      Optional<FargateService> node) {

    /** Returns the brokers' addresses as a stack can use them; to be called once for a stack. */
    String bootstrap(Stack stack) {
      return msk.map(cluster -> cluster.bootstrap(stack)).orElse(address);
    }
  }

  private final Outputs outputs;

  StreamingStack(Construct scope, Line line, NetworkStack.Outputs network) {
    super(scope, "Streaming", line.stack("streaming", "Kafka"));
    Cluster servers =
        Cluster.Builder.create(this, "Servers")
            .clusterName(line.name("servers"))
            .vpc(network.vpc())
            .containerInsightsV2(ContainerInsights.ENABLED)
            .build();
    this.outputs =
        switch (line.settings().broker().kind()) {
          case MSK -> msk(line, network, servers);
          case FARGATE_KAFKA -> node(line, network, servers);
          case EXTERNAL ->
              new Outputs(
                  servers,
                  line.settings().broker().bootstrap(),
                  KafkaSecurity.DECLARED,
                  Optional.empty(),
                  Optional.empty());
        };
  }

  Outputs outputs() {
    return outputs;
  }

  private Outputs msk(Line line, NetworkStack.Outputs network, ICluster servers) {
    MskCluster cluster = new MskCluster(this, line, network);
    return new Outputs(servers, "", KafkaSecurity.IAM, Optional.of(cluster), Optional.empty());
  }

  private Outputs node(Line line, NetworkStack.Outputs network, ICluster servers) {
    KafkaNode node = new KafkaNode(this, line, network, servers);
    return new Outputs(
        servers,
        node.bootstrap(),
        KafkaSecurity.DECLARED,
        Optional.empty(),
        Optional.of(node.service()));
  }
}
