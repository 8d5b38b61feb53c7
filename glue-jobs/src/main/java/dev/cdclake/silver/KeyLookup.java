/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.contract.Expectation;
import dev.cdclake.lake.ParquetColumns;
import dev.cdclake.lake.Position;
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
import java.util.OptionalLong;
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
 * <p>Most changes say all of a row. Where the file's statistics tell that the row is older than all
 * of them, its place is enough; else its position in the source's log is read too. Its values are
 * read where a change leaves some of them out ({@link SoughtKeys#needsValues}), and where the fold
 * looks at them anyway: of a row that is held back or covered.
 *
 * @param table the silver table
 * @param sought what to look for
 * @param decoder what the table's keys are
 * @param needed what is needed of every row that is found
 */
record KeyLookup(
    Table table, Broadcast<SoughtKeys> sought, Broadcast<Decoder> decoder, Needed needed)
    implements FlatMapFunction<Iterator<KeyLookup.Files>, Row> {

  private static final long serialVersionUID = 1L;

  /** What the rows that are read together may take, uncompressed. */
  private static final long BYTES_AT_ONCE = 32L << 20;

  private static final int ROWS_AT_ONCE = 20_000;

  /** What the fold needs of a row that silver has, at least; each says more than the last. */
  enum Needed {
    /** Its place alone, if it is older than every change. */
    PLACE,
    /** Where its last change lies in the source's log. */
    POSITION,
    /** All of its values. */
    VALUES
  }

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

    /** Columns that the rules of the fold look at. */
    private final int[] own = columns(SilverKey::isOwn);

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

    /** Whether the place of a row of the row group is enough, unless its values are needed. */
    private boolean isOlder;

    /** Rows of the row group that were found, and how many of them were handed out. */
    private List<ParquetColumns.Found> matches = List.of();

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
        if (read < matches.size()) {
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
      matches =
          file.find(group, key, sought.value()::has).stream()
              .filter(match -> !deleted.isDeleted(first + match.row()))
              .toList();
      isOlder = needed == Needed.PLACE && isOlder();
      read = 0;
    }

    private boolean isOlder() {
      OptionalLong newestEpoch = file.greatest(group, columns.get(epoch));
      OptionalLong newestLsn = file.greatest(group, columns.get(lsn));
      return newestEpoch.isPresent()
          && newestLsn.isPresent()
          && sought
              .value()
              .comeAfter(
                  new Position(Math.toIntExact(newestEpoch.getAsLong()), newestLsn.getAsLong()));
    }

    private Iterator<Row> readMatches() throws IOException {
      long fitting = Math.max(1, BYTES_AT_ONCE / file.bytesPerRow(group));
      int from = read;
      read = (int) Math.min(matches.size(), from + Math.min(fitting, ROWS_AT_ONCE));
      List<Match> batch = matches.subList(from, read).stream().map(this::match).toList();
      fill(own, batch.stream().filter(match -> match.isWhole || !isOlder).toList());
      batch.stream().filter(this::isLookedAt).forEach(match -> match.isWhole = true);
      fill(values, batch.stream().filter(match -> match.isWhole).toList());
      return batch.stream().map(this::row).iterator();
    }

    private Match match(ParquetColumns.Found row) {
      Object[] line = new Object[columns.size()];
      for (int i = 0; i < keyAt.length; i++) {
        line[keyAt[i]] = row.key().get(i);
      }
      boolean isWhole = needed == Needed.VALUES || sought.value().needsValues(row.hash());
      return new Match(row.row(), line, isWhole);
    }

    /** Reads columns of some rows. */
    private void fill(int[] wanted, List<Match> some) throws IOException {
      int[] rows = some.stream().mapToInt(match -> match.row).toArray();
      for (int column : wanted) {
        Object[] read = file.values(group, columns.get(column), rows);
        for (int i = 0; i < rows.length; i++) {
          some.get(i).values[column] = read[i];
        }
      }
    }

    private boolean isLookedAt(Match match) {
      return RowState.COVERED.equals(match.values[op])
          || (match.values[flags] instanceof Object[] set
              && Arrays.asList(set).contains(Expectation.QUARANTINED));
    }

    private Row row(Match match) {
      Object[] values = match.values;
      String text = RowKey.text(IntStream.of(keyAt).mapToObj(at -> values[at]).toList());
      Object[] row = new Object[width];
      row[ChangeRow.at(ChangeRow.GROUP)] = decoder.value().group(text);
      row[ChangeRow.at(ChangeRow.KEY)] = text;
      row[ChangeRow.at(ChangeRow.KIND)] = 0;
      row[ChangeRow.at(ChangeRow.EPOCH)] = values[epoch];
      row[ChangeRow.at(ChangeRow.LSN)] = values[lsn];
      row[ChangeRow.at(ChangeRow.FILE)] = path;
      row[ChangeRow.at(ChangeRow.POSITION)] = first + match.row;
      row[ChangeRow.at(ChangeRow.WHOLE)] = match.isWhole;
      row[ChangeRow.at(ChangeRow.CURRENT)] =
          match.isWhole || !isOlder ? RowFactory.create(values) : null;
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

  /** A row of a row group while it is read. */
  private static final class Match {

    private final int row;
    private final Object[] values;
    private boolean isWhole;

    Match(int row, Object[] values, boolean isWhole) {
      this.row = row;
      this.values = values;
      this.isWhole = isWhole;
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
