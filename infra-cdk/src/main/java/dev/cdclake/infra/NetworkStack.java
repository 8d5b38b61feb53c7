/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import dev.cdclake.infra.DeploymentSettings.BrokerKind;
import dev.cdclake.infra.DeploymentSettings.Egress;
import dev.cdclake.infra.DeploymentSettings.OrchestratorKind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import software.amazon.awscdk.Fn;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.ec2.FlowLogDestination;
import software.amazon.awscdk.services.ec2.FlowLogOptions;
import software.amazon.awscdk.services.ec2.FlowLogTrafficType;
import software.amazon.awscdk.services.ec2.GatewayVpcEndpointAwsService;
import software.amazon.awscdk.services.ec2.GatewayVpcEndpointOptions;
import software.amazon.awscdk.services.ec2.ISecurityGroup;
import software.amazon.awscdk.services.ec2.IVpc;
import software.amazon.awscdk.services.ec2.InterfaceVpcEndpoint;
import software.amazon.awscdk.services.ec2.InterfaceVpcEndpointAwsService;
import software.amazon.awscdk.services.ec2.InterfaceVpcEndpointOptions;
import software.amazon.awscdk.services.ec2.IpAddresses;
import software.amazon.awscdk.services.ec2.Peer;
import software.amazon.awscdk.services.ec2.Port;
import software.amazon.awscdk.services.ec2.SecurityGroup;
import software.amazon.awscdk.services.ec2.SubnetConfiguration;
import software.amazon.awscdk.services.ec2.SubnetSelection;
import software.amazon.awscdk.services.ec2.SubnetType;
import software.amazon.awscdk.services.ec2.Vpc;
import software.amazon.awscdk.services.iam.AnyPrincipal;
import software.amazon.awscdk.services.iam.PolicyStatement;
import software.amazon.awscdk.services.kms.IKey;
import software.amazon.awscdk.services.logs.LogGroup;
import software.constructs.Construct;

/**
 * The network: subnets, who may talk to whom, and the key of logs and messages.
 *
 * <p>Databases and brokers have no way out. Nothing can be connected to from outside.
 */
final class NetworkStack extends Stack {

  /**
   * What the other stacks build upon.
   *
   * @param vpc the network
   * @param servers where containers run
   * @param jobs where jobs reach the network
   * @param data where databases and brokers are
   * @param groups who may talk to whom
   * @param key encrypts logs and messages
   */
  record Outputs(
      IVpc vpc,
      SubnetSelection servers,
      SubnetSelection jobs,
      SubnetSelection data,
      Groups groups,
      IKey key) {}

  /** One security group for each kind of part; the rules between them all stand below. */
  record Groups(
      ISecurityGroup source,
      ISecurityGroup rotation,
      ISecurityGroup broker,
      ISecurityGroup storage,
      ISecurityGroup connect,
      ISecurityGroup jobs,
      ISecurityGroup resnapshot,
      ISecurityGroup airflow) {}

  /** The network's addresses. */
  static final String ADDRESSES = "10.60.0.0/16";

  static final int MSK_IAM_PORT = 9098;
  static final int KAFKA_PORT = 9092;
  static final int CONNECT_PORT = 8083;
  private static final int HTTPS = 443;
  private static final int NFS = 2049;

  /**
   * Services that only roles of this account call: their endpoints let nobody else through.
   *
   * <p>The others stay open. Layers of images are fetched from a bucket of AWS with addresses that
   * AWS has signed, and what Airflow's containers call with a role of AWS no page says.
   */
  private static final Set<InterfaceVpcEndpointAwsService> OF_OUR_ROLES_ALONE =
      Set.of(InterfaceVpcEndpointAwsService.SECRETS_MANAGER, InterfaceVpcEndpointAwsService.GLUE);

  private final Line line;
  private final Outputs outputs;

  NetworkStack(Construct scope, Line line) {
    super(scope, "Network", line.stack("network", "Network and its rules"));
    this.line = line;
    IKey key = OperationsKey.create(this, line);
    Vpc vpc = vpc();
    flowLog(vpc, key);
    Groups groups = groups(vpc);
    rules(groups);
    endpoints(vpc, groups);
    boolean isPublic = line.settings().egress() == Egress.PUBLIC;
    this.outputs =
        new Outputs(
            vpc,
            subnets(isPublic ? "public" : "private"),
            subnets(isPublic ? "data" : "private"),
            subnets("data"),
            groups,
            key);
  }

