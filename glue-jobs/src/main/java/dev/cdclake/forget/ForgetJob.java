/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.forget;

import static org.apache.spark.sql.functions.col;

import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.contract.KeyedMask;
import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Secrets;
import dev.cdclake.contract.SettingsException;
import dev.cdclake.contract.SnapshotKeys;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.FailureCode;
import dev.cdclake.failure.PipelineException;
import dev.cdclake.forget.FileSearch.Found;
import dev.cdclake.forget.PersonKeys.Held;
import dev.cdclake.lake.ConsistentSnapshots;
import dev.cdclake.lake.ExpectationCounts;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.lake.Position;
import dev.cdclake.lake.RejectedRow.Place;
import dev.cdclake.lake.SilverKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.StreamSupport;
import org.apache.iceberg.ExpireSnapshots;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.util.SnapshotUtil;
import org.apache.spark.api.java.function.FilterFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;

/**
 * Forgets one row of a source table: its events in bronze under every key that it had, its versions
 * in silver, what gold made of it, and rejected events of it; in the current snapshot and in all
 * older ones, which are dropped together with their files.
 *
 * <p>It may be run again at any time: what is gone is not found again.
 */
public final class ForgetJob {

  private static final Set<DataType> KEY_TYPES =
      Set.of(DataTypes.StringType, DataTypes.ShortType, DataTypes.IntegerType, DataTypes.LongType);

  /** Longer than a batch of a running line takes, which may still read files that are to go. */
  private static final Duration SETTLE = Duration.ofSeconds(10);

  private final SparkSession spark;
  private final LakeTables lake;
  private final Pipeline pipeline;
  private final FileSearch files;
  private final FileRewrite rewrite;
  private final Duration settle;

  public ForgetJob(SparkSession spark, Pipeline pipeline) {
    this(spark, pipeline, SETTLE);
  }

  ForgetJob(SparkSession spark, Pipeline pipeline, Duration settle) {
    this.spark = spark;
    this.lake = new LakeTables(spark);
    this.pipeline = pipeline;
    this.files = new FileSearch(spark);
    this.rewrite = new FileRewrite(spark);
    this.settle = settle;
  }

  /** A table to forget the row in. */
  private record Target(LakeTable name, Table table, Traces traces, Stage stage) {}

  /** Returns the key columns of a table; empty if silver does not have the table yet. */
  public List<String> key(SourceTable source) {
    return lake.find(pipeline.silver(source))
        .map(SilverKey::of)
        .map(SilverKey::source)
        .orElse(List.of());
  }

  /**
   * Forgets a row.
   *
   * @param key by key column: the value as the source writes it, in clear
   * @param mayBeActive whether the row may still be in the source
   * @param rebuildGold rebuilds the gold models that depend on the table and returns their tables
   * @return a row per table, gold last
   * @throws PipelineException if the row must not be forgotten yet
   */
  public List<ForgottenTable> run(
      SourceTable source,
      Map<String, String> key,
      boolean mayBeActive,
      Supplier<List<LakeTable>> rebuildGold) {
    Table silver =
        written(pipeline.silver(source))
            .orElseThrow(() -> refused(source, "silver has no such table"));
    Map<String, String> known = checkedKey(source, silver, key);
    if (!mayBeActive) {
      refuseActive(source, silver, known);
    }
    PersonKeys person = keys(source, known);
    List<Target> targets = targets(source, silver, person);
    Map<Target, Found> before = new HashMap<>();
    for (Target target : targets) {
      Found found = files.search(target.table(), target.traces());
      before.put(target, found);
      if (found.rows() > 0) {
        rewrite.replace(
            target.name(), target.table(), found.hits().keySet(), target.traces(), target.stage());
      } else {
        rewrite.recordProgress(target.name(), target.table(), target.stage());
      }
    }
    new ExpectationCounts(lake, pipeline).collect();
    publish(source);
    Instant rebuilding = Instant.now();
    List<LakeTable> gold = rebuildGold.get();
    settle();
    List<ForgottenTable> forgotten = new ArrayList<>();
    for (Target target : targets) {
      long dropped = dropOldSnapshots(target.table());
      forgotten.add(prove(target, before.get(target), dropped));
    }
    gold.forEach(name -> forgotten.add(dropOldGold(name, rebuilding)));
    return forgotten;
  }

  private Map<String, String> checkedKey(
      SourceTable source, Table silver, Map<String, String> key) {
    SilverKey silverKey = SilverKey.of(silver);
    if (!silverKey.isKeyed()) {
      throw refused(source, "the table has no key to find its rows by");
    }
    if (!Set.copyOf(silverKey.source()).equals(key.keySet())) {
      throw refused(
          source,
          "its key is %s, not %s".formatted(silverKey.source(), new TreeSet<>(key.keySet())));
    }
    for (String column : silverKey.source()) {
      DataType type =
          spark
              .table(pipeline.silver(source).quoted())
              .schema()
              .apply(SilverKey.lakeName(column))
              .dataType();
      if (!KEY_TYPES.contains(type)) {
        throw refused(
            source,
            "key column '%s' is %s, not text or a whole number".formatted(column, type.sql()));
      }
    }
    Map<String, String> masked = new TreeMap<>(key);
    for (KeyedMask mask : KeyedMask.of(source.masks(), "table " + source.name(), Secrets.known())) {
      masked.computeIfPresent(mask.mask().column(), (column, value) -> mask.apply(value));
    }
    return masked;
  }

