/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_set;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.struct;

import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Stage;
import dev.cdclake.lake.ChangeContents;
import dev.cdclake.lake.EventSchemas;
import dev.cdclake.lake.Position;
import dev.cdclake.lake.Progress;
import dev.cdclake.lake.RejectedRow;
import dev.cdclake.lake.Renames;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.apache.iceberg.DataOperations;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.util.SnapshotUtil;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;

/**
 * The bronze rows that silver has not folded yet.
 *
 * <p>Normally these are the rows appended between two snapshots, at most about one batch of them.
 * If the earlier snapshot has expired, they are found by their Kafka offsets instead, which silver
 * recorded too. Rows behind the watermark's cut belong to transactions that are not whole yet; they
 * wait.
 */
final class BronzeSlice {

  /** Rows after which a slice ends with its snapshot; one commit is never divided. */
  private static final long ROWS_PER_BATCH = 1_000_000;

  private final Supplier<Dataset<Row>> load;
  private final FewBronzeRows few;
  private final ChangeContents contents;
  private final Progress through;
  private final long behind;
  private Dataset<Row> rows;

  private BronzeSlice(
      Supplier<Dataset<Row>> load,
      FewBronzeRows few,
      ChangeContents contents,
      Progress through,
      long behind) {
    this.load = load;
    this.few = few;
    this.contents = contents;
    this.through = through;
    this.behind = behind;
  }

  private static BronzeSlice empty(Progress through) {
    return new BronzeSlice(null, null, ChangeContents.NONE, through, 0);
  }

  /**
   * Finds what is unread.
   *
   * @param topic the key of the Kafka offsets in the progress of both tables
   * @param folded what silver has consumed
   * @param cuts by partition: the offset up to which rows may be folded; empty if all may
   */
  static BronzeSlice unread(
      SparkSession spark,
      LakeTable name,
      Table bronze,
      String topic,
      Progress folded,
      Map<Integer, Long> cuts) {
    Long last = folded.snapshots().get(name.label());
    boolean known =
        last == null
            ? folded.offsets(topic).isEmpty() && hasWholeHistory(bronze)
            : SnapshotUtil.isAncestorOf(bronze, last);
    return known
        ? between(spark, name, bronze, topic, folded, cuts, last)
        : beyond(spark, name, bronze, topic, folded, cuts);
  }

  /** Whether no snapshot expired: only then do the summaries tell everything that was appended. */
  private static boolean hasWholeHistory(Table bronze) {
    Snapshot oldest = null;
    for (Snapshot snapshot : SnapshotUtil.currentAncestors(bronze)) {
      oldest = snapshot;
    }
    return oldest == null || oldest.parentId() == null;
  }

  private static BronzeSlice between(
      SparkSession spark,
      LakeTable name,
      Table bronze,
      String topic,
      Progress folded,
      Map<Integer, Long> cuts,
      Long last) {
    Deque<Snapshot> unread = new ArrayDeque<>();
    for (Snapshot snapshot : SnapshotUtil.currentAncestors(bronze)) {
      if (last != null && snapshot.snapshotId() == last) {
        break;
      }
      unread.addFirst(snapshot);
    }
    Map<Integer, Long> from = folded.offsets(topic);
    ChangeContents contents = ChangeContents.NONE;
    ChangeContents waiting = ChangeContents.NONE;
    Snapshot end = null;
    Snapshot whole = null;
    Map<Integer, Long> reached = from;
    long behind = 0;
    for (Snapshot snapshot : unread) {
      Map<Integer, Long> offsets = offsets(bronze, snapshot, topic);
      Map<Integer, Long> reachable = upTo(cuts, offsets);
      boolean adds = !reachable.equals(reached) || reachable.equals(offsets);
      if (contents.rows() >= ROWS_PER_BATCH) {
        behind += adds ? contents(snapshot).rows() : 0;
        continue;
      }
      waiting = waiting.plus(contents(snapshot));
      if (adds) {
        end = snapshot;
        contents = contents.plus(waiting);
        waiting = ChangeContents.NONE;
        reached = reachable;
        whole = reachable.equals(offsets) ? snapshot : whole;
      }
    }
    if (end == null) {
      return empty(folded);
    }
    DataFrameReader reader = spark.read().format("iceberg");
    if (last == null) {
      reader.option("versionAsOf", end.snapshotId());
    } else {
      reader.option("start-snapshot-id", last).option("end-snapshot-id", end.snapshotId());
    }
    // Rows at earlier places were rejected and are replayed now; see SilverJob.prepareReplay.
    Map<Integer, Long> before = end == whole ? Map.of() : reached;
    Progress through = folded.withOffsets(topic, reached);
    return new BronzeSlice(
        () -> reader.load(name.quoted()).where(within(from, before)),
        new FewBronzeRows(
            bronze,
            last,
            end.snapshotId(),
            (partition, offset) -> isWithin(from, before, partition, offset)),
        contents,
        whole == null ? through : through.withSnapshot(name.label(), whole.snapshotId()),
        behind);
  }

