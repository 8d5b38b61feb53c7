/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.connect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cdclake.PipelineText;
import dev.cdclake.contract.Mask;
import dev.cdclake.contract.Mask.Kind;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Secret;
import dev.cdclake.contract.SettingsException;
import java.util.Map;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.header.ConnectHeaders;
import org.apache.kafka.connect.source.SourceRecord;
import org.junit.jupiter.api.Test;

class MaskColumnsTest {

  private static final Schema KEY =
      SchemaBuilder.struct().name("s.public.people.Key").field("id", Schema.STRING_SCHEMA).build();
  private static final Schema ROW =
      SchemaBuilder.struct()
          .name("s.public.people.Value")
          .optional()
          .field("id", Schema.STRING_SCHEMA)
          .field("email", Schema.STRING_SCHEMA)
          .field("phone", SchemaBuilder.int64().defaultValue(7L).build())
          .field("spots", SchemaBuilder.array(Schema.STRING_SCHEMA).build())
          .build();
  private static final Schema SOURCE =
      SchemaBuilder.struct()
          .field("schema", Schema.STRING_SCHEMA)
          .field("table", Schema.STRING_SCHEMA)
          .build();
  private static final Schema ENVELOPE =
      SchemaBuilder.struct()
          .name("s.public.people.Envelope")
          .field("before", ROW)
          .field("after", ROW)
          .field("source", SOURCE)
          .field("op", Schema.STRING_SCHEMA)
          .build();

  @Test
  void rowsBeforeAndAfterAreMasked() {
    Struct event =
        (Struct)
            masked("{email: hash, phone: redact, spots: redact}", event(row("a@b"), row("c@d")))
                .value();

    assertThat(event.getStruct("before").getString("email")).isEqualTo(hash("a@b"));
    assertThat(event.getStruct("after").getString("email")).isEqualTo(hash("c@d"));
    assertThat(event.getStruct("after").get("phone")).isNull();
    assertThat(event.getStruct("after").get("spots")).isNull();
    assertThat(event.getStruct("after").getString("id")).isEqualTo("7");
    assertThat(event.getString("op")).isEqualTo("u");
    event.validate();
  }

  @Test
  void placeholderOfAnUnchangedValueStays() {
    Struct event =
        (Struct) masked("{email: hash}", event(null, row("__debezium_unavailable_value"))).value();

    assertThat(event.getStruct("after").getString("email"))
        .isEqualTo("__debezium_unavailable_value");
    assertThat(event.get("before")).isNull();
  }

  @Test
  void keyAndTheHeadersOfAnUpdatedKeyAreMasked() {
    SourceRecord record = event(null, row("a@b"));
    record.headers().add("__debezium.oldkey", new Struct(KEY).put("id", "6"), KEY);
    record.headers().addString("other", "6");

    SourceRecord masked = masked("{id: hash}", record);

    assertThat(((Struct) masked.key()).getString("id")).isEqualTo(hash("7"));
    assertThat(
            ((Struct) masked.headers().lastWithName("__debezium.oldkey").value()).getString("id"))
        .isEqualTo(hash("6"));
    assertThat(masked.headers().lastWithName("other").value()).isEqualTo("6");
  }

  @Test
  void otherTablesAndOtherRecordsPassAsTheyAre() {
    SourceRecord other = event(null, row("a@b"));
    ((Struct) other.value()).getStruct("source").put("table", "others");
    SourceRecord heartbeat =
        new SourceRecord(Map.of(), Map.of(), "h", Schema.STRING_SCHEMA, "beat");

    assertThat(masked("{email: hash}", other)).isSameAs(other);
    assertThat(masked("{email: hash}", heartbeat)).isSameAs(heartbeat);
  }

