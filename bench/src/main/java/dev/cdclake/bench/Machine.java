/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Properties;

/** Where and with what something was measured. */
final class Machine {

  private Machine() {}

  /** Returns day, machine and versions in one sentence each. */
  static String words() {
    OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    Properties versions = versions();
    return "%s. %d cores, %d GB of memory, %s %s, local disk. Java %s, Spark %s, Iceberg %s, Kafka %s, Debezium %s, PostgreSQL %s."
        .formatted(
            LocalDate.now(ZoneOffset.UTC),
            Runtime.getRuntime().availableProcessors(),
            Math.round(system.getTotalMemorySize() / 1e9),
            system.getName(),
            system.getArch(),
            Runtime.version().feature(),
            versions.getProperty("spark"),
            versions.getProperty("iceberg"),
            versions.getProperty("kafka"),
            versions.getProperty("debezium"),
            versions.getProperty("postgres"));
  }

  /** Reads what the build has written. */
  private static Properties versions() {
    Properties versions = new Properties();
    try (InputStream content = Machine.class.getResourceAsStream("/versions.properties")) {
      versions.load(content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return versions;
  }
}