  private static Map<Integer, Long> offsets(Table bronze, Snapshot snapshot, String topic) {
    return Progress.asOf(bronze, snapshot, Stage.BRONZE).offsets(topic);
  }

  /** Returns offsets, none of them beyond its cut. */
  private static Map<Integer, Long> upTo(Map<Integer, Long> cuts, Map<Integer, Long> offsets) {
    Map<Integer, Long> cut = new TreeMap<>();
    offsets.forEach(
        (partition, offset) ->
            cut.put(partition, Math.min(offset, cuts.getOrDefault(partition, offset))));
    cut.values().removeIf(offset -> offset == 0);
    return cut;
  }

  /** Returns the rows at some places, which silver has consumed before. */
  static BronzeSlice at(
      SparkSession spark, LakeTable name, List<RejectedRow> places, Progress folded) {
    Dataset<Row> rows =
        spark
            .table(name.quoted())
            .join(
                broadcast(RejectedRow.coordinates(spark, places)),
                new String[] {ChangeColumns.PARTITION, ChangeColumns.OFFSET},
                "left_semi");
    return new BronzeSlice(() -> rows, null, contents(rows), folded, 0);
  }

  private static BronzeSlice beyond(
      SparkSession spark,
      LakeTable name,
      Table bronze,
      String topic,
      Progress folded,
      Map<Integer, Long> cuts) {
    Snapshot end = bronze.currentSnapshot();
    Map<Integer, Long> offsets = offsets(bronze, end, topic);
    Map<Integer, Long> reached = upTo(cuts, offsets);
    if (reached.equals(folded.offsets(topic))) {
      return empty(folded);
    }
    Dataset<Row> rows =
        spark
            .read()
            .format("iceberg")
            .option("versionAsOf", end.snapshotId())
            .load(name.quoted())
            .where(from(folded.offsets(topic)).and(before(reached)));
    Progress through = folded.withOffsets(topic, reached);
    return new BronzeSlice(
        () -> rows,
        null,
        contents(rows),
        reached.equals(offsets) ? through.withSnapshot(name.label(), end.snapshotId()) : through,
        0);
  }

  private static ChangeContents contents(Dataset<Row> rows) {
    Row facts =
        rows.agg(
                count(lit(1)),
                count_if(col(ChangeColumns.MOVED_FROM).isNotNull()),
                count_if(endsRows()),
                collect_set(col(ChangeColumns.SCHEMA)))
            .head();
    return new ChangeContents(
        facts.getLong(0), facts.getLong(1), facts.getLong(2), Set.copyOf(facts.getList(3)));
  }

  /**
   * Selects by offset as {@link #from} and {@link #before} do, with a function in place of numbers:
   * Spark compiles an expression with other numbers anew, for every batch.
   */
  private static Column within(Map<Integer, Long> first, Map<Integer, Long> end) {
    UDF2<Integer, Long, Boolean> isWithin =
        (partition, offset) -> isWithin(first, end, partition, offset);
    return functions
        .udf(isWithin, DataTypes.BooleanType)
        .apply(col(ChangeColumns.PARTITION), col(ChangeColumns.OFFSET));
  }

  private static boolean isWithin(
      Map<Integer, Long> first, Map<Integer, Long> end, int partition, long offset) {
    return offset >= first.getOrDefault(partition, 0L)
        && offset < end.getOrDefault(partition, Long.MAX_VALUE);
  }

  private static Column from(Map<Integer, Long> offsets) {
    return inEach(offsets, (offset, first) -> offset.geq(first));
  }

  private static Column before(Map<Integer, Long> offsets) {
    return inEach(offsets, (offset, end) -> offset.lt(end));
  }