  @Test
  void notificationOfASnapshotNamesNoKeys() {
    Schema schema =
        SchemaBuilder.struct()
            .field("type", Schema.STRING_SCHEMA)
            .field(
                "additional_data",
                SchemaBuilder.map(Schema.STRING_SCHEMA, Schema.STRING_SCHEMA).optional().build())
            .build();
    Struct told =
        new Struct(schema)
            .put("type", "IN_PROGRESS")
            .put(
                "additional_data",
                Map.of(
                    "current_collection_in_progress", "public.people",
                    "last_processed_key", "a@b",
                    "maximum_key", "y@z"));

    SourceRecord masked =
        masked("{id: hash}", new SourceRecord(Map.of(), Map.of(), "n", schema, told));

    assertThat(masked.value())
        .isEqualTo(
            new Struct(schema)
                .put("type", "IN_PROGRESS")
                .put("additional_data", Map.of("current_collection_in_progress", "public.people")));
  }

  @Test
  void recordWithoutAValueIsDropped() {
    assertThat(
            masked(
                "{email: hash}",
                new SourceRecord(
                    Map.of(), Map.of(), "t", KEY, new Struct(KEY).put("id", "7"), null, null)))
        .isNull();
  }

  @Test
  void columnsThatCannotBeMaskedSoAreRefused() {
    assertThatThrownBy(() -> masked("{id: redact}", event(null, row("a@b"))))
        .isInstanceOf(DataException.class)
        .hasMessage(
            "Cannot mask column 'id': it is part of the key (expected hash, which keeps keys"
                + " apart). Correct 'mask' in pipeline.yaml.");
    assertThatThrownBy(() -> masked("{spots: hash}", event(null, row("a@b"))))
        .hasMessageContaining("it is neither text nor a whole number (expected redact)");
    assertThatThrownBy(() -> masked("{phone: {truncate: 2}}", event(null, row("a@b"))))
        .hasMessageContaining("it is no text (expected redact)");
  }

  @Test
  void withoutASaltNothingStarts() {
    assertThatThrownBy(() -> transformation("{email: hash}", Map.of()))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("set the environment variable CDCLAKE_MASK_SALT");
  }

  @Test
  void configurationNamesTheVariableAndNotTheSalt() {
    assertThat(ConnectorConfig.render(pipeline("{\"odd,:name\": hash}"), 17, 1))
        .containsEntry("transforms", "mask,epoch")
        .containsEntry("transforms.mask.type", MaskColumns.class.getName())
        .containsEntry(
            "transforms.mask.columns", "public:people:odd%2C%3Aname:HASH:0:CDCLAKE_MASK_SALT");
  }

  private static SourceRecord event(Struct before, Struct after) {
    Struct value =
        new Struct(ENVELOPE)
            .put("before", before)
            .put("after", after)
            .put("source", new Struct(SOURCE).put("schema", "public").put("table", "people"))
            .put("op", "u");
    return new SourceRecord(
        Map.of(),
        Map.of(),
        "s.public.people",
        null,
        KEY,
        new Struct(KEY).put("id", "7"),
        ENVELOPE,
        value,
        null,
        new ConnectHeaders());
  }

  private static Struct row(String email) {
    return new Struct(ROW)
        .put("id", "7")
        .put("email", email)
        .put("phone", 5L)
        .put("spots", java.util.List.of("x"));
  }

  private static String hash(String text) {
    return new Mask("x", Kind.HASH, 0, new Secret("X")).apply(text, "pepper");
  }

  private static SourceRecord masked(String masks, SourceRecord record) {
    return transformation(masks, Map.of("CDCLAKE_MASK_SALT", "pepper")).apply(record);
  }

  private static MaskColumns<SourceRecord> transformation(
      String masks, Map<String, String> environment) {
    MaskColumns<SourceRecord> transformation = new MaskColumns<>(environment);
    transformation.configure(
        Map.of(MaskSetting.COLUMNS, MaskSetting.render(pipeline(masks).tables())));
    return transformation;
  }

  private static Pipeline pipeline(String masks) {
    return PipelineText.read(
        """
        project: shop
        tables:
          - name: people
            mask: %s
        """
            .formatted(masks));
  }
}
