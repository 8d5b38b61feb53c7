/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local.servers;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TakenPortsTest {

  @TempDir private Path state;

  @Test
  void everyTakenPortIsNamedAtOnce() throws IOException {
    try (ServerSocket loopback = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        ServerSocket everywhere = new ServerSocket(0)) {
      List<Server> servers =
          List.of(
              postgres(freePort()),
              kafka(loopback.getLocalPort(), freePort()),
              connect(everywhere.getLocalPort()));

      assertThatThrownBy(() -> TakenPorts.refuse(servers, "local"))
          .isInstanceOf(ServerException.class)
          .hasMessage(
              String.join(
                  System.lineSeparator(),
                  taken("Kafka", loopback.getLocalPort(), "kafka"),
                  taken("Connect", everywhere.getLocalPort(), "connect")));
    }
  }

  @Test
  void freePortsAreNoProblem() throws IOException {
    List<Server> servers = List.of(kafka(freePort(), freePort()), connect(freePort()));

    assertThatCode(() -> TakenPorts.refuse(servers, "local")).doesNotThrowAnyException();
  }

  private static String taken(String server, int port, String setting) {
    return ("Cannot start %s: port %d on localhost is taken by another program (expected it to be"
            + " free). Stop that program, or change profiles.local.ports.%s in the pipeline file.")
        .formatted(server, port, setting);
  }

  private PostgresServer postgres(int port) {
    return new PostgresServer(Installation.current(), state, port, "shop");
  }

  private KafkaServer kafka(int port, int controllerPort) {
    return new KafkaServer(Installation.current(), state, port, controllerPort, 16 << 20, "512m");
  }

  private ConnectServer connect(int port) {
    return new ConnectServer(Installation.current(), state, port, Map.of(), Map.of(), "512m");
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
