/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.maintain;

import static org.apache.spark.sql.functions.col;

import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Layer;
import dev.cdclake.contract.SnapshotKeys;
import dev.cdclake.lake.CallerThread;
import dev.cdclake.lake.SilverKey;
import dev.cdclake.lake.TableTurn;
import dev.cdclake.lake.WriterPause;
import dev.cdclake.runtime.FaultPoint;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.MetadataTableType;
import org.apache.iceberg.MetadataTableUtils;
import org.apache.iceberg.RewriteFiles;
import org.apache.iceberg.RowDelta;
import org.apache.iceberg.Table;
import org.apache.iceberg.Transaction;
import org.apache.iceberg.actions.BinPackRewriteFilePlanner;
import org.apache.iceberg.actions.BinPackRewritePositionDeletePlanner;
import org.apache.iceberg.actions.RewriteDataFilesCommitManager;
import org.apache.iceberg.actions.RewriteFileGroup;
import org.apache.iceberg.actions.RewritePositionDeletesCommitManager;
import org.apache.iceberg.actions.RewritePositionDeletesGroup;
import org.apache.iceberg.exceptions.CleanableFailure;
import org.apache.iceberg.exceptions.ValidationException;
import org.apache.iceberg.spark.FileRewriteCoordinator;
import org.apache.iceberg.spark.PositionDeletesRewriteCoordinator;
import org.apache.iceberg.spark.ScanTaskSetManager;
import org.apache.iceberg.spark.SparkReadOptions;
import org.apache.iceberg.spark.SparkTableCache;
import org.apache.iceberg.spark.SparkTableUtil;
import org.apache.iceberg.spark.SparkWriteOptions;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts the rows of many small files into few large ones, leaving out rows that are gone, and the
 * places of such rows into one file per data file.
 *
 * <p>Iceberg plans, and commits where no writer is beside, one group of files at a time. Its own
 * actions do the same over all groups, but cannot be stopped between two, and leave a shutdown hook
 * behind with every call.
 */
final class Compaction {

  private static final Logger LOG = LoggerFactory.getLogger(Compaction.class);

  /** A writer that is at work can spoil one try, not all. */
  private static final int TRIES = 3;

  private static final String TARGET = BinPackRewriteFilePlanner.TARGET_FILE_SIZE_BYTES;
  private static final String MOST_PER_GROUP = BinPackRewriteFilePlanner.MAX_FILE_GROUP_SIZE_BYTES;
  private static final String FEWEST_FILES = BinPackRewriteFilePlanner.MIN_INPUT_FILES;
  private static final String SMALLEST = BinPackRewriteFilePlanner.MIN_FILE_SIZE_BYTES;
  private static final String LARGEST = BinPackRewriteFilePlanner.MAX_FILE_SIZE_BYTES;
  private static final String GONE = BinPackRewriteFilePlanner.DELETE_RATIO_THRESHOLD;

  /**
   * The part of a file's rows that may be gone before it is replaced: queries read a quarter more
   * than they need at most, and four rows are written for each one that changed.
   */
  static final double MOST_GONE = 0.2;

  /** Deletes that this process sorts within some seconds; a million take 16 MB of memory. */
  private static final long MOST_DELETES_HERE = 2_000_000;

  private final SparkSession spark;
  private final long mostDeletesHere;

  Compaction(SparkSession spark) {
    this(spark, MOST_DELETES_HERE);
  }

  /**
   * @param mostDeletesHere as many are sorted without a Spark job
   */
  Compaction(SparkSession spark, long mostDeletesHere) {
    this.spark = spark;
    this.mostDeletesHere = mostDeletesHere;
  }

  /**
   * Says which files to put together.
   *
   * @param targetBytes size of the files to make
   * @param fewest files that are worth it, if they do not fill a file of that size
   * @param mostGone the part of the rows of a file of that size that may be gone
   */
  record Aim(long targetBytes, int fewest, double mostGone) {

    /** Puts nothing but small files together, so that large ones keep their size. */
    static Aim small(long targetBytes, int fewest) {
      return new Aim(targetBytes, fewest, 1);
    }

    /** Replaces large files as well, if much of them is gone. */
    static Aim full(long targetBytes, int fewest) {
      return new Aim(targetBytes, fewest, MOST_GONE);
    }

    private Map<String, String> options() {
      return Map.of(
          TARGET, String.valueOf(targetBytes),
          MOST_PER_GROUP, String.valueOf(2 * targetBytes),
          // To rewrite larger ones costs more than a few files less are worth.
          SMALLEST, String.valueOf(targetBytes / 2),
          // Large files are welcome.
          LARGEST, String.valueOf(Long.MAX_VALUE / 4),
          GONE, String.valueOf(mostGone),
          FEWEST_FILES, String.valueOf(fewest));
    }
  }

