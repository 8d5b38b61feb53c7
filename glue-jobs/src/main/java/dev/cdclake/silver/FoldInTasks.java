/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import dev.cdclake.lake.CatalystRows;
import dev.cdclake.lake.SoughtKeys;
import dev.cdclake.silver.KeyFold.Outcomes;
import dev.cdclake.silver.KeyFold.Rules;
import dev.cdclake.silver.KeyLookup.Needed;
import java.util.List;
import java.util.function.Function;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.types.StructType;

/**
 * Folds changes in Spark's tasks: any number of them, with a key or without, TRUNCATEs among them.
 *
 * @param table the silver table
 * @param needed of every row that silver has
 * @param outcomes what became of the changes is added to them
 */
record FoldInTasks(
    SparkSession spark,
    SilverTable table,
    Needed needed,
    Decoder decoder,
    Rules rules,
    Outcomes outcomes) {

  /**
   * Folds the changes of a slice.
   *
   * @param end takes what comes out, of the shape of {@link FoldedRow}, and has done with it when
   *     it returns
   */
  <T> T fold(BronzeSlice slice, Function<JavaRDD<InternalRow>, T> end) {
    Broadcast<Decoder> sent =
        JavaSparkContext.fromSparkContext(spark.sparkContext()).broadcast(decoder);
    JavaRDD<InternalRow> bronze = BronzeChanges.of(slice);
    try {
      return end.apply(
          KeyFold.fold(
              CatalystRows.dataset(
                  spark, withCurrent(bronze, slice, sent), ChangeRow.of(table.schema())),
              slice.contents().rows(),
              BronzeChanges.fitInMemory(slice) && hasRowPerChange(slice),
              sent,
              rules,
              outcomes));
    } finally {
      bronze.unpersist();
    }
  }

  /** Whether changes are about few more rows of silver than there are changes. */
  private boolean hasRowPerChange(BronzeSlice slice) {
    return decoder.silver().keyed() && slice.contents().truncates() == 0;
  }

  /** Returns changes, together with the rows of silver that they are about. */
  private JavaRDD<InternalRow> withCurrent(
      JavaRDD<InternalRow> bronze, BronzeSlice slice, Broadcast<Decoder> sent) {
    JavaRDD<InternalRow> changes = BronzeChanges.decoded(bronze, sent);
    if (table.table().currentSnapshot() == null) {
      return changes;
    }
    if (slice.contents().truncates() > 0) {
      return changes.union(table.rows(sent));
    }
    if (decoder.silver().keyed()) {
      SoughtKeys keys = BronzeChanges.sought(bronze, sent);
      // What takes longest comes first.
      return table.rowsOf(keys, needed, sent).union(changes);
    }
    if (decoder.alike().isEmpty()) {
      return changes;
    }
    Dataset<Row> taken = BronzeChanges.taken(slice, sent, columns(decoder.alike()));
    return changes.union(table.rowsLike(taken, slice.contents().rows(), sent));
  }

  private StructType columns(List<String> names) {
    StructType shape = new StructType();
    for (String column : names) {
      shape = shape.add(decoder.silver().columns().apply(column));
    }
    return shape;
  }
}