  private void refuseActive(SourceTable source, Table silver, Map<String, String> key) {
    Dataset<Row> rows =
        spark.table(pipeline.silver(source).quoted()).where(ChangeColumns.IS_ACTIVE);
    for (String column : SilverKey.of(silver).source()) {
      rows =
          rows.where(
              col("`" + SilverKey.lakeName(column) + "`").cast("string").equalTo(key.get(column)));
    }
    if (!rows.isEmpty()) {
      throw new PipelineException(
          Stage.SILVER,
          FailureCode.BEHIND,
          "Cannot forget a row of table '%s': silver has it as active (expected its deletion in the source to have arrived). Run './cdclake run all', or wait, then try again."
              .formatted(source.lakeName()));
    }
  }

  /** Returns the row's key and those that it had before updates of its key. */
  private PersonKeys keys(SourceTable source, Map<String, String> key) {
    LakeTable bronze = pipeline.bronze(source);
    List<Held> keys = new ArrayList<>();
    Deque<Held> open = new ArrayDeque<>(List.of(new Held(key, PersonKeys.FOR_EVER)));
    if (lake.find(bronze).isEmpty()) {
      return new PersonKeys(List.copyOf(open));
    }
    refuseMoved(source, key);
    while (!open.isEmpty()) {
      Held held = open.remove();
      keys.add(held);
      FilterFunction<Row> moved =
          row ->
              held.is(
                  PersonKeys.columns(row.getString(2)),
                  new Position(row.getInt(0), row.getLong(1)));
      for (Row move :
          spark
              .table(bronze.quoted())
              .where(col(ChangeColumns.MOVED_FROM).isNotNull())
              .select(
                  ChangeColumns.EPOCH,
                  ChangeColumns.LSN,
                  ChangeColumns.KEY,
                  ChangeColumns.MOVED_FROM)
              .filter(moved)
              .collectAsList()) {
        Held earlier =
            new Held(
                PersonKeys.columns(move.getString(3)),
                new Position(move.getInt(0), move.getLong(1)));
        if (!keys.contains(earlier) && !open.contains(earlier)) {
          open.add(earlier);
        }
      }
    }
    return new PersonKeys(keys);
  }

  /** A key whose last event says that the row got another one is not the row's newest. */
  private void refuseMoved(SourceTable source, Map<String, String> key) {
    FilterFunction<Row> same = row -> key.equals(PersonKeys.columns(row.getString(0)));
    List<Row> newest =
        spark
            .table(pipeline.bronze(source).quoted())
            .where(col(ChangeColumns.KEY).isNotNull())
            .select(
                ChangeColumns.KEY, ChangeColumns.MOVED_TO, ChangeColumns.EPOCH, ChangeColumns.LSN)
            .filter(same)
            .orderBy(col(ChangeColumns.EPOCH).desc(), col(ChangeColumns.LSN).desc())
            .takeAsList(1);
    if (!newest.isEmpty() && !newest.get(0).isNullAt(1)) {
      throw refused(
          source,
          "the row was given the key %s; forget it by that one".formatted(newest.get(0).get(1)));
    }
  }

  private List<Target> targets(SourceTable source, Table silver, PersonKeys person) {
    List<Target> targets = new ArrayList<>();
    LakeTable bronze = pipeline.bronze(source);
    written(bronze)
        .ifPresent(
            table ->
                targets.add(new Target(bronze, table, new Traces.InBronze(person), Stage.BRONZE)));
    written(pipeline.rejectedRows())
        .ifPresent(
            table ->
                targets.add(
                    new Target(
                        pipeline.rejectedRows(),
                        table,
                        new Traces.InRejectedRows(
                            person, pipeline.topic(source), placesInBronze(source, person)),
                        Stage.BRONZE)));
    targets.add(
        new Target(
            pipeline.silver(source),
            silver,
            new Traces.InSilver(person, SilverKey.of(silver).source()),
            Stage.SILVER));
    return targets;
  }

