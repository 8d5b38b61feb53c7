/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.connect;

import dev.cdclake.contract.KeyedMask;
import dev.cdclake.contract.Mask.Kind;
import dev.cdclake.contract.TableName;
import dev.cdclake.contract.TextForm;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.connector.ConnectRecord;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.header.ConnectHeaders;
import org.apache.kafka.connect.header.Header;
import org.apache.kafka.connect.header.Headers;
import org.apache.kafka.connect.transforms.Transformation;

/**
 * Masks columns of Debezium's events within the Connect worker, before anything is written to
 * Kafka: in the rows before and after a change, in the key, and in the headers of an updated key.
 *
 * <p>Debezium masks with a salt, too, but has it in the name of a property, where no reference to a
 * secret is resolved and everybody who may read the connector's configuration reads it. Here the
 * salt comes from the worker's environment; the configuration names the variable. What is masked
 * how is told by {@link dev.cdclake.contract.Mask}; {@code verify} masks the source's side the same
 * way.
 *
 * @param <R> the record's type
 * @see <a
 *     href="https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-property-column-mask-hash">Debezium's
 *     own masks</a>
 */
public final class MaskColumns<R extends ConnectRecord<R>> implements Transformation<R> {

  /** Semantic types whose text in an event is PostgreSQL's own, so that verify can hash it, too. */
  private static final Set<String> TEXTS =
      Set.of(
          "io.debezium.data.Uuid",
          "io.debezium.data.Enum",
          "io.debezium.data.Json",
          "io.debezium.data.Xml");

  private static final List<String> KEY_HEADERS = List.of("__debezium.oldkey", "__debezium.newkey");

  /** The part of Debezium's notifications that tells of a snapshot, and the keys in it. */
  private static final String NOTIFIED = "additional_data";

  private static final Set<String> KEYS_TOLD = Set.of("last_processed_key", "maximum_key");
  private static final int MOST_SCHEMAS = 1000;

  private final Map<String, String> environment;
  private final Map<TableName, Map<String, KeyedMask>> tables = new HashMap<>();
  private final IdentityHashMap<Schema, Schema> maskedSchemas = new IdentityHashMap<>();

  /** Creates it as Connect does; salts come from the worker's environment. */
  public MaskColumns() {
    this(System.getenv());
  }

  MaskColumns(Map<String, String> environment) {
    this.environment = environment;
  }

  @Override
  public ConfigDef config() {
    return new ConfigDef()
        .define(
            MaskSetting.COLUMNS,
            ConfigDef.Type.STRING,
            ConfigDef.Importance.HIGH,
            "schema:table:column:kind:length:variable, …, each part URL-encoded");
  }

  @Override
  public void configure(Map<String, ?> settings) {
    tables.clear();
    MaskSetting.parse(String.valueOf(settings.get(MaskSetting.COLUMNS)))
        .forEach(
            (table, masks) -> {
              Map<String, KeyedMask> byColumn = new HashMap<>();
              for (KeyedMask mask :
                  KeyedMask.of(masks, "table " + table + " on this worker", environment)) {
                byColumn.put(mask.mask().column(), mask);
              }
              tables.put(table, byColumn);
            });
  }

  @Override
  public R apply(R record) {
    if (record.value() == null) {
      // A tombstone: nobody reads its key, which might be one to mask.
      return null;
    }
    if (record.value() instanceof Struct notification
        && notification.schema().field(NOTIFIED) != null
        && notification.get(NOTIFIED) instanceof Map<?, ?> told
        && !Collections.disjoint(told.keySet(), KEYS_TOLD)) {
      return withoutKeys(record, notification, told);
    }
    Map<String, KeyedMask> masks = masks(record.value());
    if (masks.isEmpty()) {
      return record;
    }
    Struct value = envelope((Struct) record.value(), masks);
    Struct key = record.key() instanceof Struct struct ? key(struct, masks) : null;
    return record.newRecord(
        record.topic(),
        record.kafkaPartition(),
        key == null ? record.keySchema() : key.schema(),
        key == null ? record.key() : key,
        value.schema(),
        value,
        record.timestamp(),
        headers(record.headers(), masks));
  }

  /** What tells how a snapshot gets on names keys as text, whichever table they are of. */
  private static <R extends ConnectRecord<R>> R withoutKeys(
      R record, Struct notification, Map<?, ?> told) {
    Struct value = new Struct(notification.schema());
    notification.schema().fields().forEach(field -> value.put(field, notification.get(field)));
    Map<Object, Object> kept = new HashMap<>(told);
    kept.keySet().removeAll(KEYS_TOLD);
    value.put(NOTIFIED, kept);
    return record.newRecord(
        record.topic(),
        record.kafkaPartition(),
        record.keySchema(),
        record.key(),
        record.valueSchema(),
        value,
        record.timestamp(),
        record.headers());
  }

  /** Returns the masks of the table that an event tells of; none for any other record. */
  private Map<String, KeyedMask> masks(Object value) {
    if (value instanceof Struct event
        && event.schema().field("after") != null
        && event.schema().field("source") != null
        && event.get("source") instanceof Struct source
        && source.schema().field("table") != null) {
      return tables.getOrDefault(
          new TableName(source.getString("schema"), source.getString("table")), Map.of());
    }
    return Map.of();
  }