  Outputs outputs() {
    return outputs;
  }

  private Vpc vpc() {
    List<SubnetConfiguration> subnets = new ArrayList<>();
    Egress egress = line.settings().egress();
    if (egress != Egress.ENDPOINTS) {
      subnets.add(subnet("public", SubnetType.PUBLIC));
    }
    if (egress == Egress.NAT) {
      subnets.add(subnet("private", SubnetType.PRIVATE_WITH_EGRESS));
    }
    if (egress == Egress.ENDPOINTS) {
      subnets.add(subnet("private", SubnetType.PRIVATE_ISOLATED));
    }
    subnets.add(subnet("data", SubnetType.PRIVATE_ISOLATED));
    return Vpc.Builder.create(this, "Vpc")
        .vpcName(line.pipeline().prefix())
        .ipAddresses(IpAddresses.cidr(ADDRESSES))
        .availabilityZones(zones())
        .natGateways(egress == Egress.NAT ? 1 : 0)
        .subnetConfiguration(subnets)
        .restrictDefaultSecurityGroup(true)
        .build();
  }

  /** By number and not by name: so nothing has to be looked up in an account. */
  private List<String> zones() {
    return IntStream.range(0, line.settings().zones())
        .mapToObj(zone -> Fn.select(zone, Fn.getAzs()))
        .toList();
  }

  private static SubnetConfiguration subnet(String name, SubnetType type) {
    SubnetConfiguration.Builder subnet =
        SubnetConfiguration.builder().name(name).subnetType(type).cidrMask(22);
    return type == SubnetType.PUBLIC ? subnet.mapPublicIpOnLaunch(false).build() : subnet.build();
  }

  private static SubnetSelection subnets(String name) {
    return SubnetSelection.builder().subnetGroupName(name).build();
  }

  private void flowLog(Vpc vpc, IKey key) {
    LogGroup group = Logs.group(this, "FlowLog", line, line.logGroup("flow"), key);
    vpc.addFlowLog(
        "Flow",
        FlowLogOptions.builder()
            .destination(FlowLogDestination.toCloudWatchLogs(group))
            .trafficType(FlowLogTrafficType.ALL)
            .build());
  }

  private Groups groups(Vpc vpc) {
    return new Groups(
        group(vpc, "Source", "The captured database", false),
        group(vpc, "Rotation", "What rotates the password of the database", true),
        group(vpc, "Broker", "Kafka", line.settings().broker().kind() == BrokerKind.FARGATE_KAFKA),
        group(vpc, "Storage", "Files of the Kafka node on Fargate", false),
        group(vpc, "Connect", "Kafka Connect and the registration of its connector", true),
        group(vpc, "Jobs", "Jobs of the lake", true),
        group(vpc, "Resnapshot", "The job that reads tables anew", true),
        group(vpc, "Airflow", "Managed Airflow", true));
  }

  private SecurityGroup group(Vpc vpc, String id, String description, boolean reachesOut) {
    return SecurityGroup.Builder.create(this, id + "Group")
        .vpc(vpc)
        .securityGroupName(line.name(id.toLowerCase(Locale.ROOT)))
        .description(description)
        .allowAllOutbound(reachesOut)
        .build();
  }

  /** In flow order: source, broker, Connect, jobs. */
  private void rules(Groups groups) {
    Port database = Port.tcp(line.settings().source().port());
    groups.source().addIngressRule(groups.connect(), database, "Connect reads the log");
    groups.source().addIngressRule(groups.jobs(), database, "Jobs compare rows");
    groups.source().addIngressRule(groups.resnapshot(), database, "Tables are read anew");
    groups.source().addIngressRule(groups.rotation(), database, "Passwords are changed");

    boolean msk = line.settings().broker().kind() == BrokerKind.MSK;
    Port kafka = Port.tcp(msk ? MSK_IAM_PORT : KAFKA_PORT);
    groups.broker().addIngressRule(groups.connect(), kafka, "Connect writes events");
    groups.broker().addIngressRule(groups.jobs(), kafka, "Jobs read events");
    groups.broker().addIngressRule(groups.resnapshot(), kafka, "Rows that are gone are ended");
    groups.storage().addIngressRule(groups.broker(), Port.tcp(NFS), "Files of the Kafka node");

    Port connect = Port.tcp(CONNECT_PORT);
    groups.connect().addIngressRule(groups.connect(), connect, "The connector is registered");
    groups.connect().addIngressRule(groups.resnapshot(), connect, "The connector begins anew");
    // https://docs.aws.amazon.com/glue/latest/dg/setup-vpc-for-glue-access.html
    for (ISecurityGroup jobs : List.of(groups.jobs(), groups.resnapshot())) {
      jobs.addIngressRule(jobs, Port.allTcp(), "Driver and executors of a job");
    }
    groups.airflow().addIngressRule(groups.airflow(), Port.allTraffic(), "Parts of Airflow");
    if (line.settings().orchestrator().kind() == OrchestratorKind.MWAA) {
      groups
          .airflow()
          .addIngressRule(Peer.ipv4(ADDRESSES), Port.tcp(HTTPS), "People see Airflow's pages");
    }
  }

