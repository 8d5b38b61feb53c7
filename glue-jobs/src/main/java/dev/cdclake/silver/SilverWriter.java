/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.RejectReason;
import dev.cdclake.lake.RejectedRows;
import dev.cdclake.lake.RowFiles;
import dev.cdclake.runtime.Latencies;
import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.iceberg.Table;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * Writes the folded rows of one task: new rows, the places of the rows they replace, and rejected
 * changes.
 *
 * @param table the silver table
 * @param rejectedRows the table of rejected rows
 * @param rejectedThrough by partition: rejects below this offset are already kept
 * @param silver the table's columns
 * @param topic the topic that the changes came from
 */
record SilverWriter(
    Table table,
    Table rejectedRows,
    Map<Integer, Long> rejectedThrough,
    SilverSchema silver,
    String topic)
    implements FlatMapFunction<Iterator<InternalRow>, SilverWriter.Output> {

  private static final long serialVersionUID = 1L;

  /** What one task wrote. */
  record Output(RowFiles.Written files, RowFiles.Written rejected, Latencies latencies)
      implements Serializable {

    Output plus(Output other) {
      latencies.addAll(other.latencies);
      return new Output(files.plus(other.files), rejected.plus(other.rejected), latencies);
    }

    static Output none() {
      return new Output(RowFiles.Written.none(), RowFiles.Written.none(), Latencies.none());
    }
  }

  @Override
  public Iterator<Output> call(Iterator<InternalRow> folded) {
    RowFiles files = RowFiles.of(table);
    RowFiles rejected = RowFiles.of(rejectedRows);
    Latencies latencies = Latencies.none();
    int committedAt = silver.columns().fieldIndex(ChangeColumns.COMMITTED_AT);
    int snapshot = silver.columns().fieldIndex(ChangeColumns.SNAPSHOT);
    while (folded.hasNext()) {
      InternalRow row = folded.next();
      if (!row.isNullAt(at(FoldedRow.REASON))) {
        reject(row, rejected);
        continue;
      }
      if (!row.isNullAt(at(FoldedRow.REPLACES_FILE))) {
        files.delete(
            row.getUTF8String(at(FoldedRow.REPLACES_FILE)).toString(),
            row.getLong(at(FoldedRow.REPLACES_POSITION)));
      }
      if (row.getBoolean(at(FoldedRow.STORED))) {
        files.write(row);
      }
      if (!row.isNullAt(committedAt) && !row.getBoolean(snapshot)) {
        latencies.add(row.getLong(committedAt) / 1000);
      }
    }
    return List.of(new Output(files.close(), rejected.close(), latencies)).iterator();
  }

  private void reject(InternalRow row, RowFiles rejected) {
    int partition = row.getInt(silver.columns().fieldIndex(ChangeColumns.PARTITION));
    long offset = row.getLong(silver.columns().fieldIndex(ChangeColumns.OFFSET));
    if (offset >= rejectedThrough.getOrDefault(partition, 0L)) {
      rejected.write(
          RejectedRows.row(
              Stage.SILVER,
              RejectReason.valueOf(row.getUTF8String(at(FoldedRow.REASON)).toString()),
              row.getUTF8String(at(FoldedRow.DETAIL)).toString(),
              UTF8String.fromString(topic),
              partition,
              offset,
              bytes(row, FoldedRow.KEY_JSON),
              bytes(row, FoldedRow.VALUE_JSON)));
    }
  }

  private byte[] bytes(InternalRow row, String column) {
    return row.isNullAt(at(column)) ? null : row.getUTF8String(at(column)).getBytes();
  }

  private int at(String column) {
    return FoldedRow.at(silver, column);
  }
}
