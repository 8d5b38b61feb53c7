/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import java.time.Duration;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.Optional;

/**
 * What one environment differs in from the others; read and checked by {@link DeploymentFile}.
 *
 * @param environment for example {@code dev}
 * @param region AWS region, for example {@code us-east-1}
 * @param zones availability zones that are used, 2 or 3
 * @param egress how servers and jobs reach AWS's own services
 * @param removal what {@code make destroy} does with data
 * @param isProtected whether CloudFormation refuses to delete the stacks, and RDS the database
 * @param logDays how long logs are kept, in days
 * @param source the database whose changes are captured
 * @param broker the Kafka that they travel through
 * @param connect size of the Connect worker
 * @param jobs the lake's jobs
 * @param query limits of Athena
 * @param orchestrator what starts the jobs
 * @param night when everything that can be stopped is stopped; empty for never
 * @param alerts who is told, and from when on
 */
public record DeploymentSettings(
    String environment,
    String region,
    int zones,
    Egress egress,
    Removal removal,
    boolean isProtected,
    int logDays,
    Source source,
    Broker broker,
    FargateSize connect,
    Jobs jobs,
    Query query,
    Orchestrator orchestrator,
    Optional<Night> night,
    Alerts alerts) {

  /** How servers and jobs reach AWS's own services. */
  public enum Egress {
    /** Servers have public addresses that nobody can connect to: no NAT, nearly no endpoints. */
    PUBLIC,
    /** Private subnets behind one NAT gateway. */
    NAT,
    /** Private subnets without a way out; an interface endpoint per service and zone. */
    ENDPOINTS
  }

  /** What becomes of data when an environment is destroyed. */
  public enum Removal {
    DESTROY,
    RETAIN
  }

  /** Where the captured database is. */
  public enum SourceKind {
    /** The demo's own PostgreSQL on RDS. */
    RDS,
    /** A PostgreSQL that exists. */
    EXTERNAL
  }

  /**
   * The database whose changes are captured.
   *
   * @param kind where it is
   * @param instance RDS's instance class without {@code db.}
   * @param storageGb gibibytes
   * @param copies 1, or 2 for a standby in another zone
   * @param backupDays how far back it can be restored
   * @param host of an external server
   * @param port of an external server
   * @param secret ARN of an external server's secret: JSON with {@code username} and {@code
   *     password}
   */
  public record Source(
      SourceKind kind,
      String instance,
      int storageGb,
      int copies,
      int backupDays,
      String host,
      int port,
      String secret) {}

  /** What Kafka is. */
  public enum BrokerKind {
    MSK,
    /** One KRaft node on Fargate: can be stopped, has no copies. */
    FARGATE_KAFKA,
    /** A Kafka that exists. */
    EXTERNAL
  }

  /**
   * The Kafka that changes travel through.
   *
   * @param kind what it is
   * @param instance MSK's broker type
   * @param brokers how many of them
   * @param storageGb gibibytes of each
   * @param version MSK's version text
   * @param size of the node on Fargate
   * @param bootstrap {@code host:port} of an external Kafka, several joined by commas
   */
  public record Broker(
      BrokerKind kind,
      String instance,
      int brokers,
      int storageGb,
      String version,
      FargateSize size,
      String bootstrap) {

    /** Copies of a partition: one a broker, at most three. */
    int copies() {
      return Math.min(3, brokers);
    }
  }

  /**
   * Size of a container.
   *
   * @param cpu in 1/1024 of a vCPU
   * @param memoryMb mebibytes
   */
  public record FargateSize(int cpu, int memoryMb) {}

  /** How bronze and silver run. */
  public enum Form {
    /** Over what is there, again and again. */
    BATCH,
    /** One job that never ends. */
    STREAM
  }

  /**
   * The lake's jobs.
   *
   * @param form how bronze and silver run
   * @param every time from one run to the next of all that does not stream
   * @param worker Glue's worker type
   * @param workers most workers of a job
   * @param flex whether runs may wait for cheaper capacity
   * @param glueVersion for example {@code 6.0}
   * @param scalaVersion Scala's binary version that the job jar was built for
   */
  public record Jobs(
      Form form,
      Duration every,
      String worker,
      int workers,
      boolean flex,
      String glueVersion,
      String scalaVersion) {}

  /**
   * Limits of Athena.
   *
   * @param scanLimitGb gibibytes that one query may read
   */
  public record Query(int scanLimitGb) {}

  /** What starts the jobs. */
  public enum OrchestratorKind {
    /** Managed Airflow. */
    MWAA,
    /** EventBridge Scheduler and Step Functions. */
    SCHEDULER
  }

  /**
   * What starts the jobs.
   *
   * @param kind Airflow or the scheduler
   * @param airflowClass MWAA's size
   * @param airflowVersion MWAA's version
   */
  public record Orchestrator(OrchestratorKind kind, String airflowClass, String airflowVersion) {

    /** Most workers: MWAA's smallest class has one, which is the scheduler too, and no more. */
    int mostWorkers() {
      return airflowClass.equals("mw1.micro") ? 1 : 2;
    }
  }

  /**
   * When everything that can be stopped is stopped.
   *
   * @param stop in the evening
   * @param start in the morning, on working days
   * @param zone where these times hold
   */
  public record Night(LocalTime stop, LocalTime start, ZoneId zone) {}

  /**
   * Who is told, and from when on.
   *
   * @param email address of the topic's subscription and of the budget
   * @param slack channel, if any
   * @param budgetUsd US dollars a month
   * @param behind how old the newest change in silver may be
   */
  public record Alerts(String email, Optional<Slack> slack, int budgetUsd, Duration behind) {}

  /**
   * A Slack channel.
   *
   * @param workspace its id, begins with T
   * @param channel its id, begins with C
   */
  public record Slack(String workspace, String channel) {}

  /** Whether data outlives the environment. */
  boolean isDurable() {
    return removal == Removal.RETAIN;
  }
}
