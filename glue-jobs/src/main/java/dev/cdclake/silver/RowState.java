/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import static dev.cdclake.silver.ChangeRow.at;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.contract.Expectation;
import dev.cdclake.silver.ColumnType.UnreadableValueException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * One row of silver while the changes of its key are folded into it, column by column.
 *
 * <p>The rules of the fold live here: the order of changes, what a delete keeps, values that an
 * event does not carry, TRUNCATE. The total order of one key's changes is (epoch, LSN, read by a
 * snapshot before streamed, Kafka offset).
 */
final class RowState {

  /** Flag of a row whose value was never seen: {@code toast_unresolved:<column>}. */
  static final String UNRESOLVED = "toast_unresolved:";

  /** Flag of a row whose value the lake's type cannot express: {@code unrepresentable:<column>}. */
  static final String UNREPRESENTABLE = "unrepresentable:";

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);

  private final Layout layout;
  private final Object[] row;
  private String file;
  private Long position;
  private String heldFile;
  private Long heldPosition;
  private boolean known;
  private boolean changed;

  /** Where things are in a row, worked out once per task. */
  static final class Layout {
    private final SilverSchema silver;
    private final Map<String, Integer> source;
    private final int active;
    private final int flags;
    private final int epoch;
    private final int lsn;
    private final int snapshot;
    private final int partition;
    private final int offset;
    private final int txid;
    private final int op;
    private final int committedAt;

    Layout(SilverSchema silver) {
      this.silver = silver;
      this.source = silver.sourcePositions();
      this.active = silver.columns().fieldIndex(ChangeColumns.IS_ACTIVE);
      this.flags = silver.columns().fieldIndex(ChangeColumns.DQ_FLAGS);
      this.epoch = silver.columns().fieldIndex(ChangeColumns.EPOCH);
      this.lsn = silver.columns().fieldIndex(ChangeColumns.LSN);
      this.snapshot = silver.columns().fieldIndex(ChangeColumns.SNAPSHOT);
      this.partition = silver.columns().fieldIndex(ChangeColumns.PARTITION);
      this.offset = silver.columns().fieldIndex(ChangeColumns.OFFSET);
      this.txid = silver.columns().fieldIndex(ChangeColumns.TXID);
      this.op = silver.columns().fieldIndex(ChangeColumns.OP);
      this.committedAt = silver.columns().fieldIndex(ChangeColumns.COMMITTED_AT);
    }
  }

  private RowState(Layout layout) {
    this.layout = layout;
    this.row = new Object[layout.silver.columns().size()];
  }

  /** Starts with a key that silver does not have. */
  static RowState unknown(Layout layout) {
    return new RowState(layout);
  }

  /** Starts with a row that silver has. */
  static RowState current(Layout layout, Row current, String file, long position) {
    RowState state = new RowState(layout);
    state.take(current, file, position);
    return state;
  }

  /**
   * Takes a row that silver has for the key: the row itself, or a newer version of it that is held
   * back. Changes are folded into the newer one, so that no value and no position is lost.
   */
  void take(Row current, String currentFile, long currentPosition) {
    boolean held = flags(current.get(layout.flags)).contains(Expectation.QUARANTINED);
    if (held) {
      heldFile = currentFile;
      heldPosition = currentPosition;
    } else {
      file = currentFile;
      position = currentPosition;
    }
    if (held || heldFile == null) {
      for (int i = 0; i < row.length; i++) {
        row[i] = current.get(i);
      }
    }
    if (held) {
      // It is active in the source; which expectations it breaks is checked again.
      row[layout.active] = true;
      row[layout.flags] =
          flags(row[layout.flags]).stream().filter(flag -> flag.contains(":")).toArray();
    }
    known = true;
  }

  /**
   * Folds one change.
   *
   * @param movedFrom the row under the key before its update (unknown if silver has none), null if
   *     the key was not updated
   * @return false if the change is older than the row and was left out
   * @throws UnreadableValueException if a value cannot be read; then the row is as before
   */
  boolean apply(Row change, EventSchema schema, RowState movedFrom)
      throws UnreadableValueException {
    if (!isNewer(change)) {
      boolean checkAgain = heldFile != null && !changed && isSame(change);
      changed |= checkAgain;
      return checkAgain;
    }
    boolean delete = "d".equals(change.getString(at(ChangeRow.OP)));
    if (delete) {
      if (!known) {
        takeKey(change, schema);
      }
    } else {
      takeValues(change, schema, movedFrom);
    }
    row[layout.active] = !delete;
    row[layout.epoch] = change.get(at(ChangeRow.EPOCH));
    row[layout.lsn] = change.get(at(ChangeRow.LSN));
    row[layout.snapshot] = change.getInt(at(ChangeRow.STREAMED)) == 0;
    row[layout.partition] = change.get(at(ChangeRow.PARTITION));
    row[layout.offset] = change.get(at(ChangeRow.OFFSET));
    row[layout.txid] = change.get(at(ChangeRow.TXID));
    row[layout.op] = change.get(at(ChangeRow.OP));
    row[layout.committedAt] = change.get(at(ChangeRow.COMMITTED_AT));
    known = true;
    changed = true;
    return true;
  }

  /**
   * Ends the row if it is older than a TRUNCATE; its last values stay, as after a delete.
   *
   * @return whether it did
   */
  boolean truncate(Truncation truncation) {
    if (!known || !isActive() || !isBefore(truncation)) {
      return false;
    }
    row[layout.active] = false;
    row[layout.epoch] = truncation.epoch();
    row[layout.lsn] = truncation.lsn();
    row[layout.snapshot] = false;
    row[layout.txid] = truncation.txid();
    row[layout.op] = "t";
    if (truncation.committedAt() != null) {
      row[layout.committedAt] = truncation.committedAt();
    }
    changed = true;
    return true;
  }

  /** Whether the row's last change lies behind another change in the source's log. */
  boolean isAfter(Row change) {
    if (!known) {
      return false;
    }
    int byEpoch = Integer.compare((Integer) row[layout.epoch], change.getInt(at(ChangeRow.EPOCH)));
    return byEpoch != 0
        ? byEpoch > 0
        : Long.compareUnsigned((Long) row[layout.lsn], change.getLong(at(ChangeRow.LSN))) > 0;
  }

  boolean isActive() {
    return Boolean.TRUE.equals(row[layout.active]);
  }

  /** Whether silver's row differs from this one. */
  boolean isChanged() {
    return changed;
  }

  /** Returns the row to write. */
  Row folded(boolean purgeDeleted) {
    return RowFactory.create(version(purgeDeleted));
  }

  /** Returns the row as it is now, for {@link FoldedRow}; later changes do not alter it. */
  Object[] version(boolean purgeDeleted) {
    Object[] folded = new Object[FoldedRow.width(layout.silver)];
    System.arraycopy(row, 0, folded, 0, row.length);
    folded[FoldedRow.at(layout.silver, FoldedRow.REPLACES_FILE)] = file;
    folded[FoldedRow.at(layout.silver, FoldedRow.REPLACES_POSITION)] = position;
    folded[FoldedRow.at(layout.silver, FoldedRow.HELD_FILE)] = heldFile;
    folded[FoldedRow.at(layout.silver, FoldedRow.HELD_POSITION)] = heldPosition;
    folded[FoldedRow.at(layout.silver, FoldedRow.NEWEST)] = true;
    folded[FoldedRow.at(layout.silver, FoldedRow.STORED)] = isActive() || !purgeDeleted;
    return folded;
  }

  /** Whether a change is the one that the row is at. */
  private boolean isSame(Row change) {
    return row[layout.epoch].equals(change.get(at(ChangeRow.EPOCH)))
        && row[layout.lsn].equals(change.get(at(ChangeRow.LSN)))
        && row[layout.partition].equals(change.get(at(ChangeRow.PARTITION)))
        && row[layout.offset].equals(change.get(at(ChangeRow.OFFSET)));
  }

  private boolean isNewer(Row change) {
    if (!known) {
      return true;
    }
    int byEpoch = Integer.compare(change.getInt(at(ChangeRow.EPOCH)), (Integer) row[layout.epoch]);
    if (byEpoch != 0) {
      return byEpoch > 0;
    }
    int byLsn = Long.compareUnsigned(change.getLong(at(ChangeRow.LSN)), (Long) row[layout.lsn]);
    if (byLsn != 0) {
      return byLsn > 0;
    }
    int streamed = Boolean.TRUE.equals(row[layout.snapshot]) ? 0 : 1;
    int byOrigin = Integer.compare(change.getInt(at(ChangeRow.STREAMED)), streamed);
    if (byOrigin != 0) {
      return byOrigin > 0;
    }
    return change.getLong(at(ChangeRow.OFFSET)) > (Long) row[layout.offset];
  }

  private boolean isBefore(Truncation truncation) {
    int byEpoch = Integer.compare((Integer) row[layout.epoch], truncation.epoch());
    return byEpoch != 0
        ? byEpoch < 0
        : Long.compareUnsigned((Long) row[layout.lsn], truncation.lsn()) < 0;
  }

  private void takeValues(Row change, EventSchema schema, RowState movedFrom)
      throws UnreadableValueException {
    JsonNode after = read(change.getString(at(ChangeRow.AFTER)));
    Object[] values = new Object[schema.columns().size()];
    boolean[] unavailable = new boolean[values.length];
    int column = 0;
    for (Map.Entry<String, ColumnType> entry : schema.columns().entrySet()) {
      JsonNode value = after.get(entry.getKey());
      unavailable[column] = value == null || UnavailableValue.is(value, entry.getValue());
      values[column] = unavailable[column] ? null : decode(entry, value);
      column++;
    }
    Set<String> flags = new TreeSet<>();
    column = 0;
    for (String name : schema.columns().keySet()) {
      String lakeName = schema.lakeName(name);
      int position = layout.source.get(lakeName);
      if (unavailable[column]) {
        keep(position, lakeName, movedFrom != null ? movedFrom : this, flags);
      } else if (values[column] == ColumnType.UNREPRESENTABLE) {
        row[position] = null;
        flags.add(UNREPRESENTABLE + lakeName);
      } else {
        row[position] =
            SilverSchema.widen(
                values[column], layout.silver.columns().fields()[position].dataType());
      }
      column++;
    }
    row[layout.flags] = flags.toArray();
  }

  private static Object decode(Map.Entry<String, ColumnType> column, JsonNode value)
      throws UnreadableValueException {
    try {
      return column.getValue().decode(value);
    } catch (UnreadableValueException e) {
      throw new UnreadableValueException(
          "Column '%s': %s".formatted(column.getKey(), e.getMessage()), e);
    }
  }

  /** Keeps the value of an older row; says so in the flags when there is none to keep. */
  private void keep(int position, String name, RowState older, Set<String> flags) {
    row[position] = older.row[position];
    if (!older.known || older.hasFlag(UNRESOLVED + name)) {
      flags.add(UNRESOLVED + name);
    } else if (older.hasFlag(UNREPRESENTABLE + name)) {
      flags.add(UNREPRESENTABLE + name);
    }
  }

  private boolean hasFlag(String flag) {
    return flags(row[layout.flags]).contains(flag);
  }

  private static List<String> flags(Object flags) {
    if (flags instanceof scala.collection.Seq<?> sequence) {
      return scala.jdk.javaapi.CollectionConverters.asJava(sequence).stream()
          .map(String::valueOf)
          .toList();
    }
    return flags instanceof Object[] array
        ? Arrays.stream(array).map(String::valueOf).toList()
        : List.of();
  }

  private void takeKey(Row change, EventSchema schema) throws UnreadableValueException {
    Object[] key = RowKey.decode(change.getString(at(ChangeRow.KEY_JSON)), schema, layout.silver);
    for (int i = 0; i < key.length; i++) {
      row[layout.source.get(layout.silver.key().get(i))] = key[i];
    }
    row[layout.flags] = new Object[0];
  }

  private static JsonNode read(String json) throws UnreadableValueException {
    try {
      return JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw new UnreadableValueException("The row is not JSON", e);
    }
  }
}
