/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.connect;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Speaks to a Connect worker over its REST interface.
 *
 * <p>In come a connector's name and configuration; out comes its state. Every call can be repeated:
 * a configuration that has not changed is not sent again, so nothing restarts.
 *
 * @see <a href="https://kafka.apache.org/documentation/#connect_rest">Connect's REST interface</a>
 */
public final class ConnectClient {

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration POLL_INTERVAL = Duration.ofMillis(250);

  /** The worker answers so while it hands connectors around; the same request works soon after. */
  private static final int REBALANCING = 409;

  private static final int NOT_FOUND = 404;

  // Directly, as the brokers: the proxy that a process may have leads to services of AWS alone.
  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(PATIENCE).proxy(HttpClient.Builder.NO_PROXY).build();
  private final ObjectMapper json = new ObjectMapper();
  private final String address;

  /**
   * Creates a client; nothing is sent yet.
   *
   * @param address of the worker's REST interface, for example {@code http://localhost:18083}
   */
  public ConnectClient(String address) {
    this.address = address.endsWith("/") ? address.substring(0, address.length() - 1) : address;
  }

  /** Returns whether the worker answers and has joined its group. */
  public boolean isHealthy() {
    try {
      HttpResponse<String> response =
          http.send(request("/health").GET().build(), BodyHandlers.ofString());
      // Workers before Kafka 3.9 have no such page, but answer the connectors' list once joined.
      return response.statusCode() == NOT_FOUND
          ? http.send(request("/connectors").GET().build(), BodyHandlers.ofString()).statusCode()
              == 200
          : response.statusCode() == 200;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  /**
   * Makes the worker run a connector with this configuration.
   *
   * @return whether anything changed
   * @throws CaptureException when the worker refuses the configuration
   */
  public boolean register(String name, Map<String, String> config) {
    Map<String, String> wanted = new HashMap<>(config);
    wanted.put("name", name);
    Optional<JsonNode> present = find(connector(name) + "/config");
    if (present.isPresent() && wanted.equals(texts(present.get()))) {
      return false;
    }
    HttpResponse<String> response =
        send(
            request(connector(name) + "/config")
                .header("Content-Type", "application/json")
                .PUT(BodyPublishers.ofString(write(config)))
                .build());
    if (response.statusCode() != 200 && response.statusCode() != 201) {
      throw refused("register connector '" + name + "'", response);
    }
    return true;
  }

  /** Returns the connector's state; empty when the worker does not know it. */
  public Optional<ConnectorStatus> status(String name) {
    return find(connector(name) + "/status").map(ConnectClient::status);
  }

  /**
   * Waits until the connector and all its tasks run.
   *
   * @throws CaptureException when one of them fails, or does not run in time
   */
  public ConnectorStatus waitUntilRunning(String name, Duration timeout) {
    long deadline = System.nanoTime() + timeout.toNanos();
    Optional<ConnectorStatus> status = status(name);
    while (status.isEmpty() || !status.get().isRunning()) {
      if (status.isPresent() && status.get().isFailed()) {
        throw new CaptureException(
            ("Cannot run connector '%s': %s (expected it to run). Run './cdclake doctor',"
                    + " put right what it names, then restart the failed tasks.")
                .formatted(name, status.get().rootCause()));
      }
      if (System.nanoTime() >= deadline) {
        throw new CaptureException(
            ("Cannot run connector '%s': %s after %d s (expected it to run). See the"
                    + " worker's log; creating the replication slot waits for open transactions of"
                    + " the source.")
                .formatted(
                    name,
                    status.map(ConnectorStatus::toString).orElse("unknown to the worker"),
                    timeout.toSeconds()));
      }
      sleep();
      status = status(name);
    }
    return status.get();
  }

  /** Restarts whatever of the connector has failed, and nothing else. */
  public void restartFailedTasks(String name) {
    HttpResponse<String> response =
        send(
            request(connector(name) + "/restart?includeTasks=true&onlyFailed=true")
                .POST(BodyPublishers.noBody())
                .build());
    if (response.statusCode() / 100 != 2) {
      throw refused("restart connector '" + name + "'", response);
    }
  }

  /** Returns the connector's configuration; empty when the worker does not know it. */
  public Optional<Map<String, String>> config(String name) {
    return find(connector(name) + "/config").map(ConnectClient::texts);
  }

  /**
   * Returns the position in the source's log up to which the connector has captured; empty when the
   * worker has no offset of it.
   */
  public Optional<Long> capturedLsn(String name) {
    return find(connector(name) + "/offsets")
        .map(answer -> answer.path("offsets").path(0).path("offset").path("lsn"))
        .filter(JsonNode::isNumber)
        .map(JsonNode::asLong);
  }

  /** Stops the connector and its tasks; it stays stopped, its configuration and offsets stay. */
  public void stop(String name) {
    put(name, "stop");
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (status(name).filter(status -> !status.isStopped()).isPresent()) {
      if (System.nanoTime() >= deadline) {
        throw new CaptureException(
            "Cannot stop connector '%s': %s after %d s (expected STOPPED). See the worker's log."
                .formatted(name, status(name).orElseThrow(), PATIENCE.toSeconds()));
      }
      sleep();
    }
  }

  /** Lets a stopped connector run again. */
  public void resume(String name) {
    put(name, "resume");
  }

  /** Forgets how far a stopped connector has captured: it will begin with a snapshot. */
  public void deleteOffsets(String name) {
    HttpResponse<String> response = send(request(connector(name) + "/offsets").DELETE().build());
    if (response.statusCode() / 100 != 2) {
      throw refused("forget the offsets of connector '" + name + "'", response);
    }
  }

  private void put(String name, String action) {
    HttpResponse<String> response =
        send(request(connector(name) + "/" + action).PUT(BodyPublishers.noBody()).build());
    if (response.statusCode() / 100 != 2) {
      throw refused(action + " connector '" + name + "'", response);
    }
  }

  /**
   * Deletes the connector; its offsets and its replication slot stay.
   *
   * @return whether there was one
   */
  public boolean delete(String name) {
    HttpResponse<String> response = send(request(connector(name)).DELETE().build());
    if (response.statusCode() / 100 != 2 && response.statusCode() != NOT_FOUND) {
      throw refused("delete connector '" + name + "'", response);
    }
    return response.statusCode() != NOT_FOUND;
  }

  private Optional<JsonNode> find(String path) {
    HttpResponse<String> response = send(request(path).GET().build());
    if (response.statusCode() == NOT_FOUND) {
      return Optional.empty();
    }
    if (response.statusCode() != 200) {
      throw refused("read " + path, response);
    }
    return Optional.of(parse(response.body()));
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(address + path)).timeout(PATIENCE);
  }

  /** Sends a request, and sends it again while the worker is rebalancing. */
  private HttpResponse<String> send(HttpRequest request) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    try {
      HttpResponse<String> response = http.send(request, BodyHandlers.ofString());
      while (response.statusCode() == REBALANCING && System.nanoTime() < deadline) {
        sleep();
        response = http.send(request, BodyHandlers.ofString());
      }
      return response;
    } catch (IOException e) {
      throw new CaptureException(
          ("Cannot reach Kafka Connect at %s: %s (expected its REST interface). Check"
                  + " that the worker runs, and kafka.connect in the pipeline file.")
              .formatted(address, e.getClass().getSimpleName()),
          e);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private CaptureException refused(String what, HttpResponse<String> response) {
    String message = response.body();
    try {
      message = json.readTree(message).path("message").asText(message);
    } catch (JsonProcessingException e) {
      // Not Connect's own form, for example a proxy's page: shown as it is.
    }
    return new CaptureException(
        "Cannot %s: Kafka Connect at %s answered %d, '%s' (expected success). See the worker's log."
            .formatted(what, address, response.statusCode(), message.strip()));
  }

  private static ConnectorStatus status(JsonNode body) {
    List<ConnectorStatus.Task> tasks = new ArrayList<>();
    for (JsonNode task : body.path("tasks")) {
      tasks.add(
          new ConnectorStatus.Task(
              task.path("id").asInt(), task.path("state").asText(), task.path("trace").asText("")));
    }
    JsonNode connector = body.path("connector");
    return new ConnectorStatus(
        connector.path("state").asText(), tasks, connector.path("trace").asText(""));
  }

  private static Map<String, String> texts(JsonNode object) {
    Map<String, String> texts = new HashMap<>();
    object.properties().forEach(field -> texts.put(field.getKey(), field.getValue().asText()));
    return texts;
  }

  private JsonNode parse(String body) {
    try {
      return json.readTree(body);
    } catch (JsonProcessingException e) {
      throw new CaptureException(
          ("Cannot read the answer of %s: it is not JSON (expected Kafka Connect's REST"
                  + " interface). Check kafka.connect in the pipeline file.")
              .formatted(address),
          e);
    }
  }

  private String write(Map<String, String> config) {
    try {
      return json.writeValueAsString(config);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("Cannot write a map of texts as JSON.", e);
    }
  }

  private static String connector(String name) {
    return "/connectors/" + URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
  }

  private static void sleep() {
    try {
      Thread.sleep(POLL_INTERVAL.toMillis());
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private static CaptureException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new CaptureException("Cannot wait for Kafka Connect: the wait was interrupted.", e);
  }
}
