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
import dev.cdclake.silver.KeyFold.Rules;
import java.util.ArrayList;
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

  /**
   * What {@code _op} says of a row whose key another row got in a transaction that is not over; see
   * {@link KeyRows}.
   */
  static final String COVERED = "m";

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

  /** Whether the row has the values of all columns; else the source's, key apart, were not read. */
  private boolean whole = true;

  /** Whether nothing is known of the row but its place, and that it is older than any change. */
  private boolean older;

  /** What changes made of the row, if the {@link Rules} ask for every version; oldest first. */
  private final List<Object[]> versions = new ArrayList<>();

  /** Where things are in a row, worked out once per task. */
  static final class Layout {
    private final SilverSchema silver;
    private final Rules rules;
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

    Layout(SilverSchema silver, Rules rules) {
      this.silver = silver;
      this.rules = rules;
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

    SilverSchema silver() {
      return silver;
    }

    /** Tells whether a row that silver has is covered; see {@link KeyRows}. */
    boolean isCovered(Row current) {
      return COVERED.equals(current.get(op));
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
  static RowState current(Layout layout, CurrentRow current) {
    RowState state = new RowState(layout);
    state.take(current);
    return state;
  }

  /**
   * Takes a row that silver has for the key: the row itself, or a newer version of it that is held
   * back. Changes are folded into the newer one, so that no value and no position is lost.
   */
  void take(CurrentRow current) {
    Row values = current.values();
    if (values == null) {
      file = current.file();
      position = current.position();
      whole = false;
      older = true;
      known = true;
      return;
    }
    boolean held = flags(values.get(layout.flags)).contains(Expectation.QUARANTINED);
    if (held) {
      heldFile = current.file();
      heldPosition = current.position();
    } else {
      file = current.file();
      position = current.position();
    }
    if (held || heldFile == null) {
      for (int i = 0; i < row.length; i++) {
        row[i] = values.get(i);
      }
      whole = current.whole();
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
    if (!isBefore(change)) {
      boolean checkAgain = heldFile != null && !changed && isSame(change);
      if (checkAgain) {
        keepVersion(change);
      }
      return checkAgain;
    }
    boolean delete = "d".equals(change.getString(at(ChangeRow.OP)));
    if (delete) {
      requireValues();
      if (!known) {
        takeKey(change, schema);
      }
    } else {
      takeValues(change, schema, movedFrom);
    }
    row[layout.active] = !delete;
    row[layout.op] = change.get(at(ChangeRow.OP));
    locate(change);
    known = true;
    older = false;
    keepVersion(change);
    return true;
  }

  /** Moves an active row to the position of a change that was about another row of its key. */
  void touch(Row change) {
    if (isCovered()) {
      row[layout.active] = true;
      row[layout.op] = "u";
    }
    locate(change);
    if (!versions.isEmpty()) {
      versions.remove(versions.size() - 1);
    }
    keepVersion(change);
  }

  private void locate(Row change) {
    row[layout.epoch] = change.get(at(ChangeRow.EPOCH));
    row[layout.lsn] = change.get(at(ChangeRow.LSN));
    row[layout.snapshot] = change.getInt(at(ChangeRow.STREAMED)) == 0;
    row[layout.partition] = change.get(at(ChangeRow.PARTITION));
    row[layout.offset] = change.get(at(ChangeRow.OFFSET));
    row[layout.txid] = change.get(at(ChangeRow.TXID));
    row[layout.committedAt] = change.get(at(ChangeRow.COMMITTED_AT));
  }

  /** Keeps what a change made of the row, with the event's text in case it is to be rejected. */
  private void keepVersion(Row change) {
    changed = true;
    if (!layout.rules.everyVersion()) {
      return;
    }
    requireValues();
    if (!versions.isEmpty()) {
      versions.get(versions.size() - 1)[FoldedRow.at(layout.silver, FoldedRow.NEWEST)] = false;
    }
    Object[] version = folded(row, isActive() || !layout.rules.purgeDeleted());
    if (change != null) {
      version[FoldedRow.at(layout.silver, FoldedRow.KEY_JSON)] = change.get(at(ChangeRow.KEY_JSON));
      version[FoldedRow.at(layout.silver, FoldedRow.VALUE_JSON)] = change.get(at(ChangeRow.AFTER));
    }
    versions.add(version);
  }

  /**
   * Fills columns that the row's last change did not have yet; that change stays the last one.
   *
   * @return false if the row has changed since, or is not there
   */
  boolean fill(Row values, EventSchema schema) throws UnreadableValueException {
    if (!known || !isActive() || isAfter(values)) {
      return false;
    }
    requireValues();
    Set<String> flags = new TreeSet<>();
    for (String flag : flags(row[layout.flags])) {
      int colon = flag.indexOf(':');
      if (colon >= 0 && !schema.lakeNames().containsValue(flag.substring(colon + 1))) {
        flags.add(flag);
      }
    }
    takeValues(values, schema, null);
    flags.addAll(flags(row[layout.flags]));
    row[layout.flags] = flags.toArray();
    keepVersion(values);
    return true;
  }

  /** Ends the row if it is older than a TRUNCATE; its last values stay, as after a delete. */
  void truncate(Truncation truncation) {
    if (!known || !isActive() || !isBefore(truncation)) {
      return;
    }
    requireValues();
    row[layout.active] = false;
    row[layout.epoch] = truncation.epoch();
    row[layout.lsn] = truncation.lsn();
    row[layout.snapshot] = false;
    row[layout.txid] = truncation.txid();
    row[layout.op] = truncation.op();
    if (truncation.committedAt() != null) {
      row[layout.committedAt] = truncation.committedAt();
    }
    keepVersion(null);
  }

  /** Whether the row's last change lies behind another change in the source's log. */
  boolean isAfter(Row change) {
    if (!known || older) {
      return false;
    }
    int byEpoch = Integer.compare((Integer) row[layout.epoch], change.getInt(at(ChangeRow.EPOCH)));
    return byEpoch != 0
        ? byEpoch > 0
        : Long.compareUnsigned((Long) row[layout.lsn], change.getLong(at(ChangeRow.LSN))) > 0;
  }

  /** Whether the row's last change and another one are at one position of the source's log. */
  boolean isAt(Row change) {
    return known
        && !older
        && change.getInt(at(ChangeRow.EPOCH)) == (Integer) row[layout.epoch]
        && change.getLong(at(ChangeRow.LSN)) == (Long) row[layout.lsn];
  }

  /** Whether the row's last change and another one are of one transaction. */
  boolean isOf(Row change) {
    return known
        && !older
        && row[layout.txid] != null
        && row[layout.txid].equals(change.get(at(ChangeRow.TXID)));
  }

  boolean isCovered() {
    return COVERED.equals(row[layout.op]);
  }

  /** Whether silver has the row. */
  boolean isStored() {
    return file != null || heldFile != null;
  }

  /** Spells the values of some columns; see {@link RowImage}. */
  String image(List<String> columns) {
    requireValues();
    return RowImage.text(columns.stream().map(name -> row[layout.source.get(name)]).toArray());
  }

  boolean isActive() {
    if (older) {
      requireValues();
    }
    return Boolean.TRUE.equals(row[layout.active]);
  }

  /** Whether silver's row differs from this one. */
  boolean isChanged() {
    return changed;
  }

  /** Returns the row to write; with its earlier versions, oldest first, if the rules say so. */
  List<Row> folded() {
    return layout.rules.everyVersion()
        ? versions.stream().map(RowFactory::create).toList()
        : List.of(RowFactory.create(folded(row, isActive() || !layout.rules.purgeDeleted())));
  }

  /** Returns the row to write for one that is covered until its transaction is over. */
  Row foldedCovered() {
    requireValues();
    Object[] covered = row.clone();
    covered[layout.active] = false;
    covered[layout.op] = COVERED;
    return RowFactory.create(folded(covered, true));
  }

  /** Returns a row that gives up its place in silver and stores nothing. */
  Row foldedAway() {
    return RowFactory.create(folded(new Object[row.length], false));
  }

  private Object[] folded(Object[] values, boolean stored) {
    Object[] folded = new Object[FoldedRow.width(layout.silver)];
    System.arraycopy(values, 0, folded, 0, values.length);
    folded[FoldedRow.at(layout.silver, FoldedRow.REPLACES_FILE)] = file;
    folded[FoldedRow.at(layout.silver, FoldedRow.REPLACES_POSITION)] = position;
    folded[FoldedRow.at(layout.silver, FoldedRow.HELD_FILE)] = heldFile;
    folded[FoldedRow.at(layout.silver, FoldedRow.HELD_POSITION)] = heldPosition;
    folded[FoldedRow.at(layout.silver, FoldedRow.NEWEST)] = true;
    folded[FoldedRow.at(layout.silver, FoldedRow.STORED)] = stored;
    return folded;
  }

  /** Whether a change is the one that the row is at. */
  private boolean isSame(Row change) {
    return row[layout.epoch].equals(change.get(at(ChangeRow.EPOCH)))
        && row[layout.lsn].equals(change.get(at(ChangeRow.LSN)))
        && row[layout.partition].equals(change.get(at(ChangeRow.PARTITION)))
        && row[layout.offset].equals(change.get(at(ChangeRow.OFFSET)));
  }

  /** Whether the row's last change comes before another one, in the order of one key's changes. */
  boolean isBefore(Row change) {
    if (!known || older) {
      return true;
    }
    int byEpoch = Integer.compare(change.getInt(at(ChangeRow.EPOCH)), (Integer) row[layout.epoch]);
    if (byEpoch != 0) {
      return byEpoch > 0;
    }
    int byLsn = Long.compareUnsigned(change.getLong(at(ChangeRow.LSN)), (Long) row[layout.lsn]);
    if (byLsn != 0) {
      return byLsn > 0 ? !wasReadBefore(change) : wasRunningWhenRead(change);
    }
    int streamed = Boolean.TRUE.equals(row[layout.snapshot]) ? 0 : 1;
    int byOrigin = Integer.compare(change.getInt(at(ChangeRow.STREAMED)), streamed);
    if (byOrigin != 0) {
      return byOrigin > 0;
    }
    return change.getLong(at(ChangeRow.OFFSET)) > (Long) row[layout.offset];
  }

  /**
   * Whether a streamed change stands behind the read that the row came from. A snapshot bears the
   * position where it was read; a transaction that was running then wrote its changes before that
   * position and committed them after it, so the read has not seen them.
   */
  private boolean wasRunningWhenRead(Row change) {
    return Boolean.TRUE.equals(row[layout.snapshot])
        && change.getInt(at(ChangeRow.STREAMED)) == 1
        && isSamePartition(change)
        && change.getLong(at(ChangeRow.OFFSET)) > (Long) row[layout.offset];
  }

  /** The same seen from the other side: a read that stands before the change that the row is at. */
  private boolean wasReadBefore(Row change) {
    return !Boolean.TRUE.equals(row[layout.snapshot])
        && change.getInt(at(ChangeRow.STREAMED)) == 0
        && isSamePartition(change)
        && change.getLong(at(ChangeRow.OFFSET)) < (Long) row[layout.offset];
  }

  private boolean isSamePartition(Row change) {
    return change.get(at(ChangeRow.PARTITION)).equals(row[layout.partition]);
  }

  /** Whether the row's last change lies before a TRUNCATE. */
  boolean isBefore(Truncation truncation) {
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
      unavailable[column] = UnavailableValue.isAt(value, entry.getValue());
      values[column] = unavailable[column] ? null : decode(entry, value);
      column++;
    }
    if (values.length < layout.source.size()) {
      // The others keep what they have.
      requireValues();
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
    whole = true;
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

  /**
   * Keeps the value of an older row. NULL is never stored apart: where the older row has it, the
   * value was never seen, and the flags say so.
   */
  private void keep(int position, String name, RowState older, Set<String> flags) {
    older.requireValues();
    row[position] = older.row[position];
    if (older.hasFlag(UNREPRESENTABLE + name)) {
      flags.add(UNREPRESENTABLE + name);
    } else if (row[position] == null) {
      flags.add(UNRESOLVED + name);
    }
  }

  /** What a change leaves out was to be read with the row: {@link BronzeChanges#sought} says so. */
  private void requireValues() {
    if (!whole) {
      throw new IllegalStateException(
          "Cannot fold a change into the row at %d of '%s': its values were not read."
              .formatted(position, file));
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
