/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.connect;

import static java.util.stream.Collectors.joining;

import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.contract.Kafka;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Source;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.TableName;
import dev.cdclake.source.FoundTable;
import dev.cdclake.source.SnapshotSignals;
import dev.cdclake.source.SourceColumn;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Renders the Debezium PostgreSQL connector of a pipeline.
 *
 * <p>In come the pipeline and the server's version; out comes the connector's configuration, the
 * same one in the same order for the same pipeline. It holds a reference to the password, never the
 * password. {@code ConnectorConfigTest} holds every key and value against Debezium's own field
 * definitions.
 *
 * @see <a
 *     href="https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-connector-properties">Debezium's
 *     list of properties</a>
 */
public final class ConnectorConfig {

  /** Prefix of the logical messages that keep a quiet database moving. */
  public static final String HEARTBEAT_PREFIX = "cdclake.heartbeat";

  /** Ours: the epoch that is being captured. */
  public static final String EPOCH = "cdclake.epoch";

  /** Ours: the server and timeline that are being captured. */
  public static final String HISTORY = "cdclake.history";

  /** How often a heartbeat is written into the source's log. */
  static final Duration HEARTBEAT_INTERVAL = Duration.ofSeconds(1);

  /** From this version on the server sends logical messages to the connector. */
  private static final int FIRST_VERSION_WITH_MESSAGES = 14;

  private static final String CONNECTOR = "io.debezium.connector.postgresql.PostgresConnector";

  /** By name, as the next one: its class can only be loaded beside Debezium. */
  static final String WHOLE_SNAPSHOT = "whole";

  /** By name, because its class can only be loaded beside Debezium. */
  static final String SOURCE_TEXT = "dev.cdclake.capture.SourceText";

  /**
   * Settings of the connector's sessions that the texts of values depend on; a role or a database
   * may have others.
   */
  private static final String SESSION =
      "-c bytea_output=hex -c IntervalStyle=postgres -c lc_monetary=C";

  private ConnectorConfig() {}

  /**
   * Renders the configuration.
   *
   * @param serverVersion the server's major version, for example 17
   * @param replicationFactor copies of the topics that the connector creates, -1 for the broker's
   *     default
   */
  public static Map<String, String> render(
      Pipeline pipeline, int serverVersion, int replicationFactor) {
    Map<String, String> config = new LinkedHashMap<>();
    config.put("connector.class", CONNECTOR);
    config.put("tasks.max", "1");
    config.put("topic.prefix", pipeline.kafka().topicPrefix());
    config.putAll(connection(pipeline.source()));
    config.putAll(replication(pipeline.source()));
    config.putAll(tables(pipeline.tables()));
    config.putAll(values());
    config.putAll(heartbeat(serverVersion));
    config.putAll(exactlyOnce());
    config.putAll(throughput());
    config.putAll(topics(pipeline.kafka(), replicationFactor));
    config.putAll(signals(pipeline));
    config.putAll(transforms(pipeline));
    config.putAll(WireFormat.converters());
    config.putAll(WireFormat.producer("producer.override.", pipeline.kafka().maxMessageBytes()));
    return Collections.unmodifiableMap(config);
  }

  private static Map<String, String> connection(Source source) {
    Map<String, String> config = new LinkedHashMap<>();
    config.put("database.hostname", source.host());
    config.put("database.port", String.valueOf(source.port()));
    config.put("database.dbname", source.database());
    config.put("database.user", source.user());
    config.put("database.password", source.password().toString());
    config.put("database.sslmode", source.sslMode());
    config.put("driver.options", SESSION);
    return config;
  }

  /** The slot and the publication; {@code Publication} owns the latter, so Debezium must not. */
  private static Map<String, String> replication(Source source) {
    Map<String, String> config = new LinkedHashMap<>();
    config.put("plugin.name", "pgoutput");
    config.put("slot.name", source.slot());
    config.put("publication.name", source.publication());
    config.put("publication.autocreate.mode", "disabled");
    // A slot that is ahead of the stored offset has lost changes: stop, rather than leave a gap.
    // See "postgresql-property-offset-mismatch-strategy" in Debezium's list of properties.
    config.put("offset.mismatch.strategy", "trust_offset");
    config.put("snapshot.mode", "custom");
    config.put("snapshot.mode.custom.name", WHOLE_SNAPSHOT);
    return config;
  }

  private static Map<String, String> tables(List<SourceTable> tables) {
    Map<String, String> config = new LinkedHashMap<>();
    config.put(
        "table.include.list",
        tables.stream().map(table -> pattern(table.name())).collect(joining(",")));
    String keys =
        tables.stream()
            .filter(table -> !table.key().isEmpty())
            .map(
                table ->
                    pattern(table.name())
                        + ":"
                        + table.key().stream().map(ConnectorConfig::escape).collect(joining(",")))
            .collect(joining(";"));
    if (!keys.isEmpty()) {
      config.put("message.key.columns", keys);
    }
    return config;
  }

  /**
   * Returns what leaves generated columns out of snapshots, as PostgreSQL does out of the stream:
   * else a value read once would stay for ever.
   *
   * @param tables as the source has them
   */
  public static Map<String, String> leftOut(List<FoundTable> tables) {
    List<String> columns = new ArrayList<>();
    for (FoundTable table : tables) {
      table.columns().stream()
          .filter(SourceColumn::generated)
          .forEach(column -> columns.add(pattern(table.name()) + "\\." + escape(column.name())));
    }
    return columns.isEmpty() ? Map.of() : Map.of("column.exclude.list", String.join(",", columns));
  }

