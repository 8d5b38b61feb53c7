/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cdclake.contract.ChangeColumns;
import java.util.List;
import java.util.Set;
import org.apache.iceberg.Table;

/**
 * What identifies a row of a silver table, and how source columns are named there.
 *
 * @param source the key columns by their names in the source; empty for a table without a key
 */
public record SilverKey(List<String> source) {

  /** Table property that holds the key columns as a JSON array: a name may have any character. */
  public static final String PROPERTY = "cdclake.key";

  private static final ObjectMapper JSON = new ObjectMapper();

  private static final Set<String> OWN =
      Set.of(
          ChangeColumns.IS_ACTIVE,
          ChangeColumns.DQ_FLAGS,
          ChangeColumns.EPOCH,
          ChangeColumns.LSN,
          ChangeColumns.SNAPSHOT,
          ChangeColumns.PARTITION,
          ChangeColumns.OFFSET,
          ChangeColumns.TXID,
          ChangeColumns.OP,
          ChangeColumns.COMMITTED_AT);

  public SilverKey {
    source = List.copyOf(source);
  }

  /** Reads the key of a silver table. */
  public static SilverKey of(Table silver) {
    try {
      return new SilverKey(
          List.of(
              JSON.readValue(silver.properties().getOrDefault(PROPERTY, "[]"), String[].class)));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(
          "Cannot read property '%s' of table '%s'.".formatted(PROPERTY, silver.name()), e);
    }
  }

  /** Whether the source table has a key; else every event is a row of its own. */
  public boolean isKeyed() {
    return !source.isEmpty();
  }

  /** Returns the key columns by their names in the lake; never empty. */
  public List<String> columns() {
    return isKeyed()
        ? source.stream().map(SilverKey::lakeName).toList()
        : List.of(ChangeColumns.PARTITION, ChangeColumns.OFFSET);
  }

  /** Returns the key after a rename of one source column. */
  public SilverKey renamed(String earlier, String later) {
    return new SilverKey(
        source.stream().map(column -> column.equals(earlier) ? later : column).toList());
  }

  /** Returns the value of the table property. */
  public String toProperty() {
    try {
      return JSON.writeValueAsString(source);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("Cannot write a key as JSON.", e);
    }
  }

  /** Whether a silver column is the pipeline's own. */
  public static boolean isOwn(String column) {
    return OWN.contains(column);
  }

  /**
   * Returns a source column's name in the lake: its own, unless the pipeline uses that name; then
   * it is prefixed by {@code source_}.
   */
  public static String lakeName(String sourceColumn) {
    return isOwn(sourceColumn) ? "source_" + sourceColumn : sourceColumn;
  }
}
