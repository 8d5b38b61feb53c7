/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cdclake.contract.TextForm;
import java.math.BigDecimal;
import java.time.Instant;

/**
 * One version of one order, made up: every value follows from id and version, so what a table has
 * to hold can be computed from nothing but the newest version of each id.
 */
record OrderVersion(long id, long version) {

  private static final String[] STATUS = {
    "new", "paid", "packed", "shipped", "delivered", "returned"
  };

  private static final int CUSTOMERS = 100_000;
  private static final Instant FIRST_ORDER = Instant.parse("2026-01-01T00:00:00Z");
  private static final int NOTE_PARTS = 8;

  /** Returns the customer of an order, the same in all its versions. */
  static int customer(long id) {
    return (int) Long.remainderUnsigned(mixed(id), CUSTOMERS);
  }

  /** Returns the values in the order and the types of {@link SourceShape#NARROW}. */
  Object[] values() {
    long dice = mixed(id ^ mixed(version));
    return new Object[] {
      id,
      customer(id),
      STATUS[(int) Long.remainderUnsigned(dice, STATUS.length)],
      BigDecimal.valueOf(Long.remainderUnsigned(dice >>> 3, 1_000_000), 2),
      (int) Long.remainderUnsigned(dice >>> 7, 9) + 1,
      Long.remainderUnsigned(dice >>> 11, 100) / 400.0,
      (dice & 1) == 0,
      FIRST_ORDER.plusSeconds(id),
      FIRST_ORDER.plusMillis(version),
      note(dice)
    };
  }

  private static String note(long dice) {
    StringBuilder note = new StringBuilder();
    for (int i = 0; i < NOTE_PARTS; i++) {
      note.append(Long.toHexString(mixed(dice + i) | Long.MIN_VALUE));
    }
    return note.toString();
  }

  /** Returns the row as Debezium writes it with our connector's settings. */
  String json() {
    Object[] values = values();
    return ("{\"id\":%s,\"customer_id\":%s,\"status\":\"%s\",\"total\":\"%s\",\"quantity\":%s,"
            + "\"discount\":%s,\"is_paid\":%s,\"placed_at\":\"%s\",\"updated_at\":\"%s\","
            + "\"note\":\"%s\"}")
        .formatted(values);
  }

  /** Returns the row before a deletion, of which the source logs nothing but the key. */
  String keyJson() {
    return "{\"id\":%d}".formatted(id);
  }

  /** Returns the schema that events of the table carry. */
  static String eventSchema() {
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode schema = mapper.createObjectNode().put("type", "struct");
    ArrayNode parts = schema.putArray("fields");
    for (String part : new String[] {"before", "after"}) {
      ObjectNode row = parts.addObject().put("type", "struct").put("optional", true);
      row.put("field", part);
      ArrayNode columns = row.putArray("fields");
      column(columns, "id", "int64");
      column(columns, "customer_id", "int32");
      column(columns, "status", "string");
      ObjectNode total = column(columns, "total", "string").put("name", TextForm.NUMERIC);
      total.putObject("parameters").put(TextForm.PRECISION, "12").put(TextForm.SCALE, "2");
      column(columns, "quantity", "int32");
      column(columns, "discount", "double");
      column(columns, "is_paid", "boolean");
      column(columns, "placed_at", "string").put("name", "io.debezium.time.ZonedTimestamp");
      column(columns, "updated_at", "string").put("name", "io.debezium.time.ZonedTimestamp");
      column(columns, "note", "string");
    }
    return schema.toString();
  }

  private static ObjectNode column(ArrayNode columns, String name, String type) {
    return columns.addObject().put("type", type).put("optional", false).put("field", name);
  }

  /** Scatters a number over all 64 bits, always the same way. */
  static long mixed(long number) {
    long bits = number + 0x9e3779b97f4a7c15L;
    bits = (bits ^ (bits >>> 30)) * 0xbf58476d1ce4e5b9L;
    bits = (bits ^ (bits >>> 27)) * 0x94d049bb133111ebL;
    return bits ^ (bits >>> 31);
  }
}