  /** Returns how many data files would be replaced. */
  static long planned(Table table, Aim aim) {
    if (table.currentSnapshot() == null) {
      return 0;
    }
    long files = 0;
    for (RewriteFileGroup group : groups(table, aim)) {
      files += group.inputFileNum();
    }
    return files;
  }

  /**
   * Replaces small data files, and those of which much is gone.
   *
   * @return how many were replaced
   */
  long compactData(LakeTable name, Table table, Aim aim, Budget budget) {
    long replaced = 0;
    table.refresh();
    long left = planned(table, aim);
    for (int tries = 1; left > 0 && tries <= TRIES && !budget.isSpent(); tries++) {
      try {
        replaced +=
            tries < TRIES && isWrittenBeside(name, table)
                ? besideWriter(name, table, aim, budget)
                : inPause(name, table, aim, budget);
        left = 0;
      } catch (ValidationException e) {
        if (tries == TRIES) {
          throw e;
        }
        LOG.info(
            "Files of '{}' changed while they were replaced: {}", name.label(), e.getMessage());
      }
    }
    return replaced;
  }

  /**
   * Silver's writer deletes older rows with nearly every batch. Gold does so less often: compaction
   * that meets it is tried again.
   */
  private static boolean isWrittenBeside(LakeTable name, Table table) {
    return name.layer() == Layer.SILVER && SilverKey.of(table).isKeyed();
  }

  /** Writes the new files while silver's writer goes on, which waits for the commits alone. */
  private long besideWriter(LakeTable name, Table table, Aim aim, Budget budget) {
    return replaceData(
        table, aim, budget, (group, since) -> commitBesideWriter(name, table, group, since));
  }

  /** Keeps silver's writer waiting until all is written: what is left if the rest did not work. */
  private long inPause(LakeTable name, Table table, Aim aim, Budget budget) {
    if (name.layer() != Layer.SILVER) {
      return replaceData(table, aim, budget, (group, since) -> commit(table, group, since));
    }
    WriterPause.ask(table);
    try {
      return replaceData(table, aim, budget, (group, since) -> commit(table, group, since));
    } finally {
      WriterPause.end(table);
    }
  }

  /** Puts the new files of a group in the place of the old ones. */
  @FunctionalInterface
  private interface Replacement {

    /** Commits; {@code since} is the snapshot from which the new files were made. */
    void commit(RewriteFileGroup group, long since);
  }

  private long replaceData(Table table, Aim aim, Budget budget, Replacement replacement) {
    table.refresh();
    long since = table.currentSnapshot().snapshotId();
    long replaced = 0;
    for (RewriteFileGroup group : groups(table, aim)) {
      if (budget.isSpent()) {
        break;
      }
      rewrite(table, group);
      replacement.commit(group, since);
      FaultPoint.MAINTAIN_AFTER_COMPACTION.pass();
      replaced += group.inputFileNum();
    }
    return replaced;
  }

  private static void commit(Table table, RewriteFileGroup group, long since) {
    FaultPoint.MAINTAIN_BEFORE_COMPACTION_COMMIT.pass();
    new RewriteDataFilesCommitManager(table, since, true, Map.of()).commitOrClean(Set.of(group));
  }

  /**
   * Puts new files in the place of old ones, without the rows that were deleted since.
   *
   * @param since the snapshot from which the new files were made
   */
  static void commitBesideWriter(LakeTable name, Table table, RewriteFileGroup group, long since) {
    TableTurn.in(
        name,
        () -> {
          WriterPause.ask(table);
          try {
            commitWithoutDeleted(table, group, since);
          } catch (RuntimeException e) {
            // After any other failure the new files may be the table's.
            if (e instanceof CleanableFailure) {
              new RewriteDataFilesCommitManager(table).abortFileGroup(group);
            }
            throw e;
          } finally {
            WriterPause.end(table);
          }
          return null;
        });
  }

  /** A writer in another process may still be in the batch that it had begun before the pause. */
  private static void commitWithoutDeleted(Table table, RewriteFileGroup group, long since) {
    for (int tries = 1; ; tries++) {
      table.refresh();
      long now = table.currentSnapshot().snapshotId();
      List<DeleteFile> missed =
          MissedDeletes.write(table, since, group.rewrittenFiles(), group.addedFiles());
      Transaction replacement = table.newTransaction();
      try {
        RewriteFiles files = replacement.newRewrite().validateFromSnapshot(now);
        files.scanManifestsWith(CallerThread.forReading(table));
        group.rewrittenFiles().forEach(files::deleteFile);
        group.addedFiles().forEach(files::addFile);
        files.commit();
        if (!missed.isEmpty()) {
          RowDelta rows = replacement.newRowDelta().set(SnapshotKeys.MOVED, "true");
          missed.forEach(rows::addDeletes);
          rows.commit();
        }
        FaultPoint.MAINTAIN_BEFORE_COMPACTION_COMMIT.pass();
        replacement.commitTransaction();
        return;
      } catch (ValidationException e) {
        missed.forEach(file -> table.io().deleteFile(file.location()));
        if (tries == TRIES) {
          throw e;
        }
      }
    }
  }

