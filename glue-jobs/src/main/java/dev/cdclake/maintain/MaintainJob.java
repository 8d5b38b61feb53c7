/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.maintain;

import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Maintenance;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SettingsException;
import dev.cdclake.lake.LakeTables;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.exceptions.CommitFailedException;
import org.apache.iceberg.exceptions.ValidationException;
import org.apache.iceberg.io.SupportsPrefixOperations;
import org.apache.iceberg.spark.actions.SparkActions;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks after the tables of a pipeline: deletes rows that are too old, puts small files together,
 * drops old snapshots, and removes files that no snapshot knows.
 *
 * <p>It runs beside the writers of the tables, and may be stopped and run again at any time: every
 * step is a commit of its own.
 */
public final class MaintainJob {

  /** From so many files on a table is put together; one file cannot be made fewer. */
  private static final int FEWEST_FILES = 2;

  private static final Logger LOG = LoggerFactory.getLogger(MaintainJob.class);

  private final SparkSession spark;
  private final LakeTables tables;
  private final Pipeline pipeline;
  private final Maintenance settings;
  private final Compaction compaction;
  private final RowRetention retention;

  public MaintainJob(SparkSession spark, LakeTables tables, Pipeline pipeline) {
    this.spark = spark;
    this.tables = tables;
    this.pipeline = pipeline;
    this.settings = pipeline.maintenance();
    this.compaction = new Compaction(spark);
    this.retention = new RowRetention(spark, tables, pipeline);
  }

  /** Returns the names of all tables, for example {@code silver.orders}, those in need first. */
  public List<LakeTable> tables() {
    record Found(LakeTable name, TableHealth health) {}
    List<Found> found = new ArrayList<>();
    for (LakeTable name : tables.all(pipeline)) {
      tables.find(name).ifPresent(table -> found.add(new Found(name, TableHealth.of(table))));
    }
    return found.stream()
        .sorted(
            Comparator.comparingLong(
                one ->
                    -one.health().dataFiles()
                        - one.health().deleteFiles()
                        - one.health().snapshots()))
        .map(Found::name)
        .toList();
  }

  /**
   * Returns tables by their names, those in need first.
   *
   * @param wanted such as {@code silver.orders}, or {@code orders} for every layer; empty for all
   * @throws SettingsException naming every name that no table has
   */
  public List<LakeTable> tables(List<String> wanted) {
    List<LakeTable> all = tables();
    List<LakeTable> chosen = new ArrayList<>();
    List<String> problems = new ArrayList<>();
    for (String name : wanted) {
      List<LakeTable> found =
          all.stream()
              .filter(table -> name.equals(table.label()) || name.equals(table.name()))
              .toList();
      if (found.isEmpty()) {
        problems.add(
            "the lake has no table '%s' (expected one of %s)."
                .formatted(
                    name, String.join(", ", all.stream().map(LakeTable::label).sorted().toList())));
      }
      chosen.addAll(found);
    }
    if (!problems.isEmpty()) {
      throw new SettingsException("maintain", problems);
    }
    return wanted.isEmpty() ? all : chosen;
  }

  /**
   * Maintains tables, one after the other, until the time is up.
   *
   * @param told of every table, also of those that there was no time for
   */
  public void run(List<LakeTable> names, Duration time, Consumer<Maintained> told) {
    Budget budget = Budget.of(time);
    for (LakeTable name : names) {
      tables.find(name).ifPresent(table -> told.accept(maintain(name, table, budget)));
    }
  }

  private Maintained maintain(LakeTable name, Table table, Budget budget) {
    Instant start = Instant.now();
    TableHealth before = TableHealth.of(table);
    AtomicLong files = new AtomicLong();
    Consumer<String> delete =
        file -> {
          table.io().deleteFile(file);
          files.incrementAndGet();
        };
    Steps steps = new Steps(name, budget);
    long rows = steps.run("retention", () -> deleteOldRows(name, table, start));
    // Only a delete file that is about one data file tells how much of that is gone.
    long deleteFiles =
        steps.run("deletes", () -> compaction.compactDeletes(table, FEWEST_FILES, budget));
    long dataFiles =
        steps.run("compaction", () -> compaction.compactData(name, table, aim(), budget));
    if (dataFiles > 0) {
      deleteFiles += steps.run("deletes", () -> compaction.compactDeletes(table, 1, budget));
    }
    steps.run("manifests", () -> rewriteManifests(table));
    long snapshots = steps.run("expiry", () -> expire(name, table, delete));
    long orphans = steps.run("orphans", () -> orphans(table, start, table.io()::deleteFile));
    table.refresh();
    return new Maintained(
        name.label(),
        rows,
        dataFiles,
        deleteFiles,
        snapshots,
        files.get(),
        orphans,
        before,
        TableHealth.of(table),
        steps.complete && !budget.isSpent(),
        Duration.between(start, Instant.now()).toMillis());
  }

