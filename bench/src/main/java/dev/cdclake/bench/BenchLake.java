/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Profile.Ports;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A lake to measure in: a folder with its catalog, and a warehouse that may be another lake's.
 *
 * @param state folder of the catalog and the pipeline file
 * @param warehouse folder of the files
 * @param project first part of the databases' names
 * @param tables that are captured
 * @param ports of servers, where there are any
 */
record BenchLake(Path state, Path warehouse, String project, List<String> tables, Ports ports) {

  static final String SOURCE = "bench";

  private static final String CATALOG = "catalog.db";

  /** Describes a lake without servers. */
  static BenchLake alone(Path state, String project, String table) {
    return new BenchLake(
        state, state.resolve("warehouse"), project, List.of(table), new Ports(1, 2, 3, 4));
  }

  /** Returns the lake's pipeline, from a file as a user would write it. */
  Pipeline pipeline() {
    return Pipeline.read(writeFile(), "dev", "local");
  }

  /** Writes the pipeline file and returns its place. */
  Path writeFile() {
    String text =
        """
        project: %s
        source: {database: %s, slot: %2$s, publication: %2$s}
        kafka: {topic-prefix: %2$s, partitions: %d}
        tables: [%s]
        gold: {models: %s, refresh-every: 1s}
        environments: {dev: {}}
        profiles:
          local:
            state: %s
            warehouse: %s
            ports: {postgres: %d, kafka: %d, controller: %d, connect: %d}
        """
            .formatted(
                project,
                SOURCE,
                CapturedTables.PARTITIONS,
                tables.stream()
                    .map(name -> "{name: " + name + "}")
                    .collect(Collectors.joining(", ")),
                Models.folder(state),
                state,
                warehouse,
                ports.postgres(),
                ports.kafka(),
                ports.controller(),
                ports.connect());
    try {
      return Files.writeString(Files.createDirectories(state).resolve(project + ".yaml"), text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the same lake on the same servers under another name: other tables, same catalog. */
  BenchLake named(String other) {
    return new BenchLake(state, warehouse, other, tables, ports);
  }

  /**
   * Makes a copy of the whole lake at once: its catalog is copied, its files are shared. Nobody may
   * change the original while there is a copy.
   */
  BenchLake copy(String name) {
    Path folder = state.resolveSibling(name);
    try {
      deleteFolder(folder);
      Files.createDirectories(folder);
      Files.copy(state.resolve(CATALOG), folder.resolve(CATALOG));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new BenchLake(folder, warehouse, project, tables, ports);
  }

  /** Returns the files of the warehouse. */
  Set<Path> files() {
    if (!Files.exists(warehouse)) {
      return Set.of();
    }
    try (Stream<Path> all = Files.walk(warehouse)) {
      return all.filter(Files::isRegularFile).collect(Collectors.toCollection(TreeSet::new));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Removes a copy, with the files that it added to the warehouse. */
  void removeCopy(Set<Path> kept) {
    Set<Path> added = new TreeSet<>(files());
    added.removeAll(kept);
    try {
      for (Path file : added) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    deleteFolder(state);
  }

  /** Deletes a folder with all that is in it, if it is there. */
  static void deleteFolder(Path folder) {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path file : all.sorted((one, other) -> other.compareTo(one)).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
