/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableProperties;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types;

/**
 * Bloom filters of a silver table's key columns: a query for one row skips the files that do not
 * have it, though their least and greatest keys embrace it, as those of every batch of random
 * changes do. Spark and Trino read them.
 *
 * @see <a href="https://parquet.apache.org/docs/file-format/bloomfilter/">Parquet's filters</a>
 * @see <a href="https://iceberg.apache.org/docs/1.11.0/configuration/#write-properties">The
 *     properties</a>
 */
public final class KeyFilters {

  /**
   * Ten bits for each of 400,000 rows, about what a row group has: one of a hundred is read for
   * nothing. Where rows are narrow it has more; of a million it is every third.
   */
  private static final String MOST_BYTES = String.valueOf(512 << 10);

  private static final String ENABLED = TableProperties.PARQUET_BLOOM_FILTER_COLUMN_ENABLED_PREFIX;
  private static final String DISTINCT = TableProperties.PARQUET_BLOOM_FILTER_COLUMN_NDV_PREFIX;

  private KeyFilters() {}

  /** Returns the table properties with which every file that is written has filters. */
  public static Map<String, String> properties(SilverKey key, Schema schema) {
    Map<String, String> properties = new TreeMap<>();
    if (key.isKeyed()) {
      for (String column : key.columns()) {
        Types.NestedField found = schema.findField(column);
        if (found != null && isSafe(found.type())) {
          properties.put(ENABLED + column, "true");
        }
      }
    }
    if (!properties.isEmpty()) {
      properties.put(TableProperties.PARQUET_BLOOM_FILTER_MAX_BYTES, MOST_BYTES);
    }
    return properties;
  }

  /**
   * Whether equal values have equal hashes, in every engine and after every change of the column.
   * Zero and minus zero have not. What may be widened has not either: Trino looks for the hash of
   * the wider type in files that have the narrower one, and misses their rows (<a
   * href="https://github.com/trinodb/trino/issues/30544">issue 30544</a>); Iceberg cannot spell a
   * wide decimal as a narrower one.
   */
  private static boolean isSafe(Type type) {
    return switch (type.typeId()) {
      case LONG, STRING, DATE, TIMESTAMP, BINARY -> true;
      default -> false;
    };
  }

  /** Returns settings for a file of so many rows: its filters are no larger than they need. */
  static Map<String, String> sized(Table table, int rows) {
    return table.properties().keySet().stream()
        .filter(name -> name.startsWith(ENABLED))
        .collect(
            Collectors.toMap(
                name -> DISTINCT + name.substring(ENABLED.length()), name -> String.valueOf(rows)));
  }
}
