/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local.servers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** One Kafka Connect worker with Debezium on its class path. Its connectors outlive it. */
public final class ConnectServer extends JavaServer {

  private final Installation installation;
  private final int port;
  private final Map<String, String> properties;
  private final Map<String, String> environment;
  private final String memory;
  private final HttpClient client =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();

  /**
   * Describes the worker.
   *
   * @param state folder of the line's logs and process-id files
   * @param properties the worker's settings
   * @param environment what the worker finds in its environment, above all passwords
   * @param memory largest heap, in the words of {@code -Xmx}
   */
  public ConnectServer(
      Installation installation,
      Path state,
      int port,
      Map<String, String> properties,
      Map<String, String> environment,
      String memory) {
    super(state, "connect");
    this.installation = installation;
    this.port = port;
    this.properties = Map.copyOf(properties);
    this.environment = Map.copyOf(environment);
    this.memory = memory;
  }

  @Override
  public String name() {
    return "Connect";
  }

  @Override
  public List<Port> ports() {
    return List.of(new Port(port, "connect"));
  }

  @Override
  public Duration patience() {
    return Duration.ofSeconds(90);
  }

  @Override
  public synchronized void start() {
    writeProperties();
    super.start();
  }

  /**
   * The worker calls itself healthy once it has read its own topics and joined its group. Lists of
   * connectors it answers before that, and then it may wait for ever if the broker goes: one that
   * does not get healthy is started again.
   */
  @Override
  public boolean isHealthy() {
    URI health = URI.create("http://localhost:%d/health".formatted(port));
    try {
      HttpRequest request = HttpRequest.newBuilder(health).timeout(Duration.ofSeconds(5)).build();
      return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  @Override
  Map<String, String> environment() {
    return environment;
  }

  @Override
  List<String> javaArguments() {
    return List.of(
        "-Xmx" + memory,
        "-XX:+UseSerialGC",
        // Texts of times with a zone are in the zone of the worker.
        "-Duser.timezone=UTC",
        "-Dlog4j2.configurationFile=" + installation.serversLogging(),
        "-cp",
        installation.serversClassPath(),
        "org.apache.kafka.connect.cli.ConnectDistributed",
        propertiesFile().toString());
  }

  private void writeProperties() {
    List<String> lines =
        new TreeMap<>(properties)
            .entrySet().stream().map(entry -> entry.getKey() + "=" + entry.getValue()).toList();
    try {
      Files.write(propertiesFile(), lines);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path propertiesFile() {
    return folder("connect").resolve("worker.properties");
  }
}
