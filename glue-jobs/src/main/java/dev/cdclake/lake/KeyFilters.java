/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableProperties;
import org.apache.iceberg.types.Type.TypeID;
import org.apache.iceberg.types.Types;

/**
 * Bloom filters of a silver table's key columns: a query for one row skips the files that do not
 * have it, though their least and greatest keys embrace it, as those of every batch of random
 * changes do. Spark, Trino and Athena read them.
 *
 * @see <a href="https://parquet.apache.org/docs/file-format/bloomfilter/">Parquet's filters</a>
 * @see <a href="https://iceberg.apache.org/docs/1.11.0/configuration/#write-properties">The
 *     properties</a>
 */
public final class KeyFilters {

  /** Ten bits for each of 400,000 rows of a row group: one of a hundred is read for nothing. */
  private static final String MOST_BYTES = String.valueOf(512 << 10);

  /** Zero and minus zero are equal, their bits are not; of true and false every file has both. */
  private static final Set<TypeID> WITHOUT = Set.of(TypeID.FLOAT, TypeID.DOUBLE, TypeID.BOOLEAN);

  private static final String ENABLED = TableProperties.PARQUET_BLOOM_FILTER_COLUMN_ENABLED_PREFIX;
  private static final String DISTINCT = TableProperties.PARQUET_BLOOM_FILTER_COLUMN_NDV_PREFIX;

  private KeyFilters() {}

  /** Returns the table properties with which every file that is written has filters. */
  public static Map<String, String> properties(SilverKey key, Schema schema) {
    if (!key.isKeyed()) {
      return Map.of();
    }
    Map<String, String> properties = new TreeMap<>();
    for (String column : key.columns()) {
      Types.NestedField found = schema.findField(column);
      if (found != null && !WITHOUT.contains(found.type().typeId())) {
        properties.put(ENABLED + column, "true");
      }
    }
    properties.put(TableProperties.PARQUET_BLOOM_FILTER_MAX_BYTES, MOST_BYTES);
    return properties;
  }

  /** Returns those of a table's properties that {@link #properties} gave. */
  public static Set<String> of(Table table) {
    return table.properties().keySet().stream()
        .filter(name -> name.startsWith(ENABLED))
        .collect(Collectors.toSet());
  }

  /** Returns settings for a file of so many rows: its filters are no larger than they need. */
  static Map<String, String> sized(Table table, int rows) {
    return of(table).stream()
        .collect(
            Collectors.toMap(
                name -> DISTINCT + name.substring(ENABLED.length()), name -> String.valueOf(rows)));
  }
}
