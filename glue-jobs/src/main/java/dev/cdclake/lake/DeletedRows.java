/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.iceberg.MetadataColumns;
import org.apache.iceberg.io.InputFile;

/** Reads which rows a file of position deletes says are gone. */
public final class DeletedRows {

  private DeletedRows() {}

  /**
   * Reads such a file, a Parquet file.
   *
   * @return places of rows by data file, as the file orders them; each data file has at least one
   */
  public static Map<String, long[]> read(InputFile deletes) {
    Map<String, LongStream.Builder> places = new HashMap<>();
    try (ParquetColumns file = ParquetColumns.open(deletes)) {
      for (int group = 0; group < file.rowGroups().size(); group++) {
        int[] all = IntStream.range(0, file.rowGroups().get(group)).toArray();
        Object[] paths = file.values(group, MetadataColumns.DELETE_FILE_PATH, all);
        Object[] positions = file.values(group, MetadataColumns.DELETE_FILE_POS, all);
        for (int row : all) {
          places
              .computeIfAbsent((String) paths[row], unknown -> LongStream.builder())
              .add((Long) positions[row]);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read file '" + deletes.location() + "'.", e);
    }
    Map<String, long[]> read = new HashMap<>();
    places.forEach((file, builder) -> read.put(file, builder.build().toArray()));
    return read;
  }

  /**
   * Returns the numbers that places of a file have within a row group, in their order.
   *
   * @param first the place of the row group's first row
   * @param size how many rows it has
   */
  public static int[] within(long[] places, long first, int size) {
    return Arrays.stream(places)
        .filter(place -> place >= first && place < first + size)
        .mapToInt(place -> (int) (place - first))
        .toArray();
  }
}