  /** The steps over one table; one that meets a busy writer is left for the next run. */
  private static final class Steps {

    private final LakeTable name;
    private final Budget budget;
    private boolean complete = true;

    Steps(LakeTable name, Budget budget) {
      this.name = name;
      this.budget = budget;
    }

    long run(String what, LongSupplier step) {
      if (budget.isSpent()) {
        complete = false;
        return 0;
      }
      try {
        return step.getAsLong();
      } catch (ValidationException | CommitFailedException e) {
        LOG.info("'{}' is busy; {} waits for the next run: {}", name.label(), what, e.getMessage());
        complete = false;
        return 0;
      }
    }
  }

  /**
   * Says what {@link #run} would do, and does nothing. Of files it tells all that have deletes, and
   * none of dropped snapshots.
   */
  public void plan(List<LakeTable> names, Consumer<Maintained> told) {
    for (LakeTable name : names) {
      tables.find(name).ifPresent(table -> told.accept(plan(name, table)));
    }
  }

  private Maintained plan(LakeTable name, Table table) {
    Instant start = Instant.now();
    TableHealth health = TableHealth.of(table);
    return new Maintained(
        name.label(),
        retention.tooOld(name, start).map(tooOld -> retention.count(name, tooOld)).orElse(0L),
        Compaction.planned(table, aim()),
        health.deleteFiles(),
        Math.max(0, health.snapshots() - kept(name, table)),
        0,
        orphans(table, start, file -> {}),
        health,
        health,
        true,
        Duration.between(start, Instant.now()).toMillis());
  }

  private Compaction.Aim aim() {
    return Compaction.Aim.full(settings.fileBytes(), FEWEST_FILES);
  }

  private long deleteOldRows(LakeTable name, Table table, Instant now) {
    Optional<String> tooOld = retention.tooOld(name, now);
    return tooOld.isPresent() ? retention.delete(name, table, tooOld.get(), now) : 0;
  }

  /** One manifest may be left; more are worth it only where several could become one. */
  private long rewriteManifests(Table table) {
    table.refresh();
    Snapshot current = table.currentSnapshot();
    if (current == null || current.allManifests(table.io()).size() <= FEWEST_FILES) {
      return 0;
    }
    SparkActions.get(spark).rewriteManifests(table).execute();
    return 1;
  }

  private long expire(LakeTable name, Table table, Consumer<String> deleted) {
    table.refresh();
    long before = TableHealth.of(table).snapshots();
    int kept = kept(name, table);
    if (kept == 0 || kept >= before) {
      return 0;
    }
    SnapshotExpiry.expire(table, kept, deleted);
    table.refresh();
    return before - TableHealth.of(table).snapshots();
  }

  /** Files go at once, so a snapshot that a query may still read stays in any case. */
  private int kept(LakeTable name, Table table) {
    Set<Long> inUse = SnapshotExpiry.inUse(tables, pipeline, name);
    return SnapshotExpiry.kept(
        table,
        new SnapshotExpiry.Limits(
            settings.snapshots(), settings.retention().snapshots(), settings.longestQuery()),
        inUse);
  }

  /** Young files may belong to a writer that has not committed yet: they are left alone. */
  private long orphans(Table table, Instant now, Consumer<String> deleted) {
    if (settings.orphans().isEmpty()) {
      return 0;
    }
    return SparkActions.get(spark)
        .deleteOrphanFiles(table)
        // Files are listed as they are written: a job on AWS has no file system of Hadoop for S3.
        .usePrefixListing(table.io() instanceof SupportsPrefixOperations)
        .olderThan(now.minus(settings.orphans().get()).toEpochMilli())
        .deleteWith(deleted)
        .execute()
        .orphanFilesCount();
  }
}
