/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.OptionalLong;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableScan;
import org.apache.iceberg.data.BaseDeleteLoader;
import org.apache.iceberg.deletes.PositionDeleteIndex;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.spark.SparkExecutorCache;
import org.apache.iceberg.types.Types;
import org.apache.spark.TaskContext;
import org.apache.spark.util.TaskCompletionListener;

/**
 * Goes through files of a table and finds the rows that have one of some keys. It reads nothing but
 * the key; what else is needed of the rows is read from the file, of so many at a time as fit into
 * memory.
 */
public final class KeyScan implements AutoCloseable {

  /** What the rows that are read together may take, uncompressed. */
  private static final long BYTES_AT_ONCE = 32L << 20;

  private static final int ROWS_AT_ONCE = 20_000;

  private final Table table;
  private final List<Types.NestedField> key;
  private final SoughtKeys keys;
  private final Deletes deletes;
  private final Iterator<FileScanTask> files;

  private ParquetColumns file;
  private String path;
  private PositionDeleteIndex deleted;
  private int group;

  /** The number that the row group's first row has in the file. */
  private long first;

  private long[] hashes;

  /** Rows of the row group that were found, and how many of them were told. */
  private int[] found = {};

  private int told;
  private int[] rows;

  /** The files of one task. */
  public record Files(List<FileScanTask> files) implements Serializable {}

  /**
   * Begins before the first row group.
   *
   * @param key the columns that make up the key
   * @param keys what to look for
   */
  public KeyScan(
      Table table, List<Types.NestedField> key, SoughtKeys keys, Iterator<Files> shares) {
    this.table = table;
    this.key = key;
    this.keys = keys;
    this.deletes = new Deletes(table);
    List<FileScanTask> all = new ArrayList<>();
    shares.forEachRemaining(share -> all.addAll(share.files()));
    this.files = all.iterator();
  }

  /**
   * Divides the files of a scan, the largest first, so that all tasks have about as much to read.
   *
   * @param tasks how many tasks there are at most
   */
  public static List<Files> files(TableScan scan, int tasks) {
    List<FileScanTask> files = new ArrayList<>();
    try (CloseableIterable<FileScanTask> planned =
        scan.planWith(CallerThread.forReading(scan.table())).planFiles()) {
      planned.forEach(files::add);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot plan the files of '" + scan.table().name() + "'.", e);
    }
    files.sort(Comparator.comparingLong(file -> -file.file().fileSizeInBytes()));
    List<Files> shares =
        Stream.generate(() -> new Files(new ArrayList<>()))
            .limit(Math.min(tasks, files.size()))
            .toList();
    long[] bytes = new long[shares.size()];
    for (FileScanTask file : files) {
      int least =
          IntStream.range(0, bytes.length)
              .reduce((one, other) -> bytes[other] < bytes[one] ? other : one)
              .orElseThrow();
      shares.get(least).files().add(file);
      bytes[least] += file.file().fileSizeInBytes();
    }
    return shares;
  }

  /**
   * Returns what a task makes of the rows, one bunch after the other; closes the scan with the
   * task.
   *
   * @param made of the rows that the scan stands at, at least one of them
   */
  public <T> Iterator<T> inTask(Supplier<Iterator<T>> made) {
    TaskContext.get().addTaskCompletionListener((TaskCompletionListener) task -> close());
    return new Iterator<>() {

      private Iterator<T> bunch = Collections.emptyIterator();

      @Override
      public boolean hasNext() {
        if (!bunch.hasNext() && advance()) {
          bunch = made.get();
        }
        return bunch.hasNext();
      }

      @Override
      public T next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        return bunch.next();
      }
    };
  }

  /** Goes to the next rows that were found, of one row group; false if there are none. */
  public boolean advance() {
    try {
      while (told == found.length) {
        if (file != null && group + 1 < file.rowGroups().size()) {
          find();
        } else if (files.hasNext()) {
          close();
          open(files.next());
        } else {
          close();
          return false;
        }
      }
      long fitting = Math.max(1, BYTES_AT_ONCE / file.bytesPerRow(group));
      int end = (int) Math.min(found.length, told + Math.min(fitting, ROWS_AT_ONCE));
      rows = Arrays.copyOfRange(found, told, end);
      told = end;
      return true;
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read file '" + path + "'.", e);
    }
  }

  private void find() throws IOException {
    first += group < 0 ? 0 : file.rowGroups().get(group);
    group++;
    hashes = file.keyHashes(group, key);
    IntStream.Builder rows = IntStream.builder();
    for (int row = 0; row < hashes.length; row++) {
      if (keys.has(hashes[row]) && !deleted.isDeleted(first + row)) {
        rows.add(row);
      }
    }
    found = rows.build().toArray();
    told = 0;
  }

  private void open(FileScanTask scan) {
    path = scan.file().location();
    file = ParquetColumns.open(table.io().newInputFile(scan.file()));
    deleted =
        scan.deletes().isEmpty()
            ? PositionDeleteIndex.empty()
            : deletes.loadPositionDeletes(scan.deletes(), path);
    group = -1;
    first = 0;
  }

  /** Returns the location of the file that the rows are in. */
  public String path() {
    return path;
  }

  /** Returns the rows by their numbers in the row group, ascending; never empty. */
  public int[] rows() {
    return rows;
  }

  /**
   * Returns the values that some rows of the row group have in a column, ascending numbers given.
   */
  public Object[] values(Types.NestedField column, int[] of) {
    try {
      return file.values(group, column, of);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read file '" + path + "'.", e);
    }
  }

  /** Returns the values that the rows have in some columns, a line for each row. */
  public Object[][] lines(List<Types.NestedField> of) {
    try {
      return file.lines(group, of, rows);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read file '" + path + "'.", e);
    }
  }

  /**
   * Returns the greatest whole number that a column has in the row group, if statistics tell it.
   */
  public OptionalLong greatest(Types.NestedField column) {
    return file.greatest(group, column);
  }

  /** Returns the hash of the key of a row of the row group. */
  public long hash(int row) {
    return hashes[row];
  }

  /** Returns the place that a row of the row group has in the file. */
  public long position(int row) {
    return first + row;
  }

  @Override
  public void close() {
    if (file != null) {
      try {
        file.close();
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot close file '" + path + "'.", e);
      }
      file = null;
    }
  }

  /** Reads a delete file, which never changes, once for many tasks and batches. */
  private static final class Deletes extends BaseDeleteLoader {

    private final String table;

    /** Null where Iceberg's settings switch it off. */
    private final SparkExecutorCache cache = SparkExecutorCache.getOrCreate();

    Deletes(Table table) {
      super(delete -> table.io().newInputFile(delete), CallerThread.forReading(table));
      this.table = "cdclake:" + table.name();
    }

    @Override
    protected boolean canCache(long size) {
      return cache != null && size < cache.maxEntrySize();
    }

    @Override
    protected <V> V getOrLoad(String key, Supplier<V> load, long size) {
      return cache.getOrLoad(table, key, load, size);
    }
  }
}
