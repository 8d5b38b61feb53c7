/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bronze;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.failure.RejectReason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Takes one Debezium event apart without building it: where {@code before} and {@code after} lie in
 * the bytes, and what identifies the change.
 *
 * <p>An instance is filled anew for every event. Events of one table carry the same schema, byte
 * for byte, until the table changes; a schema that was seen is recognised by comparing bytes and
 * not parsed again. A payload of the usual form is scanned; what is unusual in any way, wrong bytes
 * among it, is given to a JSON parser, so what becomes of an event does not depend on its form.
 * Values with an embedded schema in front, as JsonConverter writes them, and values without one are
 * understood. The fields are those of <a
 * href="https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-change-events-value">Debezium's
 * change event value</a>.
 */
final class ChangeEnvelope {

  private static final JsonFactory JSON = new JsonFactory();
  private static final Pattern LAST_NUMBER = Pattern.compile("(\\d{1,19})\"\\s*]$");
  private static final int SCHEMAS_REMEMBERED = 8;
  private static final List<String> OPERATIONS =
      List.of("c", "u", "d", "r", ChangeColumns.TRUNCATE, ChangeColumns.BARRIER);

  private static final byte[] BEFORE = ascii("before");
  private static final byte[] AFTER = ascii("after");
  private static final byte[] OP = ascii("op");
  private static final byte[] SOURCE = ascii("source");
  private static final byte[] SCHEMA = ascii("schema");
  private static final byte[] PAYLOAD = ascii("payload");
  private static final byte[] LSN = ascii("lsn");
  private static final byte[] SEQUENCE = ascii("sequence");
  private static final byte[] TXID = ascii("txId");
  private static final byte[] TS_US = ascii("ts_us");
  private static final byte[] TS_MS = ascii("ts_ms");
  private static final byte[] SNAPSHOT = ascii("snapshot");
  private static final byte[] A_SNAPSHOT = ascii("\"true\"");
  private static final byte[] NO_SNAPSHOT = ascii("\"false\"");
  private static final byte[] SEQUENCE_BEGIN = ascii("\"[");
  private static final byte[] SEQUENCE_END = ascii("]\"");
  private static final byte[] ESCAPED_QUOTE = ascii("\\\"");
  private static final byte[] NONE = ascii("null");

  private final Deque<KnownSchema> known = new ArrayDeque<>();
  private final CompactJson json = new CompactJson();

  /** What keys of the table begin with; null if they have no schema, or nobody knows yet. */
  private byte[] keyPrefix;

  private byte[] value;
  private int valueStart;
  private int valueEnd;
  private Slice before;
  private Slice after;
  private String schema;
  private String newSchema;
  private String op;
  private long lsn;
  private long previousCommit;
  private long txid;
  private long committedMicros;
  private boolean snapshot;
  private RejectReason rejected;
  private String detail;

  /** A part of the event's bytes; null stands for JSON's null. */
  record Slice(int start, int end) {}

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record KnownSchema(byte[] prefix, String fingerprint) {}

  /**
   * Reads an event that lies in an array; slices count from the beginning of the array.
   *
   * @return false if it cannot be used; {@link #rejected()} and {@link #detail()} say why
   */
  boolean read(ByteBuffer event) {
    return scan(event) || parse(event);
  }

  /** Reads an event of the usual form; returns false for all others, and for unusable ones. */
  private boolean scan(ByteBuffer event) {
    begin(event);
    json.start(value, valueStart, valueEnd);
    for (KnownSchema candidate : known) {
      if (json.take(candidate.prefix)) {
        schema = candidate.fingerprint;
        break;
      }
    }
    return scanPayload() && isUsable();
  }

  /** Reads an event of any form; does the same as {@link #read}, only slower. */
  boolean parse(ByteBuffer event) {
    begin(event);
    try {
      readPayload(payloadStart());
    } catch (JsonProcessingException e) {
      reject(RejectReason.NOT_JSON, e.getOriginalMessage());
    } catch (IOException e) {
      throw new UncheckedIOException("Reading bytes in memory failed.", e);
    }
    return rejected == null && isUsable();
  }

