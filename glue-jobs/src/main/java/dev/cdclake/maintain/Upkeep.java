/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.maintain;

import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Layer;
import dev.cdclake.contract.Maintenance;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.lake.KnownTables;
import dev.cdclake.lake.LakeTables;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.apache.iceberg.Table;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks after the tables of a running line, a little at a time: a table that got many small files
 * since they were last put together (all that it has, at a process's first look) is compacted, and
 * so is one of which much is gone; one that got many snapshots loses the oldest.
 *
 * <p>Once a day it does everything that {@link MaintainJob} does. A failure is logged and harms
 * nobody: files are put together when as many more have come, snapshots dropped with the next look.
 */
public final class Upkeep {

  private static final Logger LOG = LoggerFactory.getLogger(Upkeep.class);

  /**
   * Small files become files of this size first, and those become full ones when there are enough:
   * so a row is rewritten twice, and not with every look.
   */
  private static final long FIRST_BYTES = 16L << 20;

  /** Bronze and gold are read by few; silver is read by every batch. */
  private static final int PATIENCE_ELSEWHERE = 5;

  /** New files that are enough where much is gone. */
  private static final int FEW_FILES = 8;

  /** New files of deletes that are enough where many deletes are new. */
  private static final int FEW_DELETE_FILES = 4;

  /**
   * New deletes of silver that are enough to sort them by file: until then a query for one row
   * reads those of all files.
   */
  private static final long MANY_DELETES = 100_000;

  /** As a part of those that were sorted before, which are written anew with them. */
  private static final int MANY_OF_SORTED = 8;

  /** Fewer rows that are gone are read sooner than anybody could take them out. */
  private static final long MANY_GONE = 100_000;

  /** Expiry reads the manifests of what it drops: many at once are cheaper. */
  private static final double SURPLUS = 1.25;

  private static final Duration FULL_ROUND = Duration.ofDays(1);
  private static final Duration FULL_ROUND_TIME = Duration.ofMinutes(10);
  private static final Budget UNBOUNDED = new Budget(Instant.MAX);

  private final LakeTables tables;
  private final KnownTables known;
  private final Pipeline pipeline;
  private final Set<Layer> layers;
  private final Maintenance settings;
  private final long manyGone;
  private final long manyDeletes;
  private final Compaction compaction;
  private final MaintainJob everything;
  private final LateDeletes deletes = new LateDeletes();
  private final Map<LakeTable, Files> lastSeen = new HashMap<>();
  private Instant nextFullRound = Instant.now().plus(Duration.ofMinutes(10));

  /** How many files and deletes a table had when they last were put together, or fewer since. */
  private record Files(long data, long deleteFiles, long deletes) {

    Files after(TableHealth now, boolean compacted, boolean compactedDeletes) {
      return new Files(
          compacted ? now.dataFiles() : Math.min(data, now.dataFiles()),
          compactedDeletes ? now.deleteFiles() : Math.min(deleteFiles, now.deleteFiles()),
          compactedDeletes ? now.deletes() : Math.min(deletes, now.deletes()));
    }
  }

  /**
   * Prepares upkeep.
   *
   * @param layers whose tables the line writes
   */
  public Upkeep(SparkSession spark, LakeTables tables, Pipeline pipeline, Set<Layer> layers) {
    this(spark, tables, pipeline, layers, MANY_GONE, MANY_DELETES);
  }

  /**
   * @param manyGone rows that are gone below which nothing is done about them
   * @param manyDeletes new deletes of silver that are enough to sort them by file
   */
  Upkeep(
      SparkSession spark,
      LakeTables tables,
      Pipeline pipeline,
      Set<Layer> layers,
      long manyGone,
      long manyDeletes) {
    this.tables = tables;
    this.known = new KnownTables(tables);
    this.pipeline = pipeline;
    this.layers = Set.copyOf(layers);
    this.settings = pipeline.maintenance();
    this.manyGone = manyGone;
    this.manyDeletes = manyDeletes;
    this.compaction = new Compaction(spark);
    this.everything = new MaintainJob(spark, tables, pipeline);
  }

  /**
   * Looks once after every table. What fails is logged, and looked after another time; all of it is
   * caught, because what Spark throws when a task fails is checked, though no method declares it.
   */
  public void look() {
    try {
      for (LakeTable name : tables.all(pipeline)) {
        if (layers.contains(name.layer())) {
          known.find(name).ifPresent(table -> lookUnlessItFails(name, table));
        }
      }
      deletes.deleteOlderThan(settings.longestQuery());
      if (Instant.now().isAfter(nextFullRound)) {
        nextFullRound = Instant.now().plus(FULL_ROUND);
        everything.run(
            everything.tables().stream().filter(name -> layers.contains(name.layer())).toList(),
            FULL_ROUND_TIME,
            maintained -> LOG.info("{}", maintained));
      }
    } catch (Exception e) {
      LOG.warn("Cannot look after the tables this time: {}", e.getMessage(), e);
    }
  }

  private void lookUnlessItFails(LakeTable name, Table table) {
    try {
      look(name, table);
    } catch (Exception e) {
      LOG.warn("Cannot look after table '{}' this time: {}", name.label(), e.getMessage(), e);
    }
  }

  private void look(LakeTable name, Table table) {
    TableHealth health = TableHealth.of(table);
    Files last = lastSeen.getOrDefault(name, new Files(0, 0, 0));
    long many =
        name.layer() == Layer.SILVER
            ? settings.smallFiles()
            : (long) settings.smallFiles() * PATIENCE_ELSEWHERE;
    long added = health.dataFiles() - last.data();
    boolean muchGone = health.areGone(manyGone) && added >= FEW_FILES;
    boolean compact = muchGone || added >= many;
    long addedDeleteFiles = health.deleteFiles() - last.deleteFiles();
    boolean deletesAreMany =
        name.layer() == Layer.SILVER
            && addedDeleteFiles >= FEW_DELETE_FILES
            && health.deletes() - last.deletes()
                >= Math.max(manyDeletes, last.deletes() / MANY_OF_SORTED);
    boolean compactDeletes = muchGone || deletesAreMany || addedDeleteFiles >= many;
    // What fails is tried again when there is as much more to do, not with every look.
    lastSeen.put(name, last.after(health, compact, compactDeletes));
    if (muchGone) {
      takeOutGone(name, table);
    } else {
      int fewest = (int) many / 2;
      if (compact) {
        compact(name, table, fewest);
      }
      if (compactDeletes) {
        int fewestDeletes = deletesAreMany ? FEW_DELETE_FILES : fewest;
        long replaced = compaction.compactDeletes(table, fewestDeletes, UNBOUNDED);
        LOG.info("Put {} delete files of '{}' together", replaced, name.label());
      }
    }
    if (health.snapshots() > settings.snapshots() * SURPLUS) {
      expire(name, table);
    }
    table.refresh();
    lastSeen.put(name, last.after(TableHealth.of(table), compact, compactDeletes));
  }

  /** Replaces also the large files of which much is gone. */
  private void takeOutGone(LakeTable name, Table table) {
    // Only a delete file that is about one data file tells how much of that is gone.
    compaction.compactDeletes(table, 1, UNBOUNDED);
    table.refresh();
    if (!TableHealth.of(table).areGone(manyGone)) {
      // They were of files that the table has no more.
      return;
    }
    compact(name, table, FEW_FILES / 2);
    long dropped = compaction.compactDeletes(table, 1, UNBOUNDED);
    LOG.info("Replaced {} delete files of '{}', of which much was gone", dropped, name.label());
  }

  private void compact(LakeTable name, Table table, int fewest) {
    boolean inTwoSteps = settings.fileBytes() > FIRST_BYTES;
    long replaced = 0;
    if (inTwoSteps) {
      Compaction.Aim first = Compaction.Aim.small(FIRST_BYTES, fewest);
      replaced = compaction.compactData(name, table, first, UNBOUNDED);
    }
    Compaction.Aim full =
        Compaction.Aim.full(settings.fileBytes(), inTwoSteps ? Integer.MAX_VALUE : fewest);
    replaced += compaction.compactData(name, table, full, UNBOUNDED);
    LOG.info("Put {} data files of '{}' together", replaced, name.label());
  }

  /** The files stay for a while: a query may have begun on a snapshot that goes. */
  private void expire(LakeTable name, Table table) {
    table.refresh();
    int kept =
        SnapshotExpiry.kept(
            table,
            new SnapshotExpiry.Limits(
                settings.snapshots(), settings.retention().snapshots(), Duration.ZERO),
            SnapshotExpiry.inUse(tables, pipeline, name));
    SnapshotExpiry.expire(table, kept, file -> deletes.add(table.io(), file));
    LOG.info("Keep the {} newest snapshots of '{}'", kept, name.label());
  }
}
