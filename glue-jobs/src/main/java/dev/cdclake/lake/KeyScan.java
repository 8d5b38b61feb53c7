/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.OptionalLong;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableScan;
import org.apache.iceberg.data.BaseDeleteLoader;
import org.apache.iceberg.deletes.PositionDeleteIndex;
import org.apache.iceberg.spark.SparkExecutorCache;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types;
import org.apache.spark.TaskContext;
import org.apache.spark.util.TaskCompletionListener;

/**
 * Goes through files of a table and finds the rows that have one of some keys. It reads nothing but
 * the key, and this once for many scans: an index of a file's keys is kept for a while, so that the
 * next scan opens no file that has none of the keys it looks for. What else is needed of the rows
 * is read from the file, of so many at a time as fit into memory.
 */
public final class KeyScan implements AutoCloseable {

  /** What the rows that are read together may take, uncompressed. */
  private static final long BYTES_AT_ONCE = 32L << 20;

  private static final int ROWS_AT_ONCE = 20_000;
  private static final KeyIndex[] NO_GROUPS = {};
  private static final int[] NO_ROWS = {};

  private final Table table;
  private final List<Types.NestedField> key;
  private final SoughtKeys keys;
  private final Kept kept;
  private final Iterator<FileScanTask> files;

  private DataFile at;

  /** Null until something of it is read. */
  private ParquetColumns file;

  /** By row group; null if the file has too many rows, or nothing is kept. */
  private KeyIndex[] known = NO_GROUPS;

  private PositionDeleteIndex deleted;
  private int group = -1;

  /** The number that the row group's first row has in the file. */
  private long first;

  /** Rows of the row group that were found. */
  private FoundRows found = FoundRows.none();

  /** How many of these were told before the rows that the scan stands at. */
  private int before;

