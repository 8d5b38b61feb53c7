/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.connect;

import static java.util.stream.Collectors.joining;

import dev.cdclake.contract.Kafka;
import dev.cdclake.contract.Pipeline;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Renders the settings of a distributed Connect worker.
 *
 * <p>In come the pipeline and where the worker listens; out come the worker's properties, the same
 * ones in the same order for the same pipeline. They hold references to secrets, never secrets. The
 * worker's own topics are named after the topic prefix, so one Kafka can hold several lines.
 */
public final class WorkerProperties {

  private static final Pattern VARIABLE = Pattern.compile("\\$\\{env:([A-Za-z_][A-Za-z0-9_]*)}");

  private WorkerProperties() {}

  /**
   * Renders the settings.
   *
   * @param host the address that the REST interface listens on; loopback unless a network protects
   *     it, for whoever reaches it can read the connector's settings
   * @param replicationFactor copies of the worker's topics, -1 for the broker's default
   */
  public static Map<String, String> render(
      Pipeline pipeline, String host, int port, int replicationFactor) {
    Kafka kafka = pipeline.kafka();
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("bootstrap.servers", kafka.bootstrap());
    settings.put("listeners", "http://%s:%d".formatted(host, port));
    settings.putAll(storage(kafka.topicPrefix() + "-connect", replicationFactor));
    settings.putAll(WireFormat.converters());

    // Offsets and events commit in one Kafka transaction; producers of a killed worker are fenced.
    // https://kafka.apache.org/documentation/#connect_exactlyoncesource
    settings.put("exactly.once.source.support", "enabled");
    settings.put("connector.client.config.override.policy", "All");
    settings.put("offset.flush.interval.ms", "5000");
    // Without it a worker that was killed is waited for, and its tasks stand still for 5 minutes.
    settings.put("scheduled.rebalance.max.delay.ms", "0");
    // Reads the service files of plug-ins; the default also scans every class on the path.
    settings.put("plugin.discovery", "service_load");

    settings.put("config.providers", "env");
    settings.put(
        "config.providers.env.class",
        "org.apache.kafka.common.config.provider.EnvVarConfigProvider");
    settings.put("config.providers.env.param.allowlist.pattern", allowed(pipeline));

    settings.putAll(WireFormat.producer("producer.", kafka.maxMessageBytes()));
    for (String prefix : new String[] {"", "producer.", "consumer.", "admin."}) {
      kafka.properties().entrySet().stream()
          .sorted(Map.Entry.comparingByKey())
          .forEach(property -> settings.put(prefix + property.getKey(), property.getValue()));
    }
    return settings;
  }

  private static Map<String, String> storage(String group, int replicationFactor) {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("group.id", group);
    settings.put("config.storage.topic", group + "-configs");
    settings.put("offset.storage.topic", group + "-offsets");
    settings.put("status.storage.topic", group + "-status");
    for (String store : new String[] {"config", "offset", "status"}) {
      settings.put(store + ".storage.replication.factor", String.valueOf(replicationFactor));
    }
    // One connector writes few offsets; the default of 25 only slows the worker's start.
    settings.put("offset.storage.partitions", "1");
    settings.put("status.storage.partitions", "1");
    return settings;
  }

  /** The connector may look up the variables that the pipeline names, and no others. */
  private static String allowed(Pipeline pipeline) {
    Set<String> variables = new TreeSet<>();
    variables.add(pipeline.source().password().variable());
    for (String value : pipeline.kafka().properties().values()) {
      Matcher matcher = VARIABLE.matcher(value);
      while (matcher.find()) {
        variables.add(matcher.group(1));
      }
    }
    return variables.stream().collect(joining("|"));
  }
}
