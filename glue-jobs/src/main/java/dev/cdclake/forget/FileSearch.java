/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.forget;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.data.parquet.GenericParquetReaders;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.io.SupportsPrefixOperations;
import org.apache.iceberg.parquet.Parquet;
import org.apache.iceberg.spark.source.SerializableTableWithSize;
import org.apache.iceberg.util.ByteBuffers;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.PairFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;
import scala.Tuple2;

/**
 * Searches the data files that lie in a table's folder, whether a snapshot has them or not, and
 * whether their rows are deleted or not: what is on disk can be read.
 */
final class FileSearch {

  private final JavaSparkContext context;

  FileSearch(SparkSession spark) {
    this.context = JavaSparkContext.fromSparkContext(spark.sparkContext());
  }

  /**
   * What a search found.
   *
   * @param files how many were searched
   * @param hits by file: rows that tell of the row to forget; files without any are absent
   */
  record Found(long files, Map<String, Long> hits) {

    long rows() {
      return hits.values().stream().mapToLong(Long::longValue).sum();
    }
  }

  /** Searches every file in the table's folder. */
  Found search(Table table, Traces traces) {
    return search(table, files(table), traces);
  }

  private Found search(Table table, Collection<String> files, Traces traces) {
    Schema wanted = table.schema().select(traces.columns());
    Broadcast<Table> shared = context.broadcast(SerializableTableWithSize.copyOf(table));
    PairFunction<String, String, Long> count =
        file -> new Tuple2<>(file, count(shared.value(), file, wanted, traces));
    Map<String, Long> hits = new HashMap<>();
    if (!files.isEmpty()) {
      context
          .parallelize(List.copyOf(files), Math.min(files.size(), 64))
          .mapToPair(count)
          .filter(file -> file._2() > 0)
          .collect()
          .forEach(file -> hits.put(file._1(), file._2()));
    }
    shared.destroy();
    return new Found(files.size(), hits);
  }

  private static long count(Table table, String file, Schema wanted, Traces traces) {
    long hits = 0;
    try (CloseableIterable<Record> rows =
        Parquet.read(table.io().newInputFile(file))
            .project(wanted)
            .createReaderFunc(schema -> GenericParquetReaders.buildReader(wanted, schema))
            .build()) {
      for (Record row : rows) {
        hits += traces.areIn(values(row, traces)) ? 1 : 0;
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot search file '" + file + "'.", e);
    }
    return hits;
  }

  private static List<Object> values(Record row, Traces traces) {
    List<Object> values = new ArrayList<>();
    for (String column : traces.columns()) {
      Object value = row.getField(column);
      values.add(value instanceof ByteBuffer bytes ? ByteBuffers.toByteArray(bytes) : value);
    }
    return values;
  }

  /** Lists the data files in the table's folder. */
  private static Collection<String> files(Table table) {
    return filesOlderThan(table, Instant.MAX);
  }

  /**
   * Lists the data files in the table's folder that were last written before a moment; files of
   * deletes are left out, for they hold no rows.
   */
  static Collection<String> filesOlderThan(Table table, Instant moment) {
    Collection<String> files = new TreeSet<>();
    if (table.io() instanceof SupportsPrefixOperations folder) {
      folder
          .listPrefix(table.location() + "/data")
          .forEach(
              file -> {
                if (Instant.ofEpochMilli(file.createdAtMillis()).isBefore(moment)) {
                  files.add(file.location());
                }
              });
    } else {
      throw new IllegalStateException(
          "Cannot search the folder of table '%s': %s lists no files (expected an Iceberg FileIO that does)."
              .formatted(table.name(), table.io().getClass().getName()));
    }
    files.removeIf(file -> !file.endsWith(".parquet") || file.endsWith("-deletes.parquet"));
    return files;
  }
}
