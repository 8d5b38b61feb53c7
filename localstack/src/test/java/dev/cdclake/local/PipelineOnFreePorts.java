/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import dev.cdclake.contract.Gold;
import dev.cdclake.contract.Kafka;
import dev.cdclake.contract.Maintenance;
import dev.cdclake.contract.Maintenance.Retention;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Profile;
import dev.cdclake.contract.Profile.Catalog;
import dev.cdclake.contract.Profile.Ports;
import dev.cdclake.contract.Secret;
import dev.cdclake.contract.Source;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.TableName;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A pipeline whose servers are all embedded, beside whatever else this machine runs. */
public final class PipelineOnFreePorts {

  private static final String NAME = "it";

  private PipelineOnFreePorts() {}

  /** Makes a pipeline that keeps everything in a folder. */
  public static Pipeline of(Path state, String... tables) {
    List<Integer> ports = freePorts(4);
    return new Pipeline(
        NAME,
        "dev",
        new Source(
            true,
            "localhost",
            ports.get(0),
            NAME,
            "postgres",
            new Secret("CDCLAKE_SOURCE_PASSWORD"),
            "disable",
            NAME,
            NAME,
            1),
        new Kafka(
            true,
            "localhost:" + ports.get(1),
            true,
            "http://localhost:" + ports.get(3),
            NAME,
            1,
            16 << 20,
            Map.of()),
        Arrays.stream(tables).map(TableName::parse).map(SourceTable::of).toList(),
        new Gold(state.resolve("gold"), Duration.ofSeconds(10)),
        new Maintenance(
            new Retention(Optional.empty(), Optional.empty(), Optional.empty(), Duration.ofDays(3)),
            true,
            40,
            500,
            128 << 20,
            Duration.ofHours(1),
            Optional.empty()),
        new Profile(
            "local",
            Catalog.JDBC,
            state.resolve("warehouse").toString(),
            Map.of(),
            state,
            new Ports(ports.get(0), ports.get(1), ports.get(2), ports.get(3))));
  }

  /** Holds all of them before it lets go of the first, so that no two are the same. */
  private static List<Integer> freePorts(int count) {
    List<ServerSocket> sockets = new ArrayList<>();
    try {
      for (int i = 0; i < count; i++) {
        sockets.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
      }
      List<Integer> ports = sockets.stream().map(ServerSocket::getLocalPort).toList();
      for (ServerSocket socket : sockets) {
        socket.close();
      }
      return ports;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
