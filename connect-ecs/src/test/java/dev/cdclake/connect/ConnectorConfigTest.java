/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.connect;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.PipelineText;
import dev.cdclake.capture.SourceText;
import dev.cdclake.capture.WholeSnapshot;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.TableName;
import dev.cdclake.source.FoundTable;
import dev.cdclake.source.ReplicaIdentity;
import dev.cdclake.source.SourceColumn;
import dev.cdclake.source.TypeSupport;
import io.debezium.config.CommonConnectorConfig;
import io.debezium.config.Configuration;
import io.debezium.connector.postgresql.PostgresConnectorConfig;
import io.debezium.relational.Column;
import io.debezium.relational.Table;
import io.debezium.relational.TableId;
import java.lang.reflect.Field;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigValue;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.connect.json.JsonConverterConfig;
import org.apache.kafka.connect.runtime.SourceConnectorConfig;
import org.apache.kafka.connect.runtime.TopicCreationConfig;
import org.junit.jupiter.api.Test;
import org.postgresql.PGProperty;

class ConnectorConfigTest {

  private static final String TOPIC = "topic.creation.default.";
  private static final String PRODUCER = "producer.override.";

  private static final Pipeline SHOP =
      PipelineText.read(
          """
          project: shop
          source:
            host: db.example.com
            database: shop
            user: capture
            password: ${env:DB_PASSWORD}
          kafka: {partitions: 3}
          tables:
            - name: public.orders
            - name: public.Order
              as: capital_order
            - name: public.audit
              key: [at, who, "odd, name"]
            - name: "odd.a,b;c:d e$"
          """);

  private final Map<String, String> config = ConnectorConfig.render(SHOP, 17, 3);

  @Test
  void generatedColumnsAreLeftOutByName() {
    FoundTable table =
        new FoundTable(
            new TableName("public", "odd, name"),
            FoundTable.Kind.TABLE,
            false,
            List.of(
                new SourceColumn("id", "integer", false, false, TypeSupport.AS_TEXT),
                new SourceColumn("sum", "integer", true, true, TypeSupport.AS_TEXT)),
            List.of("id"),
            ReplicaIdentity.DEFAULT,
            List.of("id"),
            0);

    Map<String, String> leftOut = ConnectorConfig.leftOut(List.of(table));

    assertThat(leftOut)
        .isEqualTo(
            Map.of(
                PostgresConnectorConfig.COLUMN_EXCLUDE_LIST.name(),
                "(?-i)public\\.odd..name\\.sum"));
    assertThat(ConnectorConfig.leftOut(List.of())).isEmpty();
  }

  @Test
  void everyKeyIsKnownToDebeziumOrConnect() throws ReflectiveOperationException {
    Set<String> known = new HashSet<>(PostgresConnectorConfig.ALL_FIELDS.allFieldNames());
    // Read by the connector, though missing from its list of fields.
    known.add(PostgresConnectorConfig.OFFSET_SLOT_MISMATCH_STRATEGY.name());
    // Kafka's own transform; and a note of ours, which nobody reads but we.
    known.addAll(
        List.of(
            "transforms.epoch.type",
            "transforms.epoch.header",
            "transforms.epoch.value.literal",
            ConnectorConfig.EPOCH));
    known.addAll(SourceConnectorConfig.configDef().names());
    known.add(config.get("converters") + ".type");
    known.add("driver." + PGProperty.OPTIONS.getName());
    // Every connector reads it, but only those for binlogs list it.
    known.add(CommonConnectorConfig.EVENT_CONVERTING_FAILURE_HANDLING_MODE.name());
    for (String part : List.of("key", "value", "header")) {
      for (String name : JsonConverterConfig.configDef().names()) {
        known.add(part + ".converter." + name);
      }
    }
    for (String name : TopicCreationConfig.defaultGroupConfigDef().names()) {
      known.add(TOPIC + name);
    }
    for (Field field : TopicConfig.class.getFields()) {
      if (field.getName().endsWith("_CONFIG") && field.get(null) instanceof String name) {
        known.add(TOPIC + name);
      }
    }
    for (String name : ProducerConfig.configNames()) {
      known.add(PRODUCER + name);
    }

    assertThat(config.keySet()).filteredOn(key -> !known.contains(key)).isEmpty();
  }

  @Test
  void everyValueIsAcceptedByDebezium() {
    assertThat(Configuration.from(config).validate(PostgresConnectorConfig.ALL_FIELDS).values())
        .allSatisfy(value -> assertThat(value.errorMessages()).isEmpty());
  }