  /** Selects by offset within the named partitions; rows of others are all wanted. */
  private static Column inEach(
      Map<Integer, Long> offsets, BiFunction<Column, Long, Column> condition) {
    return offsets.entrySet().stream()
        .map(
            bound ->
                col(ChangeColumns.PARTITION)
                    .notEqual(bound.getKey())
                    .or(condition.apply(col(ChangeColumns.OFFSET), bound.getValue())))
        .reduce(lit(true), Column::and);
  }

  /** Snapshots of other tools (a compaction) hold no changes of their own. */
  private static ChangeContents contents(Snapshot snapshot) {
    String json = snapshot.summary().get(ChangeContents.KEY);
    return json == null || !DataOperations.APPEND.equals(snapshot.operation())
        ? ChangeContents.NONE
        : ChangeContents.fromJson(json);
  }

  /** Selects the events that are about all older rows of the table. */
  static Column endsRows() {
    return col(ChangeColumns.OP).isin(ChangeColumns.TRUNCATE, ChangeColumns.BARRIER);
  }

  /** A slice without rows. */
  static BronzeSlice nothing() {
    return empty(Progress.NONE);
  }

  boolean isEmpty() {
    return load == null;
  }

  /** The bronze rows, not in any order. */
  Dataset<Row> rows() {
    if (rows == null) {
      rows = load.get();
    }
    return rows;
  }

  /**
   * Reads the rows at once, with the columns {@link BronzeChanges#NAMES}, not in any order.
   *
   * @param most rows
   * @param room is taken for the rows
   * @return empty if they are more, or large, or were not found as what was appended since; or if
   *     there are TRUNCATEs among them
   */
  Optional<List<InternalRow>> few(long most, Room room) {
    return few == null || contents.rows() > most || contents.truncates() > 0
        ? Optional.empty()
        : few.read(room);
  }

  ChangeContents contents() {
    return contents;
  }

  /** Where the events with one schema begin and end in the slice. */
  private record Span(String schema, Position first, Position last) {}

  /** Returns the span of every schema, in the order in which they begin. */
  private List<Span> spans() {
    Column position = struct(ChangeColumns.EPOCH, ChangeColumns.LSN);
    return rows()
        .where(col(ChangeColumns.SCHEMA).isNotNull())
        .groupBy(ChangeColumns.SCHEMA)
        .agg(min(position), max(position))
        .collectAsList()
        .stream()
        .map(
            row ->
                new Span(row.getString(0), position(row.getStruct(1)), position(row.getStruct(2))))
        .sorted(Comparator.comparing(Span::first))
        .toList();
  }

  /** Returns the schemas of the events; one that lies on both sides of a rename counts as two. */
  List<EventSchema> eventSchemas(EventSchemas schemas, Renames renames) {
    if (renames.followed().isEmpty()) {
      return contents.schemas().stream()
          .map(fingerprint -> EventSchema.of(fingerprint, schemas.schema(fingerprint)))
          .toList();
    }
    List<EventSchema> events = new ArrayList<>();
    for (Span span : spans()) {
      EventSchema schema = EventSchema.of(span.schema(), schemas.schema(span.schema()));
      for (Position position : List.of(span.first(), span.last())) {
        events.add(schema.under(renames, position.epoch(), position.lsn()));
      }
    }
    return events;
  }

  private static Position position(Row row) {
    return new Position(row.getInt(0), row.getLong(1));
  }

  /** What silver has consumed once the slice is folded. */
  Progress through() {
    return through;
  }

  /** Bronze rows that wait for a later slice. */
  long behind() {
    return behind;
  }

  /**
   * Returns the TRUNCATEs that the fold applies, oldest first: those of the slice, and the newest
   * one applied before, which a late change must still meet.
   */
  List<Truncation> truncations(Position applied) {
    List<Truncation> truncations = new ArrayList<>();
    if (!applied.equals(Position.START)) {
      truncations.add(
          new Truncation(applied.epoch(), applied.lsn(), null, null, ChangeColumns.TRUNCATE));
    }
    if (contents.truncates() > 0) {
      rows()
          .where(endsRows())
          .select(
              ChangeColumns.EPOCH,
              ChangeColumns.LSN,
              ChangeColumns.TXID,
              ChangeColumns.COMMITTED_AT,
              ChangeColumns.OP)
          .collectAsList()
          .forEach(
              row ->
                  truncations.add(
                      new Truncation(
                          row.getInt(0),
                          row.getLong(1),
                          row.isNullAt(2) ? null : row.getLong(2),
                          row.getInstant(3),
                          row.getString(4))));
    }
    truncations.sort(Comparator.comparing(Truncation::position));
    return truncations;
  }
}
