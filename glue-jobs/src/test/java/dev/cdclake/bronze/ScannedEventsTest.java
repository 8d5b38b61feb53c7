/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bronze;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.bronze.ChangeEnvelope.Slice;
import dev.cdclake.fixture.Changes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What is scanned must become what the JSON parser makes of it, whatever the bytes are. */
class ScannedEventsTest {

  private static final int EVENTS = 20_000;

  private static final String SCHEMA =
      "{\"type\":\"struct\",\"fields\":[{\"field\":\"payload\",\"type\":\"string\"}],\"n\":[1,{\"a\":{}}]}";

  private static final List<String> VALUES =
      List.of(
          "null",
          "true",
          "false",
          "0",
          "-0",
          "17",
          "-1.5e+9",
          "9E3",
          "01",
          "1.",
          "-",
          ".5",
          "nul",
          "truex",
          "nullnull",
          "\"\"",
          "\"new\"",
          "\"né ✓ 支払い 💶\"",
          "\"\\u00e9\\n\\\"\\\\\\/\"",
          "\"\\x\"",
          "\"\\u12g4\"",
          "\"a\tb\"",
          "{}",
          "[]",
          "[1,\"}\",{\"b\":[null]}]",
          "[1,]",
          "{\"op\":\"d\"}",
          "{\"a\":{\"b\":{\"c\":\"}\"}}}",
          "{\"a\\u0062\":1}",
          "{,}",
          "{\"a\"null}",
          " 1",
          "123456789012345678901234567890",
          "{\"a\": 1}");

  private static final List<String> SOURCE_VALUES =
      List.of(
          "null",
          "1",
          "0",
          "-5",
          "007",
          "4711",
          "999999999999999999",
          "9223372036854775807",
          "99999999999999999999",
          "1.5",
          "1e3",
          "true",
          "false",
          "\"true\"",
          "\"false\"",
          "\"first\"",
          "\"incremental\"",
          "\"\\u0066alse\"",
          "\"[\\\"11\\\",\\\"22\\\"]\"",
          "\"[null,\\\"22\\\"]\"",
          "\"[\\\"11\\\",null]\"",
          "\"[\\\"11\\\", \\\"22\\\"]\"",
          "\"[\\\"a\\\",\\\"22\\\"]\"",
          "\"[\\\"011\\\",\\\"022\\\"]\"",
          "\"anything\"",
          "\"\"",
          "[1]");

  private final Random random = new Random(7);

  @Test
  void generatedEventsAreReadAsTheParserReadsThem() {
    ChangeEnvelope scanning = new ChangeEnvelope();
    ChangeEnvelope parsing = new ChangeEnvelope();
    int usable = 0;
    for (int i = 0; i < EVENTS; i++) {
      usable += assertSame(scanning, parsing, bytes(event())) ? 1 : 0;
    }
    assertThat(usable).as("of which can be used").isGreaterThan(EVENTS / 10);
  }

  @Test
  void damagedEventsAreReadAsTheParserReadsThem() {
    ChangeEnvelope scanning = new ChangeEnvelope();
    ChangeEnvelope parsing = new ChangeEnvelope();
    byte[] whole =
        Changes.of("orders")
            .column("status", "string")
            .update(3)
            .at(4711)
            .set("status", "né ✓ 💶 \"x\"\n")
            .value();
    assertSame(scanning, parsing, whole);
    int payload = new String(whole, StandardCharsets.ISO_8859_1).indexOf("\"payload\"");
    for (int at = payload; at < whole.length; at++) {
      assertSame(scanning, parsing, Arrays.copyOf(whole, at));
      for (int other : new int[] {0, ' ', '"', '\\', '{', '}', ',', '1', 'n', 0x80, 0xC3, 0xFF}) {
        byte[] damaged = whole.clone();
        damaged[at] = (byte) other;
        assertSame(scanning, parsing, damaged);
      }
    }
  }

  @Test
  void keysAreReadAsTheParserReadsThem() {
    ChangeEnvelope envelope = new ChangeEnvelope();
    for (int i = 0; i < EVENTS; i++) {
      String key =
          pick("{\"schema\":{\"type\":\"struct\"},\"payload\":", "{\"payload\":", "")
              + pick("{\"id\":1}", "{\"id\":\"né\"}", "{}", "null", "{\"id\":", "1", pick(VALUES))
              + pick("}", "", " }", "}}", ",\"schema\":{}}");
      byte[] document = bytes(key);
      assertThat(key(envelope, document)).as(key).isEqualTo(parsedKey(document));
    }
  }

