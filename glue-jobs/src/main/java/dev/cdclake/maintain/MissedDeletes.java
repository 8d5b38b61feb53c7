/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.maintain;

import dev.cdclake.lake.DeletedRows;
import dev.cdclake.lake.KeyHash;
import dev.cdclake.lake.ParquetColumns;
import dev.cdclake.lake.RowFiles;
import dev.cdclake.lake.SilverKey;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DataOperations;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotChanges;
import org.apache.iceberg.Table;
import org.apache.iceberg.exceptions.ValidationException;
import org.apache.iceberg.types.Types;
import org.apache.iceberg.util.SnapshotUtil;

/**
 * Rows of silver that its writer deleted while their files were being replaced: found in the new
 * files by their keys, and deleted there.
 *
 * <p>The new files have every row that was there when the replacement began, a key once. So a row
 * that was deleted since is one of theirs, at another place.
 */
final class MissedDeletes {

  private final Table table;
  private final List<Types.NestedField> key;

  /** Keys of the rows, by their hashes. */
  private final Map<Long, Set<List<Object>>> gone = new HashMap<>();

  private MissedDeletes(Table table) {
    this.table = table;
    this.key = SilverKey.of(table).columns().stream().map(table.schema()::findField).toList();
  }

  /**
   * Writes the deletes of these rows.
   *
   * @param table a silver table with a key, at its newest state
   * @param since the snapshot from which the new files were made
   * @param replaced the files whose rows they have
   * @param made the new files
   * @return files that nobody knows yet; none if no row was deleted
   * @throws ValidationException if the new files have not each of these rows once: a table may keep
   *     an older row beside its newest one
   */
  static List<DeleteFile> write(
      Table table, long since, Set<DataFile> replaced, Set<DataFile> made) {
    MissedDeletes missed = new MissedDeletes(table);
    missed.find(since, locations(replaced));
    return missed.gone.isEmpty() ? List.of() : missed.write(made);
  }

  private static Set<String> locations(Set<DataFile> files) {
    return files.stream().map(DataFile::location).collect(Collectors.toSet());
  }

  private void find(long since, Set<String> replaced) {
    long now = table.currentSnapshot().snapshotId();
    for (Snapshot snapshot : SnapshotUtil.ancestorsBetween(table, now, since)) {
      if (!DataOperations.REPLACE.equals(snapshot.operation())) {
        SnapshotChanges changes = SnapshotChanges.builderFor(table).snapshot(snapshot).build();
        for (DeleteFile deletes : changes.addedDeleteFiles()) {
          Map<String, long[]> rows = DeletedRows.read(table.io().newInputFile(deletes.location()));
          rows.keySet().retainAll(replaced);
          rows.forEach(this::add);
        }
      }
    }
  }

  /** Takes the keys of rows of a replaced file. */
  private void add(String location, long[] places) {
    Arrays.sort(places);
    try (ParquetColumns file = ParquetColumns.open(table.io().newInputFile(location))) {
      long first = 0;
      for (int group = 0; group < file.rowGroups().size(); group++) {
        int size = file.rowGroups().get(group);
        int[] rows = DeletedRows.within(places, first, size);
        for (List<Object> values : keys(file, group, rows)) {
          gone.computeIfAbsent(KeyHash.of(values), unknown -> new HashSet<>())
              .add(comparable(values));
        }
        first += size;
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read file '" + location + "'.", e);
    }
  }

  private List<DeleteFile> write(Set<DataFile> made) {
    RowFiles out = RowFiles.of(table);
    long[] found = new long[1];
    RowFiles.abortOnFailure(
        () -> made.forEach(file -> found[0] += delete(file.location(), out)), () -> List.of(out));
    List<DeleteFile> deletes = out.close().deletes();
    long expected = gone.values().stream().mapToLong(Set::size).sum();
    if (found[0] != expected) {
      deletes.forEach(file -> table.io().deleteFile(file.location()));
      throw new ValidationException(
          "%d rows were deleted meanwhile, and %d have their keys", expected, found[0]);
    }
    return deletes;
  }

  /** Deletes the rows that a new file has; returns how many. */
  private int delete(String location, RowFiles out) {
    int found = 0;
    try (ParquetColumns file = ParquetColumns.open(table.io().newInputFile(location))) {
      long first = 0;
      for (int group = 0; group < file.rowGroups().size(); group++) {
        long[] hashes = file.keyHashes(group, key);
        int[] rows =
            IntStream.range(0, hashes.length)
                .filter(row -> gone.containsKey(hashes[row]))
                .toArray();
        List<List<Object>> keys = keys(file, group, rows);
        for (int i = 0; i < rows.length; i++) {
          if (gone.get(hashes[rows[i]]).contains(comparable(keys.get(i)))) {
            out.delete(location, first + rows[i]);
            found++;
          }
        }
        first += hashes.length;
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read file '" + location + "'.", e);
    }
    return found;
  }

  private List<List<Object>> keys(ParquetColumns file, int group, int[] rows) throws IOException {
    List<List<Object>> keys = new ArrayList<>();
    for (int i = 0; i < rows.length; i++) {
      keys.add(new ArrayList<>());
    }
    for (Types.NestedField column : key) {
      Object[] values = file.values(group, column, rows);
      for (int i = 0; i < rows.length; i++) {
        keys.get(i).add(values[i]);
      }
    }
    return keys;
  }

  private static List<Object> comparable(List<Object> values) {
    return values.stream()
        .map(value -> value instanceof byte[] bytes ? ByteBuffer.wrap(bytes) : value)
        .toList();
  }
}
