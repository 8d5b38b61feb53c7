/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types;
import org.apache.spark.sql.catalyst.expressions.XXH64;
import org.apache.spark.unsafe.Platform;

/**
 * Hashes of the values that identify a row, 64 bits wide: equal keys have equal hashes, whether
 * they come from an event or from a file, and whatever narrower type the file was written with.
 */
public final class KeyHash {

  private static final long SEED = 42;

  private KeyHash() {}

  /** Hashes a key. */
  public static long of(List<?> values) {
    long hash = SEED;
    for (Object value : values) {
      hash = combine(hash, ofValue(value));
    }
    return hash;
  }

  /** Whether equal values of two types of columns have equal hashes. */
  public static boolean isSame(Type one, Type other) {
    if (one instanceof Types.DecimalType decimal && other instanceof Types.DecimalType wider) {
      return decimal.scale() == wider.scale();
    }
    return (isWhole(one) && isWhole(other)) || (hasHash(one) && one.equals(other));
  }

  /** Whether the hash of a key of one value tells the value: no other one has the same hash. */
  static boolean tellsValue(Type type) {
    return isWhole(type);
  }

  /** Returns the whole number that is the only value of the key with a hash. */
  static long valueOf(long hash) {
    return unmixed(hash) - SEED * 31;
  }

  private static boolean isWhole(Type type) {
    return type.typeId() == Type.TypeID.INTEGER || type.typeId() == Type.TypeID.LONG;
  }

  private static boolean hasHash(Type type) {
    return switch (type.typeId()) {
      case BOOLEAN, INTEGER, LONG, DATE, TIMESTAMP, FLOAT, DOUBLE, STRING, BINARY, DECIMAL -> true;
      default -> false;
    };
  }

  /** Hashes a key of one value, which may be null. */
  public static long ofSingle(Object value) {
    return value == null ? SEED : of(List.of(value));
  }

  /** The hash of a key before its first value. */
  static long start() {
    return SEED;
  }

  /** Adds the hash of the next value of a key, and spreads what comes of it. */
  static long combine(long hash, long value) {
    return mixed(hash * 31 + value);
  }

  /** A whole number is its own hash: it is spread when it is combined. */
  static long of(long value) {
    return value;
  }

  static long of(double value) {
    // Two zeros are one key to PostgreSQL.
    return Double.doubleToLongBits(value == 0 ? 0 : value);
  }

  static long of(byte[] value) {
    return XXH64.hashUnsafeBytes(value, Platform.BYTE_ARRAY_OFFSET, value.length, SEED);
  }

  private static long ofValue(Object value) {
    if (value instanceof Integer || value instanceof Long) {
      return of(((Number) value).longValue());
    }
    if (value instanceof String text) {
      return of(text.getBytes(StandardCharsets.UTF_8));
    }
    if (value instanceof BigDecimal number) {
      return of(number.unscaledValue().longValue());
    }
    if (value instanceof LocalDate date) {
      return of(date.toEpochDay());
    }
    if (value instanceof Instant instant) {
      return of(ChronoUnit.MICROS.between(Instant.EPOCH, instant));
    }
    if (value instanceof LocalDateTime time) {
      return of(ChronoUnit.MICROS.between(Instant.EPOCH, time.toInstant(ZoneOffset.UTC)));
    }
    if (value instanceof Boolean bool) {
      return of(bool ? 1L : 0L);
    }
    if (value instanceof Float || value instanceof Double) {
      return of(((Number) value).doubleValue());
    }
    if (value instanceof byte[] bytes) {
      return of(bytes);
    }
    throw new IllegalArgumentException("No key has values of " + value.getClass());
  }

  /** Spreads neighbours; the last step of MurmurHash3. */
  private static long mixed(long value) {
    long mixed = value;
    mixed = (mixed ^ (mixed >>> 33)) * 0xff51afd7ed558ccdL;
    mixed = (mixed ^ (mixed >>> 33)) * 0xc4ceb9fe1a85ec53L;
    return mixed ^ (mixed >>> 33);
  }

  /** Undoes {@link #mixed}: each step has an inverse, of a factor the one modulo 2^64. */
  private static long unmixed(long mixed) {
    long value = mixed ^ (mixed >>> 33);
    value = value * 0x9cb4b2f8129337dbL;
    value = (value ^ (value >>> 33)) * 0x4f74430c22a54005L;
    return value ^ (value >>> 33);
  }
}