  /** What an event holds: every operation, and values without loss. */
  private static Map<String, String> values() {
    Map<String, String> config = new LinkedHashMap<>();
    // The default skips truncates; see "postgresql-property-skipped-operations" in Debezium's list.
    config.put("skipped.operations", "none");
    // Topics are not compacted, so a second, empty event per delete would serve nobody.
    config.put("tombstones.on.delete", "false");
    // What Debezium's own forms would change travels as text: see SourceText.
    config.put("converters", "text");
    config.put("text.type", SOURCE_TEXT);
    config.put("include.unknown.datatypes", "true");
    // The default puts NULL in the place of a value that it cannot convert.
    config.put("event.converting.failure.handling.mode", "fail");
    config.put("decimal.handling.mode", "precise");
    config.put("time.precision.mode", "adaptive");
    config.put("interval.handling.mode", "string");
    config.put("hstore.handling.mode", "json");
    config.put("binary.handling.mode", "bytes");
    // Three headers per event that repeat the connector's name.
    config.put("extended.headers.enabled", "false");
    return config;
  }

  /**
   * Keeps the slot moving while the captured tables are quiet, and tells how far the line is. The
   * marks that {@code verify} waits for travel the same way, to the topic of logical messages.
   *
   * @see <a
   *     href="https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-wal-disk-space">WAL
   *     disk space consumption</a>
   */
  private static Map<String, String> heartbeat(int serverVersion) {
    Map<String, String> config = new LinkedHashMap<>();
    config.put("heartbeat.interval.ms", String.valueOf(HEARTBEAT_INTERVAL.toMillis()));
    if (serverVersion >= FIRST_VERSION_WITH_MESSAGES) {
      config.put(
          "heartbeat.action.query",
          "select pg_logical_emit_message(false, '%s', clock_timestamp()::text)"
              .formatted(HEARTBEAT_PREFIX));
    }
    return config;
  }

  /** Snapshots on command, and what becomes of them. */
  private static Map<String, String> signals(Pipeline pipeline) {
    Map<String, String> config = new LinkedHashMap<>();
    config.put("signal.enabled.channels", "source");
    config.put("signal.data.collection", SnapshotSignals.TABLE.toString());
    config.put("incremental.snapshot.watermarking.strategy", "insert_delete");
    config.put("incremental.snapshot.chunk.size", "8192");
    config.put("notification.enabled.channels", "sink");
    config.put("notification.sink.topic.name", notificationTopic(pipeline));
    return config;
  }

  /** Returns the topic that tells how snapshots get on. */
  public static String notificationTopic(Pipeline pipeline) {
    return pipeline.kafka().topicPrefix() + ".notifications";
  }

  /**
   * Every event says which epoch it was captured in, however late it is read. Masked columns never
   * leave the worker in clear; the salt is in its environment alone.
   */
  private static Map<String, String> transforms(Pipeline pipeline) {
    int epoch = pipeline.source().epoch();
    String masked = MaskSetting.render(pipeline.tables());
    Map<String, String> config = new LinkedHashMap<>();
    config.put(EPOCH, String.valueOf(epoch));
    config.put("transforms", masked.isEmpty() ? "epoch" : "mask,epoch");
    if (!masked.isEmpty()) {
      config.put("transforms.mask.type", "dev.cdclake.connect.MaskColumns");
      config.put("transforms.mask." + MaskSetting.COLUMNS, masked);
    }
    config.put("transforms.epoch.type", "org.apache.kafka.connect.transforms.InsertHeader");
    config.put("transforms.epoch.header", ChangeColumns.EPOCH_HEADER);
    config.put("transforms.epoch.value.literal", String.valueOf(epoch));
    return config;
  }

  /** Each batch and the offset behind it are one Kafka transaction. */
  private static Map<String, String> exactlyOnce() {
    Map<String, String> config = new LinkedHashMap<>();
    config.put("exactly.once.support", "required");
    config.put("transaction.boundary", "poll");
    return config;
  }

  /** A short wait when there is nothing, large batches when there is much, bounded by bytes. */
  private static Map<String, String> throughput() {
    Map<String, String> config = new LinkedHashMap<>();
    config.put("poll.interval.ms", "50");
    config.put("max.batch.size", "8192");
    config.put("max.queue.size", "32768");
    config.put("max.queue.size.in.bytes", String.valueOf(128 << 20));
    return config;
  }

  private static Map<String, String> topics(Kafka kafka, int replicationFactor) {
    Map<String, String> config = new LinkedHashMap<>();
    config.put("topic.creation.default.partitions", String.valueOf(kafka.partitions()));
    config.put("topic.creation.default.replication.factor", String.valueOf(replicationFactor));
    kafka
        .topicSettings()
        .forEach((key, value) -> config.put("topic.creation.default." + key, value));
    return config;
  }

  /** Debezium ignores case in table names, PostgreSQL does not: {@code (?-i)} restores it. */
  private static String pattern(TableName table) {
    return "(?-i)%s\\.%s".formatted(escape(table.schema()), escape(table.table()));
  }

  /**
   * Escapes a name for the lists of regular expressions that Debezium splits at commas, colons and
   * semicolons; such a character, and white space, which Debezium trims, stands as "any character".
   */
  private static String escape(String name) {
    StringBuilder escaped = new StringBuilder();
    name.codePoints()
        .forEach(
            c -> {
              if (Character.isLetterOrDigit(c) || c == '_') {
                escaped.appendCodePoint(c);
              } else if (",:;".indexOf(c) >= 0 || Character.isWhitespace(c)) {
                escaped.append('.');
              } else {
                escaped.append('\\').appendCodePoint(c);
              }
            });
    return escaped.toString();
  }
}
