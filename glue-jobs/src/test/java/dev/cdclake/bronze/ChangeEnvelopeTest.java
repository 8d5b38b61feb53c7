/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bronze;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cdclake.bronze.ChangeEnvelope.Slice;
import dev.cdclake.failure.RejectReason;
import dev.cdclake.fixture.Changes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChangeEnvelopeTest {

  @Test
  void commitBeforeTheTransactionIsReadFromTheSequence() {
    assertThat(previousCommit("\"[\\\"24023128\\\",\\\"24024992\\\"]\"")).isEqualTo(24023128);
    assertThat(previousCommit("\"[null,\\\"24024992\\\"]\"")).isZero();
    assertThat(previousCommit("\"anything\"")).isZero();
    assertThat(previousCommit("null")).isZero();
  }

  private static long previousCommit(String sequence) {
    ChangeEnvelope envelope = new ChangeEnvelope();
    envelope.read(
        ByteBuffer.wrap(
            bytes(
                "{\"op\":\"c\",\"after\":{},\"source\":{\"lsn\":1,\"sequence\":"
                    + sequence
                    + "}}")));
    return envelope.previousCommit();
  }

  private static final Changes ORDERS =
      Changes.of("orders").column("status", "string").column("note", "string");

  private final ChangeEnvelope envelope = new ChangeEnvelope();

  @Test
  void eventWithSchemaYieldsItsCoordinates() {
    assertThat(read(ORDERS.insert(3).at(4711).value())).isTrue();

    assertThat(envelope.op()).isEqualTo("c");
    assertThat(envelope.lsn()).isEqualTo(4711);
    assertThat(envelope.txid()).isEqualTo(700);
    assertThat(envelope.snapshot()).isFalse();
    assertThat(envelope.rejected()).isNull();
  }

  /** Recorded from Debezium 3.7: LSN and transaction are null there. */
  @Test
  void incrementalSnapshotTakesItsPositionFromTheSequence() {
    byte[] event =
        ("{\"before\":null,\"after\":{\"id\":1},\"source\":{\"snapshot\":\"incremental\",\"db\":\"it\","
                + "\"sequence\":\"[\\\"26831500\\\",\\\"26831584\\\"]\",\"table\":\"expired\","
                + "\"txId\":null,\"lsn\":null,\"xmin\":null},\"op\":\"r\"}")
            .getBytes(StandardCharsets.UTF_8);

    assertThat(read(event)).isTrue();
    assertThat(envelope.lsn()).isEqualTo(26_831_584);
    assertThat(envelope.snapshot()).isTrue();
  }

  @Test
  void numberOfAHeaderIsReadWithAndWithoutItsSchema() {
    assertThat(number("{\"schema\":{\"type\":\"int8\",\"version\":7},\"payload\":2}")).isEqualTo(2);
    assertThat(number("3")).isEqualTo(3);
    assertThat(number("\"x\"")).isEqualTo(1);
  }

  private static int number(String header) {
    return ChangeEnvelope.number(header.getBytes(StandardCharsets.UTF_8), 1);
  }

  @Test
  void rowAfterTheChangeIsCutOutOfTheBytes() throws IOException {
    byte[] event = ORDERS.update(3).set("status", "paid").value();

    read(event);

    assertThat(text(event, envelope.after()))
        .isEqualTo("{\"id\":3,\"status\":\"paid\",\"note\":null}");
    assertThat(envelope.before()).isNull();
  }

  @Test
  void rowBeforeADeleteIsCutOutOfTheBytes() {
    byte[] event = ORDERS.delete(3).set("status", "paid").value();

    assertThat(read(event)).isTrue();
    assertThat(text(event, envelope.before()))
        .isEqualTo("{\"id\":3,\"status\":\"paid\",\"note\":null}");
    assertThat(envelope.after()).isNull();
  }

  @Test
  void unicodeDoesNotShiftTheSlices() throws IOException {
    byte[] event = ORDERS.insert(3).set("status", "bezahlt ✓ 支払い済み 💶").set("note", "é").value();

    read(event);

    String after = text(event, envelope.after());
    assertThat(new ObjectMapper().readTree(after).get("status").asText())
        .isEqualTo("bezahlt ✓ 支払い済み 💶");
    assertThat(after).endsWith("\"note\":\"é\"}");
  }

  @Test
  void quotesAndBracesInAValueDoNotEndTheRow() throws IOException {
    String hostile = "}}\"},\"op\":\"d\",{[\\\"\\\\";
    byte[] event = ORDERS.insert(3).set("note", hostile).value();

    assertThat(read(event)).isTrue();

    assertThat(envelope.op()).isEqualTo("c");
    assertThat(new ObjectMapper().readTree(text(event, envelope.after())).get("note").asText())
        .isEqualTo(hostile);
  }

  @Test
  void firstEventBringsItsSchemaAndFingerprint() {
    read(ORDERS.insert(3).value());

    assertThat(envelope.newSchema()).isEqualTo(ORDERS.schema());
    assertThat(envelope.schema()).matches("[0-9a-f]{16}");
  }

  @Test
  void schemaThatWasSeenIsRecognisedAndNotBroughtAgain() {
    read(ORDERS.insert(3).value());
    String fingerprint = envelope.schema();

    byte[] second = ORDERS.update(4).at(99).set("status", "paid").value();
    assertThat(read(second)).isTrue();

    assertThat(envelope.schema()).isEqualTo(fingerprint);
    assertThat(envelope.newSchema()).isNull();
    assertThat(envelope.lsn()).isEqualTo(99);
    assertThat(text(second, envelope.after()))
        .isEqualTo("{\"id\":4,\"status\":\"paid\",\"note\":null}");
  }

  @Test
  void changedSchemaHasAnotherFingerprint() {
    read(ORDERS.insert(3).value());
    String before = envelope.schema();

    read(ORDERS.column("total", "int64").insert(3).value());

    assertThat(envelope.schema()).isNotEqualTo(before);
    assertThat(envelope.newSchema()).contains("\"total\"");
  }

  @Test
  void schemasThatAlternateAreBothRemembered() {
    Changes wider = ORDERS.column("total", "int64");
    read(ORDERS.insert(1).value());
    read(wider.insert(2).value());

    read(ORDERS.insert(3).value());
    assertThat(envelope.newSchema()).isNull();
    read(wider.insert(4).value());
    assertThat(envelope.newSchema()).isNull();
  }

  @Test
  void schemaForgottenAmongManyIsBroughtAgainUnderTheSameFingerprint() {
    read(ORDERS.insert(1).value());
    String fingerprint = envelope.schema();
    for (int i = 0; i < 9; i++) {
      read(ORDERS.column("more" + i, "int32").insert(1).value());
    }

    read(ORDERS.insert(2).value());

    assertThat(envelope.schema()).isEqualTo(fingerprint);
    assertThat(envelope.newSchema()).isEqualTo(ORDERS.schema());
  }

  @Test
  void eventWithoutSchemaIsReadAndNamesNone() {
    byte[] event = ORDERS.insert(3).at(5).set("status", "new").schemaless();

    assertThat(read(event)).isTrue();

    assertThat(envelope.schema()).isNull();
    assertThat(envelope.newSchema()).isNull();
    assertThat(envelope.lsn()).isEqualTo(5);
    assertThat(text(event, envelope.after()))
        .isEqualTo("{\"id\":3,\"status\":\"new\",\"note\":null}");
  }

  @Test
  void nothingOfAnEarlierEventIsLeftInTheNext() {
    read(ORDERS.read(3).at(5).value());
    read(bytes("{}"));

    assertThat(envelope.after()).isNull();
    assertThat(envelope.schema()).isNull();
    assertThat(envelope.op()).isNull();
    assertThat(envelope.lsn()).isEqualTo(-1);
    assertThat(envelope.txid()).isEqualTo(-1);
    assertThat(envelope.committedMicros()).isEqualTo(-1);
    assertThat(envelope.snapshot()).isFalse();
  }

  @Test
  void truncateNeedsNoRow() {
    assertThat(read(ORDERS.truncate().at(8).value())).isTrue();

    assertThat(envelope.op()).isEqualTo("t");
    assertThat(envelope.before()).isNull();
    assertThat(envelope.after()).isNull();
  }

  @ParameterizedTest
  @CsvSource({
    "true, true",
    "first, true",
    "first_in_data_collection, true",
    "last_in_data_collection, true",
    "last, true",
    "incremental, true",
    "false, false"
  })
  void snapshotMarkerTellsRowsReadFromRowsStreamed(String marker, boolean snapshot) {
    read(ORDERS.read(3).snapshot(marker).value());

    assertThat(envelope.snapshot()).isEqualTo(snapshot);
  }

  @Test
  void snapshotMarkerMayBeABoolean() {
    read(ORDERS.read(3).source("snapshot", true).value());
    assertThat(envelope.snapshot()).isTrue();

    read(ORDERS.read(3).source("snapshot", false).value());
    assertThat(envelope.snapshot()).isFalse();
  }

  @Test
  void commitTimeIsTakenInMicrosecondsWhereTheSourceHasThem() {
    read(ORDERS.insert(3).source("ts_ms", 1_000).source("ts_us", 1_000_123).value());

    assertThat(envelope.committedMicros()).isEqualTo(1_000_123);
  }

  @Test
  void commitTimeFallsBackToMilliseconds() {
    read(ORDERS.insert(3).source("ts_ms", 1_000).source("ts_us", null).value());

    assertThat(envelope.committedMicros()).isEqualTo(1_000_000);
  }

  @Test
  void microsecondsWinInEitherOrderOfTheFields() {
    read(bytes("{\"op\":\"d\",\"source\":{\"ts_us\":7,\"lsn\":1,\"ts_ms\":5},\"before\":null}"));

    assertThat(envelope.committedMicros()).isEqualTo(7);
  }

  @Test
  void textIsNotJson() {
    assertRejected(bytes("hello"), RejectReason.NOT_JSON);
    assertThat(envelope.detail()).contains("Unrecognized token 'hello'");
  }

  @Test
  void nothingButBlanksIsNoEnvelope() {
    assertRejected(bytes("  "), RejectReason.NOT_AN_ENVELOPE);
  }

  @Test
  void eventCutOffAnywhereInItsPayloadIsNotJson() {
    byte[] event = ORDERS.insert(3).set("note", "abc").value();
    int payload = new String(event, StandardCharsets.UTF_8).indexOf("\"payload\":") + 10;
    // The last two bytes close payload and document.
    for (int length = payload + 1; length < event.length - 2; length++) {
      assertRejected(Arrays.copyOf(event, length), RejectReason.NOT_JSON);
    }
  }

  @Test
  void eventCutOffInItsSchemaIsNotJson() {
    assertRejected(Arrays.copyOf(ORDERS.insert(3).value(), 200), RejectReason.NOT_JSON);
  }

  @Test
  void arrayIsNoEnvelope() {
    assertRejected(bytes("[1, 2]"), RejectReason.NOT_AN_ENVELOPE);
    assertThat(envelope.detail()).isEqualTo("The payload is not an object.");
  }

  @Test
  void eventWithoutOpIsNoEnvelope() {
    assertRejected(bytes("{\"id\": 3}"), RejectReason.NOT_AN_ENVELOPE);
    assertThat(envelope.detail()).isEqualTo("The payload has no 'op'.");
  }

  @Test
  void eventWithoutLsnIsNoEnvelope() {
    assertRejected(ORDERS.insert(3).source("lsn", null).value(), RejectReason.NOT_AN_ENVELOPE);
    assertThat(envelope.detail()).isEqualTo("The payload has no 'source.lsn'.");
  }

  @Test
  void insertWithoutRowIsNoEnvelope() {
    assertRejected(
        bytes("{\"op\":\"c\",\"after\":null,\"source\":{\"lsn\":1}}"),
        RejectReason.NOT_AN_ENVELOPE);
    assertThat(envelope.detail()).isEqualTo("'op' is 'c' without 'after'.");
  }

  @Test
  void lsnBeyondLongIsRejectedRatherThanWrapped() {
    assertRejected(
        bytes("{\"op\":\"d\",\"source\":{\"lsn\":99999999999999999999}}"), RejectReason.NOT_JSON);
  }

  @Test
  void keyIsThePayloadOfItsDocument() throws IOException {
    byte[] key = ORDERS.insert(3).key();

    assertThat(text(key, ChangeEnvelope.payload(key))).isEqualTo("{\"id\":3}");
  }

  @Test
  void keyWithoutSchemaIsTheWholeDocument() throws IOException {
    byte[] key = bytes("{\"id\":3}");

    assertThat(text(key, ChangeEnvelope.payload(key))).isEqualTo("{\"id\":3}");
  }

  @Test
  void keyWithNullPayloadIsNoKey() throws IOException {
    assertThat(ChangeEnvelope.payload(bytes("{\"schema\":null,\"payload\":null}"))).isNull();
  }

  @Test
  void keyThatIsNoObjectIsNoKey() throws IOException {
    assertThat(ChangeEnvelope.payload(bytes("17"))).isNull();
  }

  @Test
  void keyThatIsNotJsonIsRefused() {
    assertThatThrownBy(() -> ChangeEnvelope.payload(bytes("{\"id\":")))
        .isInstanceOf(JsonProcessingException.class)
        .hasMessageContaining("Unexpected end-of-input");
  }

  private boolean read(byte[] event) {
    return envelope.read(ByteBuffer.wrap(event));
  }

  private void assertRejected(byte[] event, RejectReason reason) {
    assertThat(read(event)).isFalse();
    assertThat(envelope.rejected()).isEqualTo(reason);
    assertThat(envelope.detail()).isNotBlank();
  }

  private static String text(byte[] event, Slice slice) {
    return new String(event, slice.start(), slice.end() - slice.start(), StandardCharsets.UTF_8);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
