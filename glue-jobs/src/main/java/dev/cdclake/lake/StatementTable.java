/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.SnapshotKeys;
import dev.cdclake.contract.Stage;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.apache.iceberg.OverwriteFiles;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.Transaction;
import org.apache.iceberg.expressions.Expressions;
import org.apache.spark.sql.catalyst.InternalRow;

/**
 * A small table whose few rows are replaced by every commit. What the rows tell people, a property
 * of the table tells the jobs, who read it without opening a file. It is no property of snapshots:
 * every commit would write those of all snapshots again, and it grows with the number of tables.
 */
final class StatementTable {

  private static final String STATEMENT = "cdclake.statement";

  private final Table table;
  private final Stage stage;

  private StatementTable(Table table, Stage stage) {
    this.table = table;
    this.stage = stage;
  }

  static StatementTable open(LakeTables tables, LakeTable name, Schema schema, Stage stage) {
    return new StatementTable(
        tables.open(name, schema, PartitionSpec.unpartitioned(), Map.of()), stage);
  }

  /** Returns the newest statement of a table that may not exist yet. */
  static Optional<String> read(LakeTables tables, LakeTable name) {
    return tables.find(name).map(table -> table.properties().get(STATEMENT));
  }

  /** Replaces rows and statement; the newest commit counts, so nothing else is checked. */
  void replace(List<InternalRow> rows, String statement) {
    RowFiles files = RowFiles.of(table);
    rows.forEach(files::write);
    Transaction transaction = table.newTransaction();
    OverwriteFiles overwrite =
        transaction.newOverwrite().overwriteByRowFilter(Expressions.alwaysTrue());
    overwrite.scanManifestsWith(CallerThread.forCommits());
    files.close().rows().forEach(overwrite::addFile);
    overwrite.set(SnapshotKeys.STAGE, stage.label());
    overwrite.set(SnapshotKeys.COMMIT_ID, UUID.randomUUID().toString());
    overwrite.commit();
    transaction.updateProperties().set(STATEMENT, statement).commit();
    GuardedCommit.run(transaction::commitTransaction, table.name(), stage);
  }
}
