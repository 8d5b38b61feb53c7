/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.verify;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.math.BigDecimal;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.postgresql.util.HStoreConverter;

/** How a text that source and lake spell differently by design is brought to one form. */
enum Spelling {
  /** As the type of the lake's column says; two texts are equal if they are the same. */
  OF_TYPE {
    @Override
    String ofText(String text) {
      return text;
    }
  },
  /** A {@code real}, whose column is a {@code double} in a lake that had wider values before. */
  REAL {
    @Override
    String ofText(String text) {
      return text;
    }
  },
  /** Pairs as a JSON object or as hstore spells them, whatever their order. */
  PAIRS {
    @Override
    String ofText(String text) {
      try {
        return SORTED.writeValueAsString(
            text.startsWith("{")
                ? SORTED.readValue(text, TreeMap.class)
                : HStoreConverter.fromString(text));
      } catch (JsonProcessingException e) {
        return text;
      }
    }
  },
  /** Texts with numbers in them, whatever the digits of the numbers: {@code 1e+20} is 1.0E20. */
  NUMBERS {
    @Override
    String ofText(String text) {
      return NUMBER
          .matcher(text)
          .replaceAll(number -> Double.toString(Double.parseDouble(number.group())));
    }
  },
  /** ISO 8601 as Debezium writes it, or months, days and microseconds. */
  INTERVAL {
    @Override
    String ofText(String text) {
      Matcher parts = ISO.matcher(text);
      if (!parts.matches()) {
        return text;
      }
      long months = Long.parseLong(parts.group(1)) * 12 + Long.parseLong(parts.group(2));
      long minutes = Long.parseLong(parts.group(4)) * 60 + Long.parseLong(parts.group(5));
      BigDecimal seconds =
          new BigDecimal(parts.group(6)).add(BigDecimal.valueOf(minutes).multiply(SIXTY));
      return "%d %s %d"
          .formatted(months, parts.group(3), seconds.movePointRight(6).longValueExact());
    }
  };

  private static final ObjectMapper SORTED =
      new ObjectMapper().enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS);
  private static final Pattern NUMBER = Pattern.compile("-?\\d+(\\.\\d+)?(e[+-]?\\d+)?");
  private static final Pattern ISO =
      Pattern.compile("P(-?\\d+)Y(-?\\d+)M(-?\\d+)DT(-?\\d+)H(-?\\d+)M(-?[\\d.]+)S");
  private static final BigDecimal SIXTY = BigDecimal.valueOf(60);

  /** Returns the one form of a text. */
  abstract String ofText(String text);
}
