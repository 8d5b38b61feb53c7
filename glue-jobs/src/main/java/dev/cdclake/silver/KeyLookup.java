/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.contract.Expectation;
import dev.cdclake.lake.ParquetColumns;
import dev.cdclake.lake.SilverKey;
import dev.cdclake.silver.BronzeChanges.Decoder;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.BaseDeleteLoader;
import org.apache.iceberg.deletes.PositionDeleteIndex;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.io.InputFile;
import org.apache.iceberg.types.Types;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.util.TaskCompletionListener;

/**
 * Finds the rows of silver that a batch changes, without reading the table: of every file the key
 * alone, and more of the rows that were found.
 *
 * <p>Most changes say all of a row; there silver's place of the row and its position in the
 * source's log are enough. Its values are read where a change leaves some of them out ({@link
 * SoughtKeys#needsValues}), and where the fold looks at them anyway: of a row that is held back or
 * covered.
 *
 * @param table the silver table
 * @param sought what to look for
 * @param decoder what the table's keys are
 * @param all whether the values of all rows are needed
 */
record KeyLookup(Table table, Broadcast<SoughtKeys> sought, Broadcast<Decoder> decoder, boolean all)
    implements FlatMapFunction<Iterator<KeyLookup.Files>, Row> {

  private static final long serialVersionUID = 1L;

  /** What the rows that are read together may take, uncompressed. */
  private static final long BYTES_AT_ONCE = 32L << 20;

  private static final int ROWS_AT_ONCE = 20_000;

  /** The files of one task. */
  record Files(List<FileScanTask> files) implements Serializable {}

  /**
   * Divides the files of a table's current snapshot, the largest first, so that all tasks have
   * about as much to read.
   *
   * @param tasks how many tasks there are at most
   */
  static List<Files> files(Table table, int tasks) {
    List<FileScanTask> files = new ArrayList<>();
    try (CloseableIterable<FileScanTask> planned = table.newScan().planFiles()) {
      planned.forEach(files::add);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot plan the files of '" + table.name() + "'.", e);
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

  @Override
  public Iterator<Row> call(Iterator<Files> shares) {
    List<FileScanTask> files = new ArrayList<>();
    shares.forEachRemaining(share -> files.addAll(share.files()));
    Search search = new Search(files.iterator());
    TaskContext.get().addTaskCompletionListener((TaskCompletionListener) task -> search.close());
    return search;
  }

  /**
   * Goes through files, row group after row group, and hands out what it finds; of the rows of one
   * row group so many at a time as fit into memory.
   */
  private final class Search implements Iterator<Row> {

    private final SilverSchema silver = decoder.value().silver();
    private final List<Types.NestedField> columns = table.schema().columns();
    private final List<Types.NestedField> key =
        silver.key().stream().map(table.schema()::findField).toList();

    /** Columns that are read of every row that is found: those of the fold's rules, and the key. */
    private final int[] always =
        columns(name -> SilverKey.isOwn(name) || silver.key().contains(name));

    /** Columns that are read where values are needed. */
    private final int[] values =
        columns(name -> !SilverKey.isOwn(name) && !silver.key().contains(name));

    private final int[] keyAt = silver.key().stream().mapToInt(this::at).toArray();
    private final int epoch = at(ChangeColumns.EPOCH);
    private final int lsn = at(ChangeColumns.LSN);
    private final int op = at(ChangeColumns.OP);
    private final int flags = at(ChangeColumns.DQ_FLAGS);
    private final int width = ChangeRow.at(ChangeRow.CURRENT) + 1;
    private final Deletes deletes = new Deletes(file -> table.io().newInputFile(file));
    private final Iterator<FileScanTask> files;

    private ParquetColumns file;
    private String path;
    private PositionDeleteIndex deleted;
    private int group;

    /** The number that the row group's first row has in the file. */
    private long first;

    private long[] hashes;

    /** Rows of the row group that were found, and how many of them were handed out. */
    private int[] matches = {};

    private int read;
    private Iterator<Row> found = List.<Row>of().iterator();

    Search(Iterator<FileScanTask> files) {
      this.files = files;
    }

    @Override
    public boolean hasNext() {
      while (!found.hasNext() && advance()) {
        // Until something is found, or nothing is left.
      }
      return found.hasNext();
    }

    @Override
    public Row next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      return found.next();
    }

    /** Takes one step; false if there is none. */
    private boolean advance() {
      try {
        if (read < matches.length) {
          found = readMatches();
        } else if (file != null && group + 1 < file.rowGroups().size()) {
          first += group < 0 ? 0 : file.rowGroups().get(group);
          group++;
          match();
        } else if (files.hasNext()) {
          close();
          open(files.next());
        } else {
          close();
          return false;
        }
        return true;
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot read file '" + path + "'.", e);
      }
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

    private void match() throws IOException {
      SoughtKeys keys = sought.value();
      hashes = file.keyHashes(group, key);
      matches =
          IntStream.range(0, hashes.length)
              .filter(row -> keys.has(hashes[row]) && !deleted.isDeleted(first + row))
              .toArray();
      read = 0;
    }

    private Iterator<Row> readMatches() throws IOException {
      long fitting = Math.max(1, BYTES_AT_ONCE / file.bytesPerRow(group));
      int[] rows =
          Arrays.copyOfRange(
              matches,
              read,
              (int) Math.min(matches.length, read + Math.min(fitting, ROWS_AT_ONCE)));
      read += rows.length;
      Object[][] lines = new Object[rows.length][columns.size()];
      fill(lines, always, rows, IntStream.range(0, rows.length).toArray());
      int[] whole =
          IntStream.range(0, rows.length)
              .filter(
                  i -> all || sought.value().needsValues(hashes[rows[i]]) || isLookedAt(lines[i]))
              .toArray();
      fill(lines, values, IntStream.of(whole).map(i -> rows[i]).toArray(), whole);
      boolean[] isWhole = new boolean[rows.length];
      IntStream.of(whole).forEach(i -> isWhole[i] = true);
      return IntStream.range(0, rows.length)
          .mapToObj(i -> row(lines[i], first + rows[i], isWhole[i]))
          .iterator();
    }

    /** Reads columns of some rows into some lines. */
    private void fill(Object[][] lines, int[] wanted, int[] rows, int[] numbers)
        throws IOException {
      for (int column : wanted) {
        Object[] read = file.values(group, columns.get(column), rows);
        for (int i = 0; i < rows.length; i++) {
          lines[numbers[i]][column] = read[i];
        }
      }
    }

    private boolean isLookedAt(Object[] row) {
      return RowState.COVERED.equals(row[op])
          || (row[flags] instanceof Object[] set
              && Arrays.asList(set).contains(Expectation.QUARANTINED));
    }

    private Row row(Object[] values, long position, boolean whole) {
      String text = RowKey.text(IntStream.of(keyAt).mapToObj(at -> values[at]).toList());
      Object[] row = new Object[width];
      row[ChangeRow.at(ChangeRow.GROUP)] = decoder.value().group(text);
      row[ChangeRow.at(ChangeRow.KEY)] = text;
      row[ChangeRow.at(ChangeRow.KIND)] = 0;
      row[ChangeRow.at(ChangeRow.EPOCH)] = values[epoch];
      row[ChangeRow.at(ChangeRow.LSN)] = values[lsn];
      row[ChangeRow.at(ChangeRow.FILE)] = path;
      row[ChangeRow.at(ChangeRow.POSITION)] = position;
      row[ChangeRow.at(ChangeRow.WHOLE)] = whole;
      row[ChangeRow.at(ChangeRow.CURRENT)] = RowFactory.create(values);
      return RowFactory.create(row);
    }

    private int[] columns(Predicate<String> wanted) {
      return IntStream.range(0, columns.size())
          .filter(i -> wanted.test(columns.get(i).name()))
          .toArray();
    }

    private int at(String column) {
      return silver.columns().fieldIndex(column);
    }

    void close() {
      if (file != null) {
        try {
          file.close();
        } catch (IOException e) {
          throw new UncheckedIOException("Cannot close file '" + path + "'.", e);
        }
        file = null;
      }
    }
  }

  /** Reads each delete file once for all the data files of a task. */
  private static final class Deletes extends BaseDeleteLoader {

    /** Iceberg reads several delete files at once. */
    private final Map<String, Object> loaded = new ConcurrentHashMap<>();

    Deletes(Function<DeleteFile, InputFile> open) {
      super(open);
    }

    @Override
    protected boolean canCache(long size) {
      return true;
    }

    @Override
    @SuppressWarnings("unchecked")
    protected <V> V getOrLoad(String key, Supplier<V> load, long size) {
      return (V) loaded.computeIfAbsent(key, unknown -> load.get());
    }
  }
}
