/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local.servers;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;

/** The ports of servers that something else listens on, found before any server is started. */
public final class TakenPorts {

  private static final int CONNECT_MILLIS = 300;

  private TakenPorts() {}

  /**
   * Refuses to go on when a port of the servers is taken.
   *
   * @param profile the profile whose ports these are, for the message
   * @throws ServerException naming every taken port
   */
  public static void refuse(List<? extends Server> servers, String profile) {
    List<String> problems =
        servers.stream()
            .flatMap(
                server ->
                    server.ports().stream()
                        .filter(port -> isTaken(port.number()))
                        .map(port -> problem(server, port, profile)))
            .toList();
    if (!problems.isEmpty()) {
      throw new ServerException(String.join(System.lineSeparator(), problems));
    }
  }

  private static String problem(Server server, Server.Port port, String profile) {
    return ("Cannot start %s: port %d on localhost is taken by another program (expected it to be"
            + " free). Stop that program, or change profiles.%s.ports.%s in the pipeline file.")
        .formatted(server.name(), port.number(), profile, port.setting());
  }

  /** Tells whether something listens on a port of localhost, on whatever interface. */
  static boolean isTaken(int port) {
    return answers(port) || !canListen(port);
  }

  static boolean answers(int port) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), CONNECT_MILLIS);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private static boolean canListen(int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
