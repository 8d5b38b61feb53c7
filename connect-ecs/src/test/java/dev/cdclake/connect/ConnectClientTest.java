/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.connect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ConnectClientTest {

  private static final String CONFIG = "/connectors/shop/config";
  private static final String STATUS = "GET /connectors/shop/status";

  private RecordedConnect connect;

  @BeforeEach
  void start() throws IOException {
    connect = new RecordedConnect();
  }

  @AfterEach
  void stop() {
    connect.close();
  }

  @Test
  void newConnectorIsRegistered() {
    connect.on("PUT " + CONFIG, 201, "{}");

    assertThat(connect.client().register("shop", Map.of("tasks.max", "1"))).isTrue();
  }

  @Test
  void unchangedConfigurationIsNotSentAgain() {
    connect.on("GET " + CONFIG, 200, "{\"name\":\"shop\",\"tasks.max\":\"1\"}");

    assertThat(connect.client().register("shop", Map.of("tasks.max", "1"))).isFalse();
    assertThat(connect.requests()).containsExactly("GET " + CONFIG);
  }

  @Test
  void changedConfigurationIsSent() {
    connect
        .on("GET " + CONFIG, 200, "{\"name\":\"shop\",\"tasks.max\":\"1\",\"gone\":\"x\"}")
        .on("PUT " + CONFIG, 200, "{}");

    assertThat(connect.client().register("shop", Map.of("tasks.max", "1"))).isTrue();
  }

  @Test
  void rebalancingWorkerIsAskedAgain() {
    connect
        .on("PUT " + CONFIG, 409, "{\"error_code\":409,\"message\":\"rebalance expected\"}")
        .on("PUT " + CONFIG, 201, "{}");

    assertThat(connect.client().register("shop", Map.of())).isTrue();
  }

  @Test
  void refusedConfigurationIsExplained() {
    connect.on(
        "PUT " + CONFIG,
        400,
        "{\"error_code\":400,\"message\":\"Connector configuration is invalid: slot.name\"}");

    assertThatThrownBy(() -> connect.client().register("shop", Map.of()))
        .isInstanceOf(CaptureException.class)
        .hasMessageMatching(
            "Cannot register connector 'shop': Kafka Connect at http://\\S+ answered 400,"
                + " 'Connector configuration is invalid: slot.name' \\(expected success\\). See the"
                + " worker's log.");
  }

  @Test
  void waitsUntilConnectorAndTasksRun() {
    connect
        .on(STATUS, 404, "{}")
        .on(STATUS, 200, status("RUNNING", ""))
        .on(STATUS, 200, status("RUNNING", "{\"id\":0,\"state\":\"UNASSIGNED\"}"))
        .on(STATUS, 200, status("RUNNING", "{\"id\":0,\"state\":\"RUNNING\"}"));

    assertThat(connect.client().waitUntilRunning("shop", Duration.ofSeconds(10)).isRunning())
        .isTrue();
  }

  @Test
  void failedTaskEndsTheWaitWithItsRootCause() {
    connect.on(
        STATUS,
        200,
        status(
            "RUNNING",
            "{\"id\":0,\"state\":\"FAILED\",\"trace\":\"a.B: outer\\n\\tat a.B\\nCaused by: c.D:"
                + " slot is active\\n\\tat c.D\"}"));

    assertThatThrownBy(() -> connect.client().waitUntilRunning("shop", Duration.ofSeconds(10)))
        .isInstanceOf(CaptureException.class)
        .hasMessage(
            "Cannot run connector 'shop': c.D: slot is active (expected it to run). Run './cdclake"
                + " doctor', put right what it names, then restart the failed tasks.");
  }

  @Test
  void connectorThatDoesNotStartInTimeIsReported() {
    connect.on(STATUS, 200, status("UNASSIGNED", ""));

    assertThatThrownBy(() -> connect.client().waitUntilRunning("shop", Duration.ZERO))
        .isInstanceOf(CaptureException.class)
        .hasMessageStartingWith(
            "Cannot run connector 'shop': connector UNASSIGNED, tasks [] after 0 s (expected it to"
                + " run).");
  }

  @Test
  void onlyFailedTasksAreRestarted() {
    String restart = "POST /connectors/shop/restart?includeTasks=true&onlyFailed=true";
    connect.on(restart, 202, "{}");

    connect.client().restartFailedTasks("shop");

    assertThat(connect.requests()).containsExactly(restart);
  }

  @Test
  void deletingTwiceIsHarmless() {
    connect.on("DELETE /connectors/shop", 204, "").on("DELETE /connectors/shop", 404, "{}");

    assertThat(connect.client().delete("shop")).isTrue();
    assertThat(connect.client().delete("shop")).isFalse();
  }

  @Test
  void workerThatAnswersIsHealthy() {
    connect.on("GET /health", 503, "{}").on("GET /health", 200, "{}");

    assertThat(connect.client().isHealthy()).isFalse();
    assertThat(connect.client().isHealthy()).isTrue();
  }

  @Test
  void unreachableWorkerIsNamed() {
    ConnectClient client = new ConnectClient("http://127.0.0.1:1");

    assertThat(client.isHealthy()).isFalse();
    assertThatThrownBy(() -> client.status("shop"))
        .isInstanceOf(CaptureException.class)
        .hasMessage(
            "Cannot reach Kafka Connect at http://127.0.0.1:1: ConnectException (expected its REST"
                + " interface). Check that the worker runs, and kafka.connect in the pipeline"
                + " file.");
  }

  private static String status(String connector, String task) {
    return "{\"name\":\"shop\",\"connector\":{\"state\":\"%s\"},\"tasks\":[%s]}"
        .formatted(connector, task);
  }
}