  @Test
  void everyValueIsAcceptedByConnect() {
    Map<String, String> named = new HashMap<>(config);
    named.put("name", "shop");

    assertAccepted(SourceConnectorConfig.configDef(), named);
    assertAccepted(TopicCreationConfig.defaultGroupConfigDef(), under(TOPIC));
    Map<String, String> producer = under(PRODUCER);
    producer.put("bootstrap.servers", "localhost:9092");
    producer.put("key.serializer", "x");
    producer.put("value.serializer", "x");
    assertThat(ProducerConfig.configDef().validate(producer))
        .filteredOn(value -> !value.name().endsWith("serializer"))
        .allSatisfy(value -> assertThat(value.errorMessages()).isEmpty());
  }

  @Test
  void capturesTheTablesOfTheFileAndNoOthers() {
    PostgresConnectorConfig debezium = new PostgresConnectorConfig(Configuration.from(config));

    assertThat(
            List.of(
                    id("public", "orders"),
                    id("public", "Order"),
                    id("public", "audit"),
                    id("odd", "a,b;c:d e$"))
                .stream()
                .filter(debezium.getTableFilters().dataCollectionFilter()::isIncluded))
        .hasSize(4);
    assertThat(
            List.of(
                    id("public", "Orders"),
                    id("public", "order"),
                    id("public", "my_orders"),
                    id("Public", "audit"))
                .stream()
                .filter(debezium.getTableFilters().dataCollectionFilter()::isIncluded))
        .isEmpty();
  }

  @Test
  void keyOfTheFileBecomesTheMessageKeyInItsOrder() {
    Table audit =
        Table.editor()
            .tableId(id("public", "audit"))
            .addColumns(column("odd, name"), column("who"), column("at"), column("whom"))
            .create();

    assertThat(
            new PostgresConnectorConfig(Configuration.from(config))
                .getKeyMapper()
                .getKeyKolumns(audit))
        .extracting(Column::name)
        .containsExactly("at", "who", "odd, name");
  }

  @Test
  void valuesThatDebeziumWouldChangeGoThroughOurConverter() {
    assertThat(config)
        .containsEntry("converters", "text")
        .containsEntry("snapshot.mode.custom.name", WholeSnapshot.NAME)
        .containsEntry("text.type", SourceText.class.getName());
  }

  @Test
  void nullInAColumnWithADefaultStaysNull() {
    assertThat(config)
        .containsEntry("value.converter.replace.null.with.default", "false")
        .containsEntry("key.converter.replace.null.with.default", "false");
  }

  @Test
  void slotThatIsAheadOfTheOffsetStopsTheConnector() {
    assertThat(
            new PostgresConnectorConfig(Configuration.from(config)).slotSeekToKnownOffsetOnStart())
        .isTrue();
  }

  @Test
  void tablesWithoutConfiguredKeyKeepTheirPrimaryKey() {
    Pipeline keyless = PipelineText.read("{project: shop, tables: [{name: orders}]}");

    assertThat(ConnectorConfig.render(keyless, 17, 1)).doesNotContainKey("message.key.columns");
  }

  @Test
  void passwordIsAReference() {
    assertThat(config).containsEntry("database.password", "${env:DB_PASSWORD}");
  }

  @Test
  void truncatesAreCapturedAndEventsAreDeliveredOnce() {
    assertThat(config)
        .containsEntry("skipped.operations", "none")
        .containsEntry("exactly.once.support", "required")
        .containsEntry("transaction.boundary", "poll")
        .containsEntry("publication.autocreate.mode", "disabled");
  }

  @Test
  void producerAndTopicAgreeOnTheLargestMessage() {
    assertThat(config)
        .containsEntry("producer.override.max.request.size", "16777216")
        .containsEntry("topic.creation.default.max.message.bytes", "16777216");
  }

  @Test
  void heartbeatWritesALogicalMessageFromVersion14On() {
    assertThat(config)
        .containsEntry(
            "heartbeat.action.query",
            "select pg_logical_emit_message(false, 'cdclake.heartbeat', clock_timestamp()::text)");
    assertThat(ConnectorConfig.render(SHOP, 13, 1))
        .containsKey("heartbeat.interval.ms")
        .doesNotContainKey("heartbeat.action.query");
  }

  @Test
  void orderIsTheSameEveryTime() {
    assertThat(ConnectorConfig.render(SHOP, 17, 3).toString()).isEqualTo(config.toString());
    assertThat(config.keySet()).startsWith("connector.class", "tasks.max", "topic.prefix");
  }

  private Map<String, String> under(String prefix) {
    return config.entrySet().stream()
        .filter(entry -> entry.getKey().startsWith(prefix))
        .collect(toMap(entry -> entry.getKey().substring(prefix.length()), Map.Entry::getValue));
  }

  private static void assertAccepted(ConfigDef definition, Map<String, String> config) {
    assertThat(definition.validate(config))
        .extracting(ConfigValue::name, ConfigValue::errorMessages)
        .allSatisfy(value -> assertThat((List<?>) value.toList().get(1)).isEmpty());
  }

  private static TableId id(String schema, String table) {
    return new TableId(null, schema, table);
  }

  private static Column column(String name) {
    return Column.editor().name(name).create();
  }
}
