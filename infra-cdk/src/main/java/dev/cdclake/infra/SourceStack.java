/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import dev.cdclake.contract.Mask;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.infra.DeploymentSettings.Source;
import dev.cdclake.infra.DeploymentSettings.SourceKind;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.RemovalPolicy;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.ec2.ISecurityGroup;
import software.amazon.awscdk.services.ec2.InstanceType;
import software.amazon.awscdk.services.ec2.SecurityGroup;
import software.amazon.awscdk.services.ec2.SecurityGroupImportOptions;
import software.amazon.awscdk.services.kms.IKey;
import software.amazon.awscdk.services.kms.Key;
import software.amazon.awscdk.services.logs.LogGroup;
import software.amazon.awscdk.services.rds.Credentials;
import software.amazon.awscdk.services.rds.CredentialsBaseOptions;
import software.amazon.awscdk.services.rds.DatabaseInstance;
import software.amazon.awscdk.services.rds.DatabaseInstanceEngine;
import software.amazon.awscdk.services.rds.IInstanceEngine;
import software.amazon.awscdk.services.rds.ParameterGroup;
import software.amazon.awscdk.services.rds.PostgresEngineVersion;
import software.amazon.awscdk.services.rds.PostgresInstanceEngineProps;
import software.amazon.awscdk.services.rds.RotationSingleUserOptions;
import software.amazon.awscdk.services.rds.StorageType;
import software.amazon.awscdk.services.secretsmanager.ISecret;
import software.amazon.awscdk.services.secretsmanager.Secret;
import software.amazon.awscdk.services.secretsmanager.SecretStringGenerator;
import software.constructs.Construct;

/**
 * The captured database, or where to find it, and the secrets of the line.
 *
 * <p>The demo's own PostgreSQL writes its log in the form that is captured, and stops keeping it
 * for a connector that is away before its disk is full.
 */
final class SourceStack extends Stack {

  /**
   * Where changes come from.
   *
   * @param host of the server
   * @param port of the server
   * @param credentials JSON with {@code username} and {@code password}
   * @param others salts of masks and secrets of Kafka, by the variables that the pipeline file
   *     names
   * @param key encrypts these and our own server's credentials
   * @param instance identifier of our own server
   */
  record Outputs(
      String host,
      int port,
      ISecret credentials,
      Map<String, ISecret> others,
      IKey key,
      Optional<String> instance) {}

  /** Share of the disk that the log may take before a slot that lags is given up. */
  private static final int LOG_SHARE = 2;

  private final Outputs outputs;

  SourceStack(Construct scope, Line line, NetworkStack.Outputs network) {
    super(scope, "Source", line.stack("source", "The captured database"));
    Key key =
        Key.Builder.create(this, "Key")
            .alias(line.name("source"))
            .description("Database and secrets of " + line.pipeline().prefix())
            .enableKeyRotation(true)
            .removalPolicy(line.removal())
            .build();
    Map<String, ISecret> others = others(line, key);
    Source source = line.settings().source();
    if (source.kind() == SourceKind.EXTERNAL) {
      ISecret credentials = Secret.fromSecretCompleteArn(this, "Credentials", source.secret());
      this.outputs =
          new Outputs(source.host(), source.port(), credentials, others, key, Optional.empty());
      return;
    }
    DatabaseInstance database = database(line, network, key);
    rotate(database, network);
    this.outputs =
        new Outputs(
            database.getDbInstanceEndpointAddress(),
            source.port(),
            reference("Credentials", database.getSecret()),
            others,
            key,
            Optional.of(database.getInstanceIdentifier()));
  }

  Outputs outputs() {
    return outputs;
  }

