/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.contract.Expectation;
import dev.cdclake.lake.CatalystRows;
import dev.cdclake.lake.KeyScan;
import dev.cdclake.lake.Position;
import dev.cdclake.lake.SilverKey;
import dev.cdclake.lake.SoughtKeys;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.apache.iceberg.Table;
import org.apache.iceberg.types.Types;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * Finds the rows of silver that a batch changes, without reading the table: of every file the key
 * alone, and more of the rows that were found.
 *
 * <p>Most changes say all of a row. Where the file's statistics tell that the row is older than all
 * of them, its key and its place are enough; else its position in the source's log is read too. Its
 * values are read where a change leaves some of them out ({@link SoughtKeys#needsValues}), and
 * where the fold looks at them anyway: of a row that is held back or covered. Of an older row they
 * come without its position, unless a change may let it keep that ({@link
 * SoughtKeys#needsPosition}).
 *
 * @param table the silver table
 * @param sought what to look for
 * @param decoder what the table's keys are
 * @param needed what is needed of every row that is found
 */
record KeyLookup(Table table, Sent<SoughtKeys> sought, Sent<Decoder> decoder, Needed needed)
    implements FlatMapFunction<Iterator<KeyScan.Files>, InternalRow> {

  private static final long serialVersionUID = 1L;

  private static final Set<String> STATE =
      Set.of(ChangeColumns.IS_ACTIVE, ChangeColumns.DQ_FLAGS, ChangeColumns.OP);

  /** What the fold needs of a row that silver has, at least; each says more than the last. */
  enum Needed {
    /** Its place alone, if it is older than every change. */
    PLACE,
    /** Where its last change lies in the source's log. */
    POSITION,
    /** All of its values. */
    VALUES
  }

  @Override
  public Iterator<InternalRow> call(Iterator<KeyScan.Files> shares) {
    Search search = new Search(shares);
    return search.scan.inTask(() -> search.read(search.scan.rows()));
  }

  /**
   * Reads the rows of some files on this thread.
   *
   * @param room is taken for the rows; once there is none, no more are read
   */
  List<InternalRow> read(KeyScan.Files share, Room room) {
    Search search = new Search(List.of(share).iterator());
    List<InternalRow> rows = new ArrayList<>();
    try (KeyScan scan = search.scan) {
      while (!room.isOver() && scan.advance()) {
        search.read(scan.rows()).forEachRemaining(rows::add);
        room.take(search.bytes);
      }
    }
    return rows;
  }

  /** Reads the rows that a scan finds. */
  private final class Search {

    private final SilverSchema silver = decoder.value().silver();
    private final List<Types.NestedField> columns = table.schema().columns();

    /** Columns of the key, which are read of every row that is found. */
    private final int[] key = columns(name -> silver.key().contains(name));

    /** Columns that say what state a row is in. */
    private final int[] state = columns(STATE::contains);

    /** Columns that say where a row's last change lies. */
    private final int[] position = columns(name -> SilverKey.isOwn(name) && !STATE.contains(name));

    /** Columns that are read where values are needed. */
    private final int[] values =
        columns(name -> !SilverKey.isOwn(name) && !silver.key().contains(name));

    private final int[] keyAt = silver.key().stream().mapToInt(this::at).toArray();
    private final int epoch = at(ChangeColumns.EPOCH);
    private final int lsn = at(ChangeColumns.LSN);
    private final int op = at(ChangeColumns.OP);
    private final int flags = at(ChangeColumns.DQ_FLAGS);
    private final CatalystRows current = new CatalystRows(silver.columns());
    private final KeyScan scan;

    /** What the rows take that were read last, about. */
    private long bytes;

    private String lastPath;
    private UTF8String path;

    Search(Iterator<KeyScan.Files> shares) {
      List<Types.NestedField> key = silver.key().stream().map(table.schema()::findField).toList();
      this.scan = new KeyScan(table, key, sought.value(), shares);
    }

    private Iterator<InternalRow> read(int[] rows) {
      Object[][] lines = new Object[rows.length][columns.size()];
      boolean isOlder = needed == Needed.PLACE && isOlder();
      int[] all = IntStream.range(0, rows.length).toArray();
      int[] whole =
          IntStream.of(all)
              .filter(i -> needed == Needed.VALUES || sought.value().needsValues(scan.hash(i)))
              .toArray();
      for (int column : key) {
        Object[] read = scan.keyValues(columns.get(column));
        IntStream.of(all).forEach(i -> lines[i][column] = read[i]);
      }
      fill(lines, state, rows, isOlder ? whole : all);
      fill(lines, position, rows, isOlder ? placed(whole) : all);
      if (!isOlder) {
        whole = union(whole, IntStream.of(all).filter(i -> isLookedAt(lines[i])));
      }
      fill(lines, values, rows, whole);
      bytes = (long) rows.length * Room.BYTES_OF_A_ROW + textBytes(lines, whole);
      boolean[] isWhole = new boolean[rows.length];
      IntStream.of(whole).forEach(i -> isWhole[i] = true);
      return IntStream.of(all)
          .mapToObj(i -> row(lines[i], scan.position(rows[i]), isWhole[i], isWhole[i] || !isOlder))
          .iterator();
    }

    /** Returns which of some rows may keep their position. */
    private int[] placed(int[] some) {
      return IntStream.of(some).filter(i -> sought.value().needsPosition(scan.hash(i))).toArray();
    }

    private static int[] union(int[] some, IntStream others) {
      return IntStream.concat(IntStream.of(some), others).sorted().distinct().toArray();
    }

    /** Whether all rows of the row group are older than every change of the batch. */
    private boolean isOlder() {
      OptionalLong newestEpoch = scan.greatest(columns.get(epoch));
      OptionalLong newestLsn = scan.greatest(columns.get(lsn));
      return newestEpoch.isPresent()
          && newestLsn.isPresent()
          && sought
              .value()
              .comeAfter(
                  new Position(Math.toIntExact(newestEpoch.getAsLong()), newestLsn.getAsLong()));
    }

    /** Reads columns of those rows whose numbers among them are given. */
    private void fill(Object[][] lines, int[] wanted, int[] rows, int[] numbers) {
      int[] of = IntStream.of(numbers).map(i -> rows[i]).toArray();
      for (int column : wanted) {
        Object[] read = scan.values(columns.get(column), of);
        for (int i = 0; i < of.length; i++) {
          lines[numbers[i]][column] = read[i];
        }
      }
    }

    /** Returns what texts and bytes take of those rows whose values were read. */
    private long textBytes(Object[][] lines, int[] whole) {
      long bytes = 0;
      for (int line : whole) {
        for (int column : values) {
          Object value = lines[line][column];
          bytes += value instanceof String text ? text.length() : 0;
          bytes += value instanceof byte[] array ? array.length : 0;
        }
      }
      return bytes;
    }

    private boolean isLookedAt(Object[] row) {
      return RowState.COVERED.equals(row[op])
          || (row[flags] instanceof Object[] set
              && Arrays.asList(set).contains(Expectation.QUARANTINED));
    }

    private InternalRow row(Object[] values, long position, boolean whole, boolean located) {
      Object[] key = new Object[keyAt.length];
      for (int i = 0; i < key.length; i++) {
        key[i] = values[keyAt[i]];
      }
      String text = RowKey.text(key);
      Object[] row = new Object[ChangeRow.WIDTH];
      row[ChangeRow.GROUP] = UTF8String.fromString(decoder.value().group(text));
      row[ChangeRow.KEY] = UTF8String.fromString(text);
      row[ChangeRow.KIND] = 0;
      row[ChangeRow.EPOCH] = values[epoch];
      row[ChangeRow.LSN] = values[lsn];
      row[ChangeRow.FILE] = path();
      row[ChangeRow.POSITION] = position;
      row[ChangeRow.WHOLE] = whole;
      row[ChangeRow.CURRENT] = located ? current.row(RowFactory.create(values)) : null;
      return new GenericInternalRow(row);
    }

    private UTF8String path() {
      if (!scan.path().equals(lastPath)) {
        lastPath = scan.path();
        path = UTF8String.fromString(lastPath);
      }
      return path;
    }

    private int[] columns(Predicate<String> wanted) {
      return IntStream.range(0, columns.size())
          .filter(i -> wanted.test(columns.get(i).name()))
          .toArray();
    }

    private int at(String column) {
      return silver.columns().fieldIndex(column);
    }
  }
}