  private int[] rows = NO_ROWS;

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
    this(table, key, keys, shares, Long.MAX_VALUE);
  }

  /**
   * @param mostKept bytes that one piece of what is kept may take, if Iceberg's cache has no lower
   *     limit
   */
  KeyScan(
      Table table,
      List<Types.NestedField> key,
      SoughtKeys keys,
      Iterator<Files> shares,
      long mostKept) {
    this.table = table;
    this.key = key;
    this.keys = keys;
    this.kept = new Kept(table, mostKept);
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
    List<FileScanTask> files = PlannedFiles.of(scan);
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
    before += rows.length;
    rows = NO_ROWS;
    while (before == found.size()) {
      if (group + 1 < groups()) {
        find();
      } else if (files.hasNext()) {
        close();
        open(files.next());
      } else {
        close();
        known = NO_GROUPS;
        return false;
      }
    }
    long fitting = Math.max(1, BYTES_AT_ONCE / file().bytesPerRow(group));
    long end = Math.min(found.size(), before + Math.min(fitting, ROWS_AT_ONCE));
    rows = found.rows(before, (int) end);
    return true;
  }

  private int groups() {
    return known != null ? known.length : file().rowGroups().size();
  }

  private int rowsIn(int group) {
    return known != null ? known[group].size() : file().rowGroups().get(group);
  }

  private void find() {
    first += group < 0 ? 0 : rowsIn(group);
    group++;
    FoundRows all =
        known != null
            ? known[group].find(keys)
            : FoundRows.among(read(of -> of.keyHashes(group, key)), row -> row, keys);
    found = all.filter(row -> !deleted.isDeleted(first + row));
    before = 0;
  }

  private void open(FileScanTask scan) {
    at = scan.file();
    known = kept.index(at, key, () -> read(of -> index(of)));
    deleted =
        scan.deletes().isEmpty()
            ? PositionDeleteIndex.empty()
            : kept.loadPositionDeletes(scan.deletes(), path());
    group = -1;
    first = 0;
  }

  private KeyIndex[] index(ParquetColumns of) throws IOException {
    KeyIndex[] index = new KeyIndex[of.rowGroups().size()];
    for (int group = 0; group < index.length; group++) {
      index[group] = new KeyIndex(of.keyHashes(group, key));
    }
    return index;
  }

  private ParquetColumns file() {
    if (file == null) {
      file = ParquetColumns.open(table.io().newInputFile(at), kept.of(at));
    }
    return file;
  }

  /** What is read of a file. */
  @FunctionalInterface
  private interface Reading<T> {
    T of(ParquetColumns file) throws IOException;
  }

  private <T> T read(Reading<T> reading) {
    try {
      return reading.of(file());
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read file '" + path() + "'.", e);
    }
  }

  /** Returns the location of the file that the rows are in. */
  public String path() {
    return at.location();
  }

  /** Returns the rows by their numbers in the row group, ascending; never empty. */
  public int[] rows() {
    return rows;
  }

  /**
   * Returns the values that some rows of the row group have in a column, ascending numbers given.
   */
  public Object[] values(Types.NestedField column, int[] of) {
    return read(file -> file.values(group, column, of));
  }

  /**
   * Returns the values that the rows have in a column of the key. A key of one whole number is told
   * by its hash: no page is read for it.
   */
  public Object[] keyValues(Types.NestedField column) {
    if (key.size() > 1 || !KeyHash.tellsValue(column.type())) {
      return values(column, rows);
    }
    Object[] values = new Object[rows.length];
    for (int i = 0; i < values.length; i++) {
      if (hash(i) == KeyHash.start()) {
        // That of a row without a key, too.
        return values(column, rows);
      }
      long value = KeyHash.valueOf(hash(i));
      values[i] = column.type().typeId() == Type.TypeID.INTEGER ? (Object) (int) value : value;
    }
    return values;
  }

  /** Returns the values that the rows have in some columns, a line for each row. */
  public Object[][] lines(List<Types.NestedField> of) {
    return read(file -> file.lines(group, of, rows));
  }

  /**
   * Returns the greatest whole number that a column has in the row group, if statistics tell it.
   */
  public OptionalLong greatest(Types.NestedField column) {
    return file().greatest(group, column);
  }

  /** Returns the hash of the key of one of {@link #rows}, told by its number among them. */
  public long hash(int number) {
    return found.hash(before + number);
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
        throw new UncheckedIOException("Cannot close file '" + path() + "'.", e);
      }
      file = null;
    }
  }

  /**
   * What was read of files, which never change, for many tasks and batches: keys, page indexes, and
   * places of deleted rows. It is forgotten when nobody asks for a while, or if there is too much
   * of it; see {@link LakeSession}.
   */
  private static final class Kept extends BaseDeleteLoader {

    private final String table;
    private final long most;

    /** Null where Iceberg's settings switch it off. */
    private final SparkExecutorCache cache = SparkExecutorCache.getOrCreate();

    Kept(Table table, long most) {
      super(delete -> table.io().newInputFile(delete), CallerThread.forReading(table));
      this.table = "cdclake:" + table.name();
      this.most = most;
    }

    /**
     * Returns the index of a file by row group; null if it has too many rows, or nothing is kept.
     */
    KeyIndex[] index(DataFile file, List<Types.NestedField> key, Supplier<KeyIndex[]> read) {
      long size = file.recordCount() * KeyIndex.BYTES_PER_ROW;
      List<Integer> columns = key.stream().map(Types.NestedField::fieldId).toList();
      return canCache(size) ? of(file).keep("keys " + columns, size, read) : null;
    }

    /** Keeps what is read of one file, unless it is too large. */
    FileKeeper of(DataFile file) {
      return new FileKeeper() {
        @Override
        public <V> V keep(String what, long bytes, Supplier<V> read) {
          return canCache(bytes)
              ? getOrLoad(what + " of " + file.location(), read, bytes)
              : read.get();
        }
      };
    }

    @Override
    protected boolean canCache(long size) {
      return cache != null && size < Math.min(most, cache.maxEntrySize());
    }

    @Override
    protected <V> V getOrLoad(String key, Supplier<V> load, long size) {
      return cache.getOrLoad(table, key, load, size);
    }
  }
}