  private DatabaseInstance database(Line line, NetworkStack.Outputs network, Key key) {
    Source source = line.settings().source();
    String name = line.name("source");
    LogGroup log =
        Logs.group(
            this, "Log", line, "/aws/rds/instance/%s/postgresql".formatted(name), network.key());
    IInstanceEngine engine =
        DatabaseInstanceEngine.postgres(
            PostgresInstanceEngineProps.builder().version(PostgresEngineVersion.VER_17).build());
    DatabaseInstance database =
        DatabaseInstance.Builder.create(this, "Database")
            .instanceIdentifier(name)
            .engine(engine)
            .instanceType(new InstanceType(source.instance()))
            .parameterGroup(parameters(engine, source))
            .databaseName(line.pipeline().source().database())
            .credentials(
                Credentials.fromGeneratedSecret(
                    line.pipeline().source().user(),
                    CredentialsBaseOptions.builder()
                        .secretName(line.name("source"))
                        .encryptionKey(key)
                        .build()))
            .vpc(network.vpc())
            .vpcSubnets(network.data())
            .securityGroups(List.of(group(network)))
            .port(source.port())
            .publiclyAccessible(false)
            .iamAuthentication(true)
            .multiAz(source.copies() > 1)
            .allocatedStorage(source.storageGb())
            .maxAllocatedStorage(source.storageGb() * 4)
            .storageType(StorageType.GP3)
            .storageEncrypted(true)
            .storageEncryptionKey(key)
            .backupRetention(Duration.days(source.backupDays()))
            .deleteAutomatedBackups(!line.settings().isDurable())
            .copyTagsToSnapshot(true)
            .autoMinorVersionUpgrade(true)
            .cloudwatchLogsExports(List.of("postgresql"))
            .deletionProtection(line.settings().isProtected())
            .removalPolicy(
                line.settings().isDurable() ? RemovalPolicy.SNAPSHOT : RemovalPolicy.DESTROY)
            .build();
    database.getNode().addDependency(log);
    if (!line.settings().isProtected()) {
      Reasons.accept(
          database,
          "RDS10",
          "This environment's settings take protection off: it may be deleted at any time, or is"
              + " about to be.");
    }
    if (source.copies() == 1) {
      Reasons.accept(
          database,
          "RDS3",
          "This environment's settings ask for one copy: a zone that fails takes the source along,"
              + " until it is back or a backup is restored.");
    }
    return database;
  }

  /** The network's stack holds all rules: the database's own would point back from there. */
  private ISecurityGroup group(NetworkStack.Outputs network) {
    return SecurityGroup.fromSecurityGroupId(
        this,
        "Group",
        network.groups().source().getSecurityGroupId(),
        SecurityGroupImportOptions.builder().mutable(false).build());
  }

  /**
   * The log in logical form, bounded, and TLS only.
   *
   * @see <a
   *     href="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.FeatureSupport.LogicalReplication.html">Logical
   *     replication for RDS</a>
   */
  private ParameterGroup parameters(IInstanceEngine engine, Source source) {
    return ParameterGroup.Builder.create(this, "Parameters")
        .engine(engine)
        .description("Logical replication, bounded")
        .parameters(
            Map.of(
                "rds.logical_replication",
                "1",
                "rds.force_ssl",
                "1",
                "max_slot_wal_keep_size",
                String.valueOf(source.storageGb() * 1024 / LOG_SHARE)))
        .build();
  }

  private static void rotate(DatabaseInstance database, NetworkStack.Outputs network) {
    database.addRotationSingleUser(
        RotationSingleUserOptions.builder()
            .automaticallyAfter(Duration.days(30))
            .rotateImmediatelyOnUpdate(false)
            .securityGroup(network.groups().rotation())
            .vpcSubnets(network.jobs())
            .build());
  }

  /** One secret for every variable that the pipeline file names, besides the password. */
  private Map<String, ISecret> others(Line line, Key key) {
    Map<String, ISecret> others = new LinkedHashMap<>();
    for (SourceTable table : line.pipeline().tables()) {
      for (Mask mask : table.masks()) {
        if (mask.kind() == Mask.Kind.HASH) {
          others.computeIfAbsent(mask.salt().variable(), variable -> salt(line, key, variable));
        }
      }
    }
    for (String value : line.pipeline().kafka().properties().values()) {
      for (dev.cdclake.contract.Secret named : dev.cdclake.contract.Secret.namedIn(value)) {
        others.computeIfAbsent(named.variable(), variable -> ofKafka(line, key, variable));
      }
    }
    return others;
  }

  private ISecret salt(Line line, Key key, String variable) {
    Secret salt = secret(line, key, variable, "Key of the hashes of masked columns");
    Reasons.accept(salt, "SMG4", "Another salt would hash the same value to something else.");
    return reference("Reference-" + variable, salt);
  }

  private ISecret ofKafka(Line line, Key key, String variable) {
    Secret secret = secret(line, key, variable, "Of a Kafka that is not ours: put it in by hand");
    Reasons.accept(secret, "SMG4", "Who runs that Kafka rotates it.");
    return reference("Reference-" + variable, secret);
  }

  private Secret secret(Line line, Key key, String variable, String description) {
    return Secret.Builder.create(this, variable)
        .secretName(line.name(variable))
        .description(description)
        .encryptionKey(key)
        .generateSecretString(
            SecretStringGenerator.builder().passwordLength(64).excludePunctuation(true).build())
        .removalPolicy(line.removal())
        .build();
  }

  /**
   * Readers are later stacks: they are given rights in their own roles, not in the key's policy.
   */
  private ISecret reference(String id, ISecret secret) {
    return Secret.fromSecretCompleteArn(this, id, secret.getSecretArn());
  }
}
