/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.Serializable;
import java.util.Set;
import java.util.TreeSet;

/**
 * What a batch of bronze rows holds, kept in its snapshot summary so that silver can plan without
 * reading the rows.
 *
 * @param rows number of events
 * @param moves number of events that say which key a row had before
 * @param truncates number of TRUNCATE events
 * @param schemas fingerprints of the schemas that the events carried
 */
public record ChangeContents(long rows, long moves, long truncates, Set<String> schemas)
    implements Serializable {

  /** Key in the summary of a bronze snapshot. */
  public static final String KEY = "cdclake.contents";

  /** No rows. */
  public static final ChangeContents NONE = new ChangeContents(0, 0, 0, Set.of());

  private static final ObjectMapper JSON = new ObjectMapper();

  public ChangeContents {
    schemas = new TreeSet<>(schemas);
  }

  /** Returns what both hold together. */
  public ChangeContents plus(ChangeContents other) {
    Set<String> all = new TreeSet<>(schemas);
    all.addAll(other.schemas);
    return new ChangeContents(
        rows + other.rows, moves + other.moves, truncates + other.truncates, all);
  }

  /** Writes the summary's value. */
  public String toJson() {
    try {
      return JSON.writeValueAsString(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("Cannot write the contents of a batch as JSON.", e);
    }
  }

  /** Reads the summary's value. */
  public static ChangeContents fromJson(String json) {
    try {
      return JSON.readValue(json, ChangeContents.class);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("Cannot read the contents of a batch '" + json + "'.", e);
    }
  }
}
