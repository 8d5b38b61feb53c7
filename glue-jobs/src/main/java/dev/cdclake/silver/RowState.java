/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import com.fasterxml.jackson.databind.JsonNode;
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
import org.apache.spark.unsafe.types.UTF8String;

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

  private static final Object[] NO_FLAGS = {};

  /** A value that an event does not carry. */
  private static final Object UNAVAILABLE = new Object();

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

  /** Whether of the row's position no more is known than that it is older than any change. */
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

    /** Behind the table's columns: what {@link FoldedRow} adds. */
    private final int extra;

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
      this.extra = silver.columns().size();
    }

    SilverSchema silver() {
      return silver;
    }

    /** Returns how many columns the table has. */
    int width() {
      return extra;
    }

    /** Returns a folded row without values. */
    private Object[] empty() {
      return new Object[extra + FoldedRow.EXTRA.size()];
    }

    /** Returns the folded row of a change that is rejected: its place, and what it carries. */
    Row rejected(Change change, String reason, String detail) {
      Object[] rejected = empty();
      rejected[partition] = change.partition();
      rejected[offset] = change.offset();
      rejected[extra + FoldedRow.STORED] = false;
      rejected[extra + FoldedRow.REASON] = reason;
      rejected[extra + FoldedRow.DETAIL] = detail;
      rejected[extra + FoldedRow.KEY_JSON] = text(change.keyJson());
      rejected[extra + FoldedRow.VALUE_JSON] =
          text(change.after() == null ? change.before() : change.after());
      return RowFactory.create(rejected);
    }

    private static String text(UTF8String json) {
      return json == null ? null : json.toString();
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
      older = values.isNullAt(layout.epoch);
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
  boolean apply(Change change, EventLayout event, RowState movedFrom)
      throws UnreadableValueException {
    if (!isBefore(change)) {
      boolean checkAgain = heldFile != null && !changed && isSame(change);
      if (checkAgain) {
        keepVersion(change);
      }
      return checkAgain;
    }
    boolean delete = change.isDelete();
    if (delete) {
      requireValues();
      if (!known) {
        takeKey(change, event);
      }
    } else {
      takeValues(change, event, movedFrom);
    }
    row[layout.active] = !delete;
    row[layout.op] = change.op();
    locate(change);
    known = true;
    keepVersion(change);
    return true;
  }

  /** Moves an active row to the position of a change that was about another row of its key. */
  void touch(Change change) {
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

  private void locate(Change change) {
    older = false;
    row[layout.epoch] = change.epoch();
    row[layout.lsn] = change.lsn();
    row[layout.snapshot] = !change.streamed();
    row[layout.partition] = change.partition();
    row[layout.offset] = change.offset();
    row[layout.txid] = change.txid();
    row[layout.committedAt] = change.committedAt();
  }

  /** Keeps what a change made of the row, with the event's text in case it is to be rejected. */
  private void keepVersion(Change change) {
    changed = true;
    if (!layout.rules.everyVersion()) {
      return;
    }
    requireValues();
    if (!versions.isEmpty()) {
      versions.get(versions.size() - 1)[layout.extra + FoldedRow.NEWEST] = false;
    }
    Object[] version = folded(row, isActive() || !layout.rules.purgeDeleted());
    if (change != null) {
      version[layout.extra + FoldedRow.KEY_JSON] = Layout.text(change.keyJson());
      version[layout.extra + FoldedRow.VALUE_JSON] = Layout.text(change.after());
    }
    versions.add(version);
  }

  /**
   * Fills columns that the row's last change did not have yet; that change stays the last one.
   *
   * @return false if the row has changed since, or is not there
   */
  boolean fill(Change values, EventLayout event) throws UnreadableValueException {
    if (!known || !isActive() || isAfter(values)) {
      return false;
    }
    requireValues();
    requirePosition();
    Set<String> flags = new TreeSet<>();
    for (String flag : flags(row[layout.flags])) {
      int colon = flag.indexOf(':');
      if (colon >= 0 && !event.hasInLake(flag.substring(colon + 1))) {
        flags.add(flag);
      }
    }
    takeValues(values, event, null);
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
  boolean isAfter(Change change) {
    if (!known || older) {
      return false;
    }
    int byEpoch = Integer.compare((Integer) row[layout.epoch], change.epoch());
    return byEpoch != 0
        ? byEpoch > 0
        : Long.compareUnsigned((Long) row[layout.lsn], change.lsn()) > 0;
  }

  /** Whether the row's last change and another one are at one position of the source's log. */
  boolean isAt(Change change) {
    return known
        && !older
        && change.epoch() == (Integer) row[layout.epoch]
        && change.lsn() == (Long) row[layout.lsn];
  }

  /** Whether the row's last change and another one are of one transaction. */
  boolean isOf(Change change) {
    return known && !older && row[layout.txid] != null && row[layout.txid].equals(change.txid());
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
    requirePosition();
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
    Object[] folded = layout.empty();
    System.arraycopy(values, 0, folded, 0, values.length);
    folded[layout.extra + FoldedRow.REPLACES_FILE] = file;
    folded[layout.extra + FoldedRow.REPLACES_POSITION] = position;
    folded[layout.extra + FoldedRow.HELD_FILE] = heldFile;
    folded[layout.extra + FoldedRow.HELD_POSITION] = heldPosition;
    folded[layout.extra + FoldedRow.NEWEST] = true;
    folded[layout.extra + FoldedRow.STORED] = stored;
    return folded;
  }

  /** Whether a change is the one that the row is at. */
  private boolean isSame(Change change) {
    return row[layout.epoch].equals(change.epoch())
        && row[layout.lsn].equals(change.lsn())
        && row[layout.partition].equals(change.partition())
        && row[layout.offset].equals(change.offset());
  }

  /** Whether the row's last change comes before another one, in the order of one key's changes. */
  boolean isBefore(Change change) {
    if (!known || older) {
      return true;
    }
    int byEpoch = Integer.compare(change.epoch(), (Integer) row[layout.epoch]);
    if (byEpoch != 0) {
      return byEpoch > 0;
    }
    int byLsn = Long.compareUnsigned(change.lsn(), (Long) row[layout.lsn]);
    if (byLsn != 0) {
      return byLsn > 0 ? !wasReadBefore(change) : wasRunningWhenRead(change);
    }
    boolean streamed = !Boolean.TRUE.equals(row[layout.snapshot]);
    if (change.streamed() != streamed) {
      return change.streamed();
    }
    return change.offset() > (Long) row[layout.offset];
  }

  /**
   * Whether a streamed change stands behind the read that the row came from. A snapshot bears the
   * position where it was read; a transaction that was running then wrote its changes before that
   * position and committed them after it, so the read has not seen them.
   */
  private boolean wasRunningWhenRead(Change change) {
    return Boolean.TRUE.equals(row[layout.snapshot])
        && change.streamed()
        && isSamePartition(change)
        && change.offset() > (Long) row[layout.offset];
  }

  /** The same seen from the other side: a read that stands before the change that the row is at. */
  private boolean wasReadBefore(Change change) {
    return !Boolean.TRUE.equals(row[layout.snapshot])
        && !change.streamed()
        && isSamePartition(change)
        && change.offset() < (Long) row[layout.offset];
  }

  private boolean isSamePartition(Change change) {
    return row[layout.partition].equals(change.partition());
  }

  /** Whether the row's last change lies before a TRUNCATE. */
  boolean isBefore(Truncation truncation) {
    int byEpoch = Integer.compare((Integer) row[layout.epoch], truncation.epoch());
    return byEpoch != 0
        ? byEpoch < 0
        : Long.compareUnsigned((Long) row[layout.lsn], truncation.lsn()) < 0;
  }

  private void takeValues(Change change, EventLayout event, RowState movedFrom)
      throws UnreadableValueException {
    JsonNode[] after = event.read(change.after());
    Object[] values = new Object[after.length];
    for (int column = 0; column < after.length; column++) {
      values[column] =
          UnavailableValue.isAt(after[column], event.type(column))
              ? UNAVAILABLE
              : event.decode(column, after[column]);
    }
    if (!event.isComplete()) {
      // The others keep what they have.
      requireValues();
    }
    Set<String> flags = new TreeSet<>();
    for (int column = 0; column < values.length; column++) {
      int position = event.position(column);
      if (values[column] == UNAVAILABLE) {
        keep(position, event.lakeName(column), movedFrom != null ? movedFrom : this, flags);
      } else if (values[column] == ColumnType.UNREPRESENTABLE) {
        row[position] = null;
        flags.add(UNREPRESENTABLE + event.lakeName(column));
      } else {
        row[position] = values[column];
      }
    }
    row[layout.flags] = flags.toArray();
    whole = true;
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

  /** What a row keeps its position through was to read it, too. */
  private void requirePosition() {
    if (older) {
      throw new IllegalStateException(
          "Cannot keep the position of the row at %d of '%s': it was not read."
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

  private void takeKey(Change change, EventLayout event) throws UnreadableValueException {
    Object[] key = event.key(change.keyJson());
    for (int i = 0; i < key.length; i++) {
      row[layout.source.get(layout.silver.key().get(i))] = key[i];
    }
    row[layout.flags] = NO_FLAGS;
  }
}
