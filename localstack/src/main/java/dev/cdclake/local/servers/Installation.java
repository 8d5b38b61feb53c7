/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local.servers;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Where the product's own files are: what was built, and the settings of the servers' processes.
 *
 * @param home the folder of the launcher
 */
public record Installation(Path home) {

  /**
   * Ctrl-C reaches every process of the terminal's group. What is started with this in front
   * ignores it, because the supervisor stops its servers one after another.
   */
  static final List<String> IGNORE_CTRL_C =
      List.of("/bin/sh", "-c", "trap '' INT HUP; exec \"$@\"", "sh");

  /** Returns the installation that this class was loaded from. */
  public static Installation current() {
    // Either localstack/target/classes or localstack/target/localstack-<version>.jar.
    return new Installation(ownCode().getParent().getParent().getParent());
  }

  /** Returns the class path of Kafka and Connect. */
  String serversClassPath() {
    return read(home.resolve("localstack/servers/target/servers.classpath"));
  }

  /** Returns the class path of our own processes, our own classes first. */
  String localClassPath() {
    return ownCode()
        + File.pathSeparator
        + read(home.resolve("localstack/target/localstack.classpath"));
  }

  private static Path ownCode() {
    try {
      return Path.of(
          Installation.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns the command that runs our own command line, deaf to the terminal's Ctrl-C. */
  public List<String> ownCommand(List<String> arguments) {
    List<String> command = new ArrayList<>(IGNORE_CTRL_C);
    command.add(java().toString());
    command.add("@" + sparkFlags());
    command.add("-cp");
    command.add(localClassPath());
    command.add("dev.cdclake.local.Main");
    command.addAll(arguments);
    return command;
  }

  /** Returns the file of flags that a JVM with Spark in it needs. */
  Path sparkFlags() {
    return home.resolve("localstack/jvm.options");
  }

  /** Returns the logging configuration of Kafka and Connect. */
  Path serversLogging() {
    return home.resolve("localstack/servers/config/log4j2.properties");
  }

  /** Returns the folder that the PostgreSQL programs are unpacked into. */
  Path postgresPrograms() {
    return home.resolve(".cdclake/postgres-programs");
  }

  /** Returns the Java program that runs this process. */
  static Path java() {
    return Path.of(System.getProperty("java.home"), "bin", "java");
  }

  private static String read(Path classPath) {
    try {
      return Files.readString(classPath).strip();
    } catch (IOException e) {
      throw new UncheckedIOException(
          "Cannot read the class path %s (expected what the build writes). Build with 'make build'."
              .formatted(classPath),
          e);
    }
  }

  /** Returns the lines of a file's end, for a message. */
  static List<String> lastLines(Path log, int count) {
    try {
      List<String> lines = Files.readAllLines(log);
      return lines.subList(Math.max(0, lines.size() - count), lines.size());
    } catch (IOException e) {
      return List.of();
    }
  }
}