  private void begin(ByteBuffer event) {
    value = event.array();
    valueStart = event.arrayOffset() + event.position();
    valueEnd = event.arrayOffset() + event.limit();
    before = null;
    after = null;
    schema = null;
    newSchema = null;
    op = null;
    lsn = -1;
    previousCommit = 0;
    txid = -1;
    committedMicros = -1;
    snapshot = false;
    rejected = null;
    detail = null;
  }

  private boolean isUsable() {
    if (op == null) {
      return reject(RejectReason.NOT_AN_ENVELOPE, "The payload has no 'op'.");
    }
    if (!OPERATIONS.contains(op)) {
      return reject(RejectReason.NOT_AN_ENVELOPE, "'op' is '" + op + "'.");
    }
    if (lsn < 0) {
      return reject(RejectReason.NOT_AN_ENVELOPE, "The payload has no 'source.lsn'.");
    }
    if (after == null && !"d".equals(op) && !endsRows()) {
      return reject(RejectReason.NOT_AN_ENVELOPE, "'op' is '" + op + "' without 'after'.");
    }
    return true;
  }

  Slice before() {
    return before;
  }

  Slice after() {
    return after;
  }

  /** Fingerprint of the schema that the event carried, null if it carried none. */
  String schema() {
    return schema;
  }

  /** The schema itself when it was not seen before, else null. */
  String newSchema() {
    return newSchema;
  }

  String op() {
    return op;
  }

  /** Whether the event is about all rows of the table that are older. */
  boolean endsRows() {
    return ChangeColumns.TRUNCATE.equals(op) || ChangeColumns.BARRIER.equals(op);
  }

  long lsn() {
    return lsn;
  }

  /** LSN of the commit before the event's transaction; 0 for a row that a snapshot read. */
  long previousCommit() {
    return previousCommit;
  }

  long txid() {
    return txid;
  }

  long committedMicros() {
    return committedMicros;
  }

  /** Whether a snapshot read the row, rather than the write-ahead log. */
  boolean snapshot() {
    return snapshot;
  }

  RejectReason rejected() {
    return rejected;
  }

  String detail() {
    return detail;
  }

  /**
   * Finds the payload of the event's key; keys of one table begin alike, as its events do.
   *
   * @return the slice of the payload; null for JSON's null and for a document without payload
   */
  Slice key(byte[] document) throws IOException {
    json.start(document, 0, document.length);
    if (keyPrefix != null && json.take(keyPrefix)) {
      Slice payload = scanObject();
      if (payload != null && json.take('}') && json.at() == document.length) {
        return payload;
      }
    }
    Slice payload = payload(document);
    boolean isLast = payload != null && payload.end == document.length - 1;
    keyPrefix = isLast ? Arrays.copyOf(document, payload.start) : null;
    return payload;
  }

