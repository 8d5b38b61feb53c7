/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local.servers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.UUID;

/**
 * One Kafka broker that is its own KRaft controller, reachable from this machine only. Its topics
 * outlive it.
 */
public final class KafkaServer extends JavaServer {

  /** A change event holds a row twice; rows of several megabytes are legal. */
  private final Installation installation;

  private final int port;
  private final int controllerPort;
  private final int largestMessage;
  private final String memory;

  /**
   * Describes the broker.
   *
   * @param state folder of the line's data, logs and process-id files
   * @param largestMessage in bytes
   * @param memory largest heap, in the words of {@code -Xmx}
   */
  public KafkaServer(
      Installation installation,
      Path state,
      int port,
      int controllerPort,
      int largestMessage,
      String memory) {
    super(state, "kafka");
    this.installation = installation;
    this.port = port;
    this.controllerPort = controllerPort;
    this.largestMessage = largestMessage;
    this.memory = memory;
  }

  @Override
  public String name() {
    return "Kafka";
  }

  @Override
  public List<Port> ports() {
    return List.of(new Port(port, "kafka"), new Port(controllerPort, "controller"));
  }

  @Override
  public Duration patience() {
    return Duration.ofSeconds(90);
  }

  @Override
  public synchronized void start() {
    Path properties = writeProperties();
    if (!Files.exists(data().resolve("meta.properties"))) {
      format(properties);
    }
    super.start();
  }

  /** The broker opens its listener only after the controller let it in. */
  @Override
  public boolean isHealthy() {
    return isAlive() && TakenPorts.answers(port);
  }

  @Override
  List<String> javaArguments() {
    List<String> arguments = flags();
    arguments.add("kafka.Kafka");
    arguments.add(propertiesFile().toString());
    return arguments;
  }

  private List<String> flags() {
    return new ArrayList<>(
        List.of(
            "-Xmx" + memory,
            "-XX:+UseSerialGC",
            "-Dlog4j2.configurationFile=" + installation.serversLogging(),
            "-Dkafka.logs.dir=" + folder("logs"),
            "-cp",
            installation.serversClassPath()));
  }

  private void format(Path properties) {
    List<String> command = new ArrayList<>();
    command.add(Installation.java().toString());
    command.addAll(flags());
    command.addAll(
        List.of(
            "kafka.tools.StorageTool",
            "format",
            "--ignore-formatted",
            "--cluster-id",
            clusterId(),
            "--config",
            properties.toString()));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()));
    try {
      if (builder.start().waitFor() != 0) {
        throw new ServerException(
            "Cannot prepare Kafka's storage %s: the format failed. Its last lines in %s:%n  %s"
                .formatted(
                    data(),
                    log(),
                    String.join(System.lineSeparator() + "  ", Installation.lastLines(log(), 10))));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ServerException("Cannot prepare Kafka's storage: interrupted.", e);
    }
  }

  /** Returns the id that the storage is formatted with, made up once. */
  private String clusterId() {
    Path file = folder("kafka").resolve("cluster-id");
    try {
      if (!Files.exists(file)) {
        Files.writeString(file, newClusterId());
      }
      return Files.readString(file).strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String newClusterId() {
    UUID uuid = UUID.randomUUID();
    byte[] bytes =
        ByteBuffer.allocate(16)
            .putLong(uuid.getMostSignificantBits())
            .putLong(uuid.getLeastSignificantBits())
            .array();
    String id = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    // An id that begins with a dash would read as an option.
    return id.startsWith("-") ? newClusterId() : id;
  }

  private Path writeProperties() {
    try {
      return Files.writeString(propertiesFile(), properties());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String properties() {
    return """
        process.roles=broker,controller
        node.id=1
        controller.quorum.voters=1@localhost:%2$d
        controller.listener.names=CONTROLLER
        listeners=PLAINTEXT://localhost:%1$d,CONTROLLER://localhost:%2$d
        advertised.listeners=PLAINTEXT://localhost:%1$d
        listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
        log.dirs=%3$s
        auto.create.topics.enable=false
        message.max.bytes=%4$d
        replica.fetch.max.bytes=%4$d
        # What waits here to be read must outlast a holiday of this machine.
        log.retention.hours=720
        # One broker, one copy.
        default.replication.factor=1
        min.insync.replicas=1
        offsets.topic.replication.factor=1
        offsets.topic.num.partitions=5
        transaction.state.log.replication.factor=1
        transaction.state.log.min.isr=1
        transaction.state.log.num.partitions=5
        share.coordinator.state.topic.replication.factor=1
        share.coordinator.state.topic.min.isr=1
        # Nobody else joins: no waiting, few threads, small buffers.
        group.initial.rebalance.delay.ms=0
        num.network.threads=2
        num.io.threads=4
        background.threads=2
        # A broker that was killed may come back this soon.
        broker.session.timeout.ms=4000
        broker.heartbeat.interval.ms=1000
        # What a killed producer left open is looked for this often, not every ten seconds.
        transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
        log.cleaner.dedupe.buffer.size=16777216
        """
        .formatted(port, controllerPort, data(), largestMessage);
  }

  private Path propertiesFile() {
    return folder("kafka").resolve("server.properties");
  }

  private Path data() {
    return folder("kafka").resolve("data");
  }
}