  private Struct envelope(Struct event, Map<String, KeyedMask> masks) {
    Schema schema = event.schema();
    Schema masked = maskedSchemas.get(schema);
    if (masked == null) {
      Map<String, Schema> replaced = new HashMap<>();
      for (String part : List.of("before", "after")) {
        if (schema.field(part) != null) {
          replaced.put(part, rowSchema(schema.field(part).schema(), masks, false));
        }
      }
      masked = remember(schema, structSchema(schema, replaced));
    }
    Struct out = new Struct(masked);
    for (Field field : schema.fields()) {
      Object value = event.getWithoutDefault(field.name());
      boolean row = "before".equals(field.name()) || "after".equals(field.name());
      out.put(
          field.name(),
          row && value instanceof Struct struct
              ? row(struct, masked.field(field.name()).schema(), masks)
              : value);
    }
    return out;
  }

  private Struct key(Struct key, Map<String, KeyedMask> masks) {
    Schema masked = maskedSchemas.get(key.schema());
    if (masked == null) {
      masked = remember(key.schema(), rowSchema(key.schema(), masks, true));
    }
    return row(key, masked, masks);
  }

  private Headers headers(Headers headers, Map<String, KeyedMask> masks) {
    ConnectHeaders masked = new ConnectHeaders();
    for (Header header : headers) {
      if (KEY_HEADERS.contains(header.key()) && header.value() instanceof Struct key) {
        Struct value = key(key, masks);
        masked.add(header.key(), value, value.schema());
      } else {
        masked.add(header);
      }
    }
    return masked;
  }

  private static Struct row(Struct row, Schema masked, Map<String, KeyedMask> masks) {
    Struct out = new Struct(masked);
    for (Field field : row.schema().fields()) {
      Object value = row.getWithoutDefault(field.name());
      KeyedMask mask = masks.get(field.name());
      out.put(field.name(), mask == null ? value : masked(value, mask));
    }
    return out;
  }

  /** The placeholder of an unchanged TOASTed value stays: silver puts the masked value there. */
  private static Object masked(Object value, KeyedMask mask) {
    if (value == null || mask.mask().kind() == Kind.REDACT) {
      return null;
    }
    return TextForm.UNAVAILABLE.equals(value) ? value : mask.apply(value.toString());
  }

  /** Returns the schema of a row or key once its columns are masked. */
  private static Schema rowSchema(Schema row, Map<String, KeyedMask> masks, boolean key) {
    Map<String, Schema> replaced = new HashMap<>();
    for (Field field : row.fields()) {
      KeyedMask mask = masks.get(field.name());
      if (mask != null) {
        if (key && mask.mask().kind() != Kind.HASH) {
          throw refused(field, "it is part of the key", "hash, which keeps keys apart");
        }
        replaced.put(field.name(), columnSchema(field, mask.mask().kind(), key));
      }
    }
    return structSchema(row, replaced);
  }

  private static Schema columnSchema(Field field, Kind kind, boolean key) {
    Schema schema = field.schema();
    boolean text = schema.type() == Schema.Type.STRING;
    return switch (kind) {
      case REDACT -> copy(schema).optional().build();
      case TRUNCATE -> {
        if (!text || schema.name() != null) {
          throw refused(field, "it is no text", "redact");
        }
        yield schema;
      }
      case HASH -> {
        boolean number =
            schema.name() == null
                && (schema.type() == Schema.Type.INT16
                    || schema.type() == Schema.Type.INT32
                    || schema.type() == Schema.Type.INT64);
        boolean known = schema.name() == null || TEXTS.contains(schema.name());
        if (!(text && known) && !number) {
          throw refused(field, "it is neither text nor a whole number", "redact");
        }
        yield key ? Schema.STRING_SCHEMA : Schema.OPTIONAL_STRING_SCHEMA;
      }
    };
  }

  private static DataException refused(Field field, String reason, String expected) {
    return new DataException(
        "Cannot mask column '%s': %s (expected %s). Correct 'mask' in pipeline.yaml."
            .formatted(field.name(), reason, expected));
  }

  private static Schema structSchema(Schema struct, Map<String, Schema> replaced) {
    SchemaBuilder builder = described(SchemaBuilder.struct(), struct);
    for (Field field : struct.fields()) {
      builder.field(field.name(), replaced.getOrDefault(field.name(), field.schema()));
    }
    return (struct.isOptional() ? builder.optional() : builder).build();
  }

  /** Copies a schema without its default value, which would take the place of NULL. */
  private static SchemaBuilder copy(Schema schema) {
    SchemaBuilder builder =
        switch (schema.type()) {
          case ARRAY -> SchemaBuilder.array(schema.valueSchema());
          case MAP -> SchemaBuilder.map(schema.keySchema(), schema.valueSchema());
          case STRUCT -> SchemaBuilder.struct();
          default -> SchemaBuilder.type(schema.type());
        };
    if (schema.type() == Schema.Type.STRUCT) {
      schema.fields().forEach(field -> builder.field(field.name(), field.schema()));
    }
    return described(builder, schema);
  }

  private static SchemaBuilder described(SchemaBuilder builder, Schema schema) {
    builder.name(schema.name()).version(schema.version()).doc(schema.doc());
    if (schema.parameters() != null) {
      builder.parameters(schema.parameters());
    }
    return builder;
  }

  /** Debezium hands out the same schema until the table changes. */
  private Schema remember(Schema schema, Schema masked) {
    if (maskedSchemas.size() >= MOST_SCHEMAS) {
      maskedSchemas.clear();
    }
    maskedSchemas.put(schema, masked);
    return masked;
  }

  @Override
  public void close() {
    // Nothing is open.
  }
}