  /**
   * Returns where rejected events stood in the log that bronze has: asked for before the row's own
   * events leave bronze, and only if the row had keys that another one may have by now.
   */
  private Map<Place, Position> placesInBronze(SourceTable source, PersonKeys person) {
    LakeTable bronze = pipeline.bronze(source);
    Map<Place, Position> places = new HashMap<>();
    if (person.keys().size() > 1 && written(bronze).isPresent()) {
      Dataset<Row> rejected =
          spark
              .table(pipeline.rejectedRows().quoted())
              .where(col("topic").equalTo(pipeline.topic(source)))
              .select(ChangeColumns.PARTITION, ChangeColumns.OFFSET)
              .distinct();
      for (Row row :
          spark
              .table(bronze.quoted())
              .join(
                  rejected,
                  new String[] {ChangeColumns.PARTITION, ChangeColumns.OFFSET},
                  "left_semi")
              .select(
                  ChangeColumns.PARTITION,
                  ChangeColumns.OFFSET,
                  ChangeColumns.EPOCH,
                  ChangeColumns.LSN)
              .collectAsList()) {
        places.put(
            new Place(row.getInt(0), row.getLong(1)), new Position(row.getInt(2), row.getLong(3)));
      }
    }
    return places;
  }

  private Optional<Table> written(LakeTable name) {
    return lake.find(name).filter(table -> table.currentSnapshot() != null);
  }

  /** Points the set of snapshots that belong together at silver's newest one; the line goes on. */
  private void publish(SourceTable source) {
    Optional<ConsistentSnapshots> published = ConsistentSnapshots.read(lake, pipeline);
    Optional<Table> silver = lake.find(pipeline.silver(source));
    if (published.isPresent() && silver.isPresent()) {
      Map<String, Long> snapshots = new TreeMap<>(published.get().snapshots());
      snapshots.put(source.lakeName(), silver.get().currentSnapshot().snapshotId());
      new ConsistentSnapshots(published.get().epoch(), published.get().lsn(), snapshots)
          .publish(lake, pipeline);
    }
  }

  /**
   * Drops what is older than the newest snapshot that says what the table has consumed. One that is
   * newer, a compaction's say, does not say it.
   */
  private static long dropOldSnapshots(Table table) {
    table.refresh();
    Set<Long> kept = new HashSet<>();
    for (Snapshot snapshot : SnapshotUtil.currentAncestors(table)) {
      kept.add(snapshot.snapshotId());
      if (snapshot.summary().containsKey(SnapshotKeys.PROGRESS)) {
        break;
      }
    }
    List<Long> older =
        StreamSupport.stream(table.snapshots().spliterator(), false)
            .map(Snapshot::snapshotId)
            .filter(id -> !kept.contains(id))
            .toList();
    if (!older.isEmpty()) {
      // By name, not by age or number: what is committed meanwhile must not push out another one.
      ExpireSnapshots expire = table.expireSnapshots().expireOlderThan(0);
      older.forEach(expire::expireSnapshotId);
      expire.commit();
      table.refresh();
    }
    return older.size();
  }

  /** Searches what is left, removes files that no snapshot has, and searches again. */
  private ForgottenTable prove(Target target, Found before, long dropped) {
    Found left = files.search(target.table(), target.traces());
    if (left.rows() > 0) {
      Set<String> referenced = referenced(target.name());
      for (String file : left.hits().keySet()) {
        if (!referenced.contains(fileName(file))) {
          target.table().io().deleteFile(file);
        }
      }
      left = files.search(target.table(), target.traces());
    }
    return new ForgottenTable(
        target.name().label(), before.files(), before.rows(), dropped, left.files(), left.rows());
  }

  /** Returns the names of the data files that any snapshot has. */
  private Set<String> referenced(LakeTable name) {
    Set<String> referenced = new TreeSet<>();
    spark
        .table(name.quoted() + ".all_data_files")
        .select("file_path")
        .collectAsList()
        .forEach(row -> referenced.add(fileName(row.getString(0))));
    return referenced;
  }

  /** Names of data files are unique, and spelt one way where folders are not. */
  private static String fileName(String file) {
    return file.substring(file.lastIndexOf('/') + 1);
  }

  /**
   * Removes what a model had before it was made anew, whether a snapshot has it or not; a model
   * does not keep the key that its rows could be searched for. A file from before that is still
   * there counts as a row that is left.
   */
  private ForgottenTable dropOldGold(LakeTable name, Instant rebuilding) {
    Table table = lake.find(name).orElseThrow();
    int before = FileSearch.filesOlderThan(table, rebuilding).size();
    long dropped = dropOldSnapshots(table);
    Set<String> referenced = referenced(name);
    for (String file : FileSearch.filesOlderThan(table, rebuilding)) {
      if (!referenced.contains(fileName(file))) {
        table.io().deleteFile(file);
      }
    }
    int left = FileSearch.filesOlderThan(table, rebuilding).size();
    return new ForgottenTable(name.label(), before, 0, dropped, referenced.size(), left);
  }

  private void settle() {
    try {
      TimeUnit.MILLISECONDS.sleep(settle.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted while forgetting.", e);
    }
  }

  private static SettingsException refused(SourceTable source, String reason) {
    return new SettingsException(
        "this key to forget a row of table '" + source.lakeName() + "'", List.of(reason + "."));
  }
}