  /** Returns the files to put together, as the table is now. */
  static Iterable<RewriteFileGroup> groups(Table table, Aim aim) {
    BinPackRewriteFilePlanner planner = new BinPackRewriteFilePlanner(table);
    planner.init(aim.options());
    return planner.plan().groups();
  }

  /** Writes the rows of a group of files into new files, which nobody knows yet. */
  void rewrite(Table table, RewriteFileGroup group) {
    group.setOutputFiles(write(table, group));
  }

  private Set<DataFile> write(Table table, RewriteFileGroup group) {
    String id = UUID.randomUUID().toString();
    SparkTableCache.get().add(id, table);
    ScanTaskSetManager.get().stageTasks(table, id, group.fileScanTasks());
    try {
      read(id, group.inputSplitSize())
          .write()
          .format("iceberg")
          .option(SparkWriteOptions.TARGET_FILE_SIZE_BYTES, group.maxOutputFileSize())
          .option(SparkWriteOptions.DISTRIBUTION_MODE, "none")
          .option(SparkWriteOptions.OUTPUT_SPEC_ID, group.outputSpecId())
          .mode("append")
          .save(id);
      return FileRewriteCoordinator.get().fetchNewFiles(table, id);
    } finally {
      SparkTableCache.get().remove(id);
      ScanTaskSetManager.get().removeTasks(table, id);
      FileRewriteCoordinator.get().clearRewrite(table, id);
    }
  }

  /**
   * Replaces small files of deletes, dropping deletes whose data file is gone. A writer is not
   * disturbed: it only adds such files.
   *
   * @param fewest files that are worth it; 1 looks at all of them, also at a lone one, which the
   *     replacement of its data file leaves without a purpose
   * @return how many were replaced
   */
  long compactDeletes(Table table, int fewest, Budget budget) {
    table.refresh();
    if (table.currentSnapshot() == null || budget.isSpent()) {
      return 0;
    }
    BinPackRewritePositionDeletePlanner planner = new BinPackRewritePositionDeletePlanner(table);
    planner.init(
        Map.of(
            FEWEST_FILES,
            String.valueOf(fewest),
            BinPackRewritePositionDeletePlanner.REWRITE_ALL,
            String.valueOf(fewest == 1)));
    long replaced = 0;
    for (RewritePositionDeletesGroup group : planner.plan().groups()) {
      Set<DeleteFile> files = group.rewrittenDeleteFiles();
      group.setOutputFiles(
          SortedDeletes.canSort(table, files, mostDeletesHere)
              ? SortedDeletes.write(table, files)
              : write(table, group));
      new RewritePositionDeletesCommitManager(table).commitOrClean(Set.of(group));
      replaced += files.size();
    }
    return replaced;
  }

  private Set<DeleteFile> write(Table table, RewritePositionDeletesGroup group) {
    String id = UUID.randomUUID().toString();
    Table deletes =
        MetadataTableUtils.createMetadataTableInstance(table, MetadataTableType.POSITION_DELETES);
    SparkTableCache.get().add(id, deletes);
    ScanTaskSetManager.get().stageTasks(deletes, id, group.fileScanTasks());
    try {
      Dataset<Row> all = read(id, group.inputSplitSize());
      Dataset<Row> dataFiles =
          SparkTableUtil.loadMetadataTable(spark, table, MetadataTableType.DATA_FILES);
      all.join(dataFiles, all.col("file_path").equalTo(dataFiles.col("file_path")), "leftsemi")
          .sortWithinPartitions(col("file_path"), col("pos"))
          .write()
          .format("iceberg")
          .option(SparkWriteOptions.TARGET_DELETE_FILE_SIZE_BYTES, group.maxOutputFileSize())
          .mode("append")
          .save(id);
      return PositionDeletesRewriteCoordinator.get().fetchNewFiles(deletes, id);
    } finally {
      SparkTableCache.get().remove(id);
      ScanTaskSetManager.get().removeTasks(deletes, id);
      PositionDeletesRewriteCoordinator.get().clearRewrite(deletes, id);
    }
  }

  private Dataset<Row> read(String id, long splitBytes) {
    return spark
        .read()
        .format("iceberg")
        .option(SparkReadOptions.SPLIT_SIZE, splitBytes)
        .option(SparkReadOptions.FILE_OPEN_COST, "0")
        .load(id);
  }
}
