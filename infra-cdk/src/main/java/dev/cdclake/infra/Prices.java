/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cdclake.contract.SettingsException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** A dated price file: each price with its source, and what has to be assumed about use. */
final class Prices {

  private final Path file;
  private final JsonNode content;
  private final Set<String> secondHand = new TreeSet<>();
  private final Set<String> unverified = new TreeSet<>();

  private Prices(Path file, JsonNode content) {
    this.file = file;
    this.content = content;
  }

  static Prices read(Path file) {
    try {
      return new Prices(file, new ObjectMapper().readTree(file.toFile()));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read prices from '" + file + "'.", e);
    }
  }

  /** Returns the day the prices were gathered. */
  String dated() {
    return content.get("dated").asText();
  }

  /** Returns the region that the prices hold for. */
  String region() {
    return content.get("region").asText();
  }

  double hoursOfMonth() {
    return content.get("hoursOfMonth").asDouble();
  }

  /** Returns a price in US dollars, and remembers it unless it was read in AWS's price list. */
  double of(String key) {
    JsonNode price = content.get("prices").get(key);
    if (price == null) {
      throw new SettingsException(
          file.toString(),
          List.of(
              "has no price '%s' (expected one for everything that is deployed). Add it with its"
                      .formatted(key)
                  + " source."));
    }
    switch (price.path("verified").asText()) {
      case "yes" -> {}
      case "second-hand" -> secondHand.add(key);
      default -> unverified.add(key);
    }
    return price.get("usd").asDouble();
  }

  /** Returns what is assumed about use, for example gigabytes of the lake. */
  double assumed(String key) {
    return content.get("assumed").get(key).asDouble();
  }

  /** Returns the prices that were used and that somebody else read on AWS's page. */
  List<String> secondHand() {
    return List.copyOf(secondHand);
  }

  /** Returns the prices that were used and that nobody has verified. */
  List<String> unverified() {
    return List.copyOf(unverified);
  }

  /** Returns the prices that say nothing of where they come from. */
  List<String> withoutSource() {
    List<String> without = new ArrayList<>();
    content
        .get("prices")
        .properties()
        .forEach(
            price -> {
              if (price.getValue().path("source").asText().isBlank()) {
                without.add(price.getKey());
              }
            });
    return without;
  }
}