  /**
   * Finds the payload of a Connect JSON document ({@code {"schema": …, "payload": …}}), or the
   * document itself when it has no schema.
   *
   * @return the slice of the payload; null for JSON's null and for a document without payload
   */
  static Slice payload(byte[] document) throws IOException {
    try (JsonParser parser = JSON.createParser(document)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        return null;
      }
      boolean hasSchema = false;
      Slice payload = null;
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String field = parser.currentName();
        Slice slice = objectAt(parser);
        hasSchema |= "schema".equals(field);
        payload = "payload".equals(field) ? slice : payload;
      }
      return hasSchema ? payload : new Slice(0, document.length);
    }
  }

  /** Returns the number that a Connect JSON document holds, or another one if it holds none. */
  static int number(byte[] document, int otherwise) {
    try (JsonParser parser = JSON.createParser(document)) {
      int number = otherwise;
      int depth = 0;
      for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
        depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
        boolean bare = depth == 0 || (depth == 1 && "payload".equals(parser.currentName()));
        number = bare && token == JsonToken.VALUE_NUMBER_INT ? parser.getIntValue() : number;
      }
      return number;
    } catch (IOException e) {
      return otherwise;
    }
  }

  private boolean scanPayload() {
    if (!json.take('{')) {
      return false;
    }
    do {
      if (!json.takeName() || !scanField()) {
        return false;
      }
    } while (json.take(','));
    return json.take('}');
  }

  private boolean scanField() {
    if (json.isName(BEFORE)) {
      before = null;
      return json.takeNull() || (before = scanObject()) != null;
    }
    if (json.isName(AFTER)) {
      after = null;
      return json.takeNull() || (after = scanObject()) != null;
    }
    if (json.isName(SOURCE)) {
      return scanSource();
    }
    if (json.isName(OP)) {
      op = scanOperation();
      return op != null;
    }
    boolean isDocument = json.isName(SCHEMA) || json.isName(PAYLOAD);
    return !isDocument && json.skipValue();
  }

  private Slice scanObject() {
    int start = json.at();
    return json.skipObject() ? new Slice(start, json.at()) : null;
  }

  /** Returns the operation, null if it is not one of those that are known. */
  private String scanOperation() {
    int start = json.at();
    return json.skipString() && json.at() == start + 3 ? operation(value[start + 1]) : null;
  }

  private static String operation(byte letter) {
    for (String operation : OPERATIONS) {
      if (operation.charAt(0) == letter) {
        return operation;
      }
    }
    return null;
  }

  private boolean scanSource() {
    if (!json.take('{')) {
      return false;
    }
    do {
      if (!json.takeName() || !scanSourceField()) {
        return false;
      }
    } while (json.take(','));
    return json.take('}');
  }

  private boolean scanSourceField() {
    if (json.isName(LSN)) {
      return json.takeNull() || (lsn = json.takeNumber()) >= 0;
    }
    if (json.isName(SEQUENCE)) {
      return json.takeNull() || scanSequence();
    }
    if (json.isName(TXID)) {
      return json.takeNull() || (txid = json.takeNumber()) >= 0;
    }
    if (json.isName(TS_US)) {
      return json.takeNull() || (committedMicros = json.takeNumber()) >= 0;
    }
    if (json.isName(TS_MS)) {
      long millis = json.takeNumber();
      if (committedMicros < 0) {
        committedMicros = millis * 1000;
      }
      return millis >= 0;
    }
    if (json.isName(SNAPSHOT)) {
      snapshot = json.take(A_SNAPSHOT);
      return snapshot || json.takeNull() || json.take(NO_SNAPSHOT);
    }
    return json.skipValue();
  }

  /** Reads {@code "[\"1\",\"2\"]"}, or null in place of the first. */
  private boolean scanSequence() {
    if (!json.take(SEQUENCE_BEGIN)) {
      return false;
    }
    boolean isFirst = json.take(NONE);
    previousCommit = isFirst ? 0 : scanPosition();
    boolean hasNext = json.take(',');
    long position = scanPosition();
    lsn = snapshot ? position : lsn;
    return hasNext && previousCommit >= 0 && position >= 0 && json.take(SEQUENCE_END);
  }

  /** Reads {@code \"1\"}; returns -1 for anything else. */
  private long scanPosition() {
    long position = json.take(ESCAPED_QUOTE) ? json.takeDigits() : -1;
    return json.take(ESCAPED_QUOTE) ? position : -1;
  }

  private void readSequence(String sequence) {
    previousCommit = firstOf(sequence);
    // What an incremental snapshot reads has its position nowhere else.
    lsn = snapshot ? lastNumber(sequence, lsn) : lsn;
  }

  /** Returns where the payload starts, and sets the schema in passing. */
  private int payloadStart() throws IOException {
    for (KnownSchema candidate : known) {
      int end = valueStart + candidate.prefix.length;
      if (valueEnd > end
          && Arrays.equals(value, valueStart, end, candidate.prefix, 0, candidate.prefix.length)) {
        schema = candidate.fingerprint;
        return end;
      }
    }
    try (JsonParser parser = JSON.createParser(value, valueStart, valueEnd - valueStart)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        return valueStart;
      }
      Slice schemaSlice = null;
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String field = parser.currentName();
        if ("payload".equals(field) && schemaSlice != null) {
          parser.nextToken();
          int start = valueStart + (int) parser.currentTokenLocation().getByteOffset();
          learn(schemaSlice, start);
          return start;
        }
        Slice slice = objectAt(parser);
        if ("schema".equals(field)) {
          schemaSlice = shift(slice, valueStart);
        }
      }
      return valueStart;
    }
  }

  private void learn(Slice schemaSlice, int payloadStart) {
    byte[] bytes = Arrays.copyOfRange(value, schemaSlice.start, schemaSlice.end);
    schema = fingerprint(bytes);
    newSchema = new String(bytes, StandardCharsets.UTF_8);
    known.addFirst(new KnownSchema(Arrays.copyOfRange(value, valueStart, payloadStart), schema));
    if (known.size() > SCHEMAS_REMEMBERED) {
      known.removeLast();
    }
  }

  private void readPayload(int start) throws IOException {
    try (JsonParser parser = JSON.createParser(value, start, valueEnd - start)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        reject(RejectReason.NOT_AN_ENVELOPE, "The payload is not an object.");
        return;
      }
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        switch (parser.currentName()) {
          case "before" -> before = shift(objectAt(parser), start);
          case "after" -> after = shift(objectAt(parser), start);
          case "op" -> op = parser.nextTextValue();
          case "source" -> readSource(parser);
          default -> {
            parser.nextToken();
            parser.skipChildren();
          }
        }
      }
    }
  }

  private void readSource(JsonParser parser) throws IOException {
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      parser.skipChildren();
      return;
    }
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String field = parser.currentName();
      JsonToken token = parser.nextToken();
      boolean number = token == JsonToken.VALUE_NUMBER_INT;
      switch (field) {
        case "lsn" -> lsn = number ? parser.getLongValue() : lsn;
        case "sequence" -> {
          if (token == JsonToken.VALUE_STRING) {
            readSequence(parser.getText());
          }
        }
        case "txId" -> txid = number ? parser.getLongValue() : txid;
        case "ts_us" -> committedMicros = number ? parser.getLongValue() : committedMicros;
        case "ts_ms" -> {
          if (number && committedMicros < 0) {
            committedMicros = parser.getLongValue() * 1000;
          }
        }
        case "snapshot" ->
            snapshot =
                token == JsonToken.VALUE_TRUE
                    || (token == JsonToken.VALUE_STRING && !"false".equals(parser.getText()));
        default -> parser.skipChildren();
      }
    }
  }

  /** Reads the first part of {@code ["24023128","24024992"]}; null stands for none. */
  private static long firstOf(String sequence) {
    int start = sequence.indexOf('"') + 1;
    int end = sequence.indexOf('"', start);
    if (start != 2 || end < 0) {
      return 0;
    }
    try {
      return Long.parseLong(sequence, start, end, 10);
    } catch (NumberFormatException e) {
      // Not Debezium's; the event then counts as one of a snapshot.
      return 0;
    }
  }

  /** Reads {@code ["1","2"]}: the last commit before the event, and the event's position. */
  private static long lastNumber(String sequence, long otherwise) {
    Matcher number = LAST_NUMBER.matcher(sequence);
    return number.find() ? Long.parseLong(number.group(1)) : otherwise;
  }

  private boolean reject(RejectReason reason, String why) {
    rejected = reason;
    detail = why;
    return false;
  }

  /** Moves over the next value and returns its place if it is an object, else null. */
  private static Slice objectAt(JsonParser parser) throws IOException {
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      parser.skipChildren();
      return null;
    }
    int start = (int) parser.currentTokenLocation().getByteOffset();
    parser.skipChildren();
    return new Slice(start, (int) parser.currentLocation().getByteOffset());
  }

  private static Slice shift(Slice slice, int by) {
    return slice == null ? null : new Slice(slice.start + by, slice.end + by);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static String fingerprint(byte[] schema) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(schema);
      return HexFormat.of().formatHex(digest, 0, 8);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java platform has SHA-256.", e);
    }
  }
}