  private void endpoints(Vpc vpc, Groups groups) {
    vpc.addGatewayEndpoint(
        "S3", GatewayVpcEndpointOptions.builder().service(GatewayVpcEndpointAwsService.S3).build());
    Map<String, InterfaceVpcEndpointAwsService> services = services();
    if (services.isEmpty()) {
      return;
    }
    SecurityGroup group = group(vpc, "Endpoints", "Endpoints of AWS", false);
    for (ISecurityGroup client :
        List.of(
            groups.connect(),
            groups.jobs(),
            groups.resnapshot(),
            groups.rotation(),
            groups.airflow())) {
      group.addIngressRule(client, Port.tcp(HTTPS), "Services of AWS");
    }
    boolean isPublic = line.settings().egress() == Egress.PUBLIC;
    services.forEach(
        (id, service) -> {
          InterfaceVpcEndpoint endpoint =
              vpc.addInterfaceEndpoint(
                  id,
                  InterfaceVpcEndpointOptions.builder()
                      .service(service)
                      .open(false)
                      .securityGroups(List.of(group))
                      .subnets(isPublic ? firstOf(vpc) : subnets("private"))
                      .build());
          if (OF_OUR_ROLES_ALONE.contains(service)) {
            endpoint.addToPolicy(ofThisAccount());
          }
        });
  }

  private PolicyStatement ofThisAccount() {
    return PolicyStatement.Builder.create()
        .principals(List.of(new AnyPrincipal()))
        .actions(List.of("*"))
        .resources(List.of("*"))
        .conditions(Map.of("StringEquals", Map.of("aws:PrincipalAccount", getAccount())))
        .build();
  }

  /** One zone is enough where nothing has to survive the loss of one. */
  private static SubnetSelection firstOf(Vpc vpc) {
    return SubnetSelection.builder().subnets(List.of(vpc.getIsolatedSubnets().get(0))).build();
  }

  /** What is called from subnets that have no other way out. */
  private Map<String, InterfaceVpcEndpointAwsService> services() {
    Map<String, InterfaceVpcEndpointAwsService> services = new LinkedHashMap<>();
    if (line.settings().egress() == Egress.NAT) {
      return services;
    }
    services.put("SecretsManager", InterfaceVpcEndpointAwsService.SECRETS_MANAGER);
    if (line.settings().egress() == Egress.PUBLIC) {
      return services;
    }
    services.put("EcrApi", InterfaceVpcEndpointAwsService.ECR);
    services.put("EcrDocker", InterfaceVpcEndpointAwsService.ECR_DOCKER);
    services.put("Logs", InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS);
    services.put("Monitoring", InterfaceVpcEndpointAwsService.CLOUDWATCH_MONITORING);
    services.put("Sts", InterfaceVpcEndpointAwsService.STS);
    services.put("Kms", InterfaceVpcEndpointAwsService.KMS);
    services.put("Glue", InterfaceVpcEndpointAwsService.GLUE);
    if (line.settings().orchestrator().kind() == OrchestratorKind.MWAA) {
      services.put("Sqs", InterfaceVpcEndpointAwsService.SQS);
      services.put("AirflowApi", InterfaceVpcEndpointAwsService.AIRFLOW_API);
      services.put("AirflowEnv", InterfaceVpcEndpointAwsService.AIRFLOW_ENV);
    }
    return services;
  }
}