  private static String key(ChangeEnvelope envelope, byte[] document) {
    try {
      return String.valueOf(envelope.key(document));
    } catch (IOException e) {
      return e.getMessage();
    }
  }

  private static String parsedKey(byte[] document) {
    try {
      return String.valueOf(ChangeEnvelope.payload(document));
    } catch (IOException e) {
      return e.getMessage();
    }
  }

  /** Makes an event, most of them usable, with its fields in any order. */
  private String event() {
    List<String> source = new ArrayList<>();
    source.add(field("lsn", random.nextInt(8) > 0 ? "4711" : pick(SOURCE_VALUES)));
    source.add(field("sequence", pick(SOURCE_VALUES)));
    source.add(field("snapshot", pick(SOURCE_VALUES)));
    for (String name : List.of("txId", "ts_ms", "ts_us", "table")) {
      source.add(field(name, random.nextInt(4) > 0 ? "17" : pick(SOURCE_VALUES)));
    }
    List<String> payload = new ArrayList<>();
    payload.add(field("before", pick("null", "null", row())));
    payload.add(field("after", pick("null", row(), row())));
    payload.add(field("source", random.nextInt(20) > 0 ? object(source) : pick(VALUES)));
    payload.add(field("op", pick("\"c\"", "\"u\"", "\"d\"", "\"r\"", "\"t\"", "\"x\"", "1")));
    payload.add(field("ts_ms", "5"));
    if (random.nextInt(10) == 0) {
      payload.add(field(pick("schema", "payload", "op", "after", "o\\u0070"), pick(VALUES)));
    }
    String text = object(payload);
    String schema = random.nextInt(4) > 0 ? SCHEMA : SCHEMA.replace("1", "" + random.nextInt(20));
    return random.nextInt(3) == 0 ? text : "{\"schema\":" + schema + ",\"payload\":" + text + "}";
  }

  private String row() {
    List<String> fields = new ArrayList<>(List.of(field("id", "1"), field("né", "\"}\\\"{\"")));
    if (random.nextInt(3) == 0) {
      fields.add(field("value", pick(VALUES)));
    }
    return object(fields);
  }

  private String object(List<String> fields) {
    if (random.nextBoolean()) {
      Collections.shuffle(fields, random);
    }
    if (random.nextInt(20) == 0) {
      fields.remove(0);
    }
    return "{" + String.join(random.nextInt(50) == 0 ? ", " : ",", fields) + "}";
  }

  private static String field(String name, String value) {
    return "\"" + name + "\":" + value;
  }

  private String pick(String... values) {
    return values[random.nextInt(values.length)];
  }

  private String pick(List<String> values) {
    return values.get(random.nextInt(values.size()));
  }

  /** Reads bytes that lie anywhere in an array, as Kafka's do. */
  private boolean assertSame(ChangeEnvelope scanning, ChangeEnvelope parsing, byte[] event) {
    int before = random.nextInt(5);
    byte[] array = new byte[before + event.length + random.nextInt(5)];
    Arrays.fill(array, (byte) '}');
    System.arraycopy(event, 0, array, before, event.length);
    ByteBuffer buffer = ByteBuffer.wrap(array, before, event.length);
    String text = new String(event, StandardCharsets.UTF_8);

    boolean readable = scanning.read(buffer);
    assertThat(readable).as(text).isEqualTo(parsing.parse(buffer));
    assertThat(outcome(scanning, array)).as(text).isEqualTo(outcome(parsing, array));
    return readable;
  }

  private static String outcome(ChangeEnvelope envelope, byte[] array) {
    return List.of(
            text(array, envelope.before()),
            text(array, envelope.after()),
            String.valueOf(envelope.schema()),
            String.valueOf(envelope.newSchema()),
            String.valueOf(envelope.op()),
            envelope.lsn(),
            envelope.previousCommit(),
            envelope.txid(),
            envelope.committedMicros(),
            envelope.snapshot(),
            Objects.toString(envelope.rejected()),
            String.valueOf(envelope.detail()))
        .toString();
  }

  private static String text(byte[] array, Slice slice) {
    return slice == null
        ? "null"
        : new String(array, slice.start(), slice.end() - slice.start(), StandardCharsets.UTF_8);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
