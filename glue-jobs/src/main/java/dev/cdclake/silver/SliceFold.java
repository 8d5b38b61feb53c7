/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import dev.cdclake.contract.Expectation.OnBreak;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.SourceTable.OnDelete;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.PipelineException;
import dev.cdclake.lake.CatalystRows;
import dev.cdclake.lake.ChangeContents;
import dev.cdclake.lake.EventSchemas;
import dev.cdclake.lake.RejectedRows;
import dev.cdclake.silver.KeyFold.Outcomes;
import dev.cdclake.silver.KeyFold.Rules;
import dev.cdclake.silver.KeyLookup.Needed;
import dev.cdclake.silver.SilverWriter.Output;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.apache.iceberg.spark.source.SerializableTableWithSize;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.types.ArrayType;

/**
 * Folds the changes of a slice and writes what comes out: in this process, where that is sooner
 * done, or else in Spark's tasks.
 */
final class SliceFold {

  /** Changes that are folded sooner than tasks could begin to. */
  private static final long FEW_CHANGES = 5_000;

  /** The same where tasks would run in this process, too: they have no more cores than it has. */
  private static final long FEW_CHANGES_ALONE = 100_000;

  private final SparkSession spark;
  private final JavaSparkContext context;
  private final EventSchemas schemas;
  private final RejectedRows rejectedRows;
  private final SourceTable source;
  private final Expectations expectations;
  private final String topic;
  private final long fewChanges;

  /**
   * Prepares to fold the changes of one table.
   *
   * @param topic of its events
   * @param fewChanges up to so many are folded by this process; more by tasks
   */
  SliceFold(
      SparkSession spark,
      EventSchemas schemas,
      RejectedRows rejectedRows,
      SourceTable source,
      Expectations expectations,
      String topic,
      long fewChanges) {
    this.spark = spark;
    this.context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    this.schemas = schemas;
    this.rejectedRows = rejectedRows;
    this.source = source;
    this.expectations = expectations;
    this.topic = topic;
    this.fewChanges = fewChanges;
  }

  /** Returns up to how many changes are folded sooner by this process than by tasks. */
  static long fewChanges(SparkSession spark, SourceTable source) {
    // Expectations are checked by tasks in any case.
    return spark.sparkContext().isLocal() && source.expectations().isEmpty()
        ? FEW_CHANGES_ALONE
        : FEW_CHANGES;
  }

  /**
   * Folds the changes of a slice into files, which no commit has named yet.
   *
   * @param truncations that the changes meet, oldest first
   * @param outcomes what became of the changes is added to them
   * @throws PipelineException if the batch breaks an expectation that stops the table; its files
   *     are gone then
   */
  Output fold(
      BronzeSlice slice, SilverTable table, List<Truncation> truncations, Outcomes outcomes) {
    return fold(slice, table, truncations, outcomes, false, false);
  }

  /**
   * Folds changes that were rejected before; what is rejected once more is told and not kept again.
   *
   * @param removalsOnly see {@link Decoder#withRemovalsOnly}
   */
  Output foldAgain(
      BronzeSlice slice,
      SilverTable table,
      List<Truncation> truncations,
      Outcomes outcomes,
      boolean removalsOnly) {
    return fold(slice, table, truncations, outcomes, true, removalsOnly);
  }

  private Output fold(
      BronzeSlice slice,
      SilverTable table,
      List<Truncation> truncations,
      Outcomes outcomes,
      boolean replaying,
      boolean removalsOnly) {
    Decoder decoder = decoder(slice, table.schema(), removalsOnly);
    Rules rules =
        new Rules(truncations, source.onDelete() == OnDelete.PURGE, expectations.holdBack());
    Needed needed = needed(table, rules);
    FoldInTasks tasks = new FoldInTasks(spark, table, needed, decoder, rules, outcomes);
    Output output =
        foldHere(slice, table, needed, decoder, rules, outcomes)
            .orElseGet(
                () ->
                    tasks.fold(slice, folded -> write(folded, table, replaying, mostRows(slice))));
    refuseBroken(output, table);
    return output;
  }

  private Decoder decoder(BronzeSlice slice, SilverSchema silver, boolean removalsOnly) {
    Map<String, String> texts = new HashMap<>();
    slice.contents().schemas().forEach(key -> texts.put(key, schemas.schema(key)));
    Decoder decoder = new Decoder(silver, texts);
    Decoder grouping =
        silver.keyed()
            ? decoder.withGroups(groups(slice, decoder))
            : decoder.withAlike(alike(slice, silver));
    return removalsOnly ? grouping.withRemovalsOnly() : grouping;
  }

  /** A TRUNCATE may be about any number of rows. */
  private static int mostRows(BronzeSlice slice) {
    ChangeContents contents = slice.contents();
    return contents.truncates() > 0
        ? Integer.MAX_VALUE
        : (int) Math.min(Integer.MAX_VALUE, 1 + contents.rows());
  }

  /**
   * Folds few changes without tasks; empty if the table has no key, or if they are many, large, or
   * replayed: those come from all over bronze.
   */
  private Optional<Output> foldHere(
      BronzeSlice slice,
      SilverTable table,
      Needed needed,
      Decoder decoder,
      Rules rules,
      Outcomes outcomes) {
    if (!table.schema().keyed()) {
      return Optional.empty();
    }
    try (Room room = new Room()) {
      FoldHere here = new FoldHere(table, needed, decoder, rules, outcomes, room);
      return slice.few(fewChanges, room).flatMap(bronze -> written(here, bronze));
    }
  }

  private Optional<Output> written(FoldHere here, List<InternalRow> bronze) {
    if (source.expectations().isEmpty()) {
      int rows = FoldHere.rowsPerWriter(bronze.size());
      SilverWriter writer = writer(here.table(), false, rows);
      return here.fold(bronze, folded -> writer.call(folded).next())
          .map(outputs -> outputs.stream().reduce(Output.none(), Output::plus));
    }
    return here.fold(bronze, folded -> CatalystRows.stream(folded).toList())
        .map(folded -> folded.stream().flatMap(List::stream).toList())
        .map(rows -> write(context.parallelize(rows, 1), here.table(), false, 1 + rows.size()));
  }

  /** A late change may meet a TRUNCATE that came after its row; it has to know which was first. */
  private static Needed needed(SilverTable table, Rules rules) {
    if (rules.everyVersion()) {
      return Needed.VALUES;
    }
    return rules.truncations().isEmpty() && !table.mayHaveRowsAside()
        ? Needed.PLACE
        : Needed.POSITION;
  }

  private Map<String, String> groups(BronzeSlice slice, Decoder decoder) {
    if (slice.contents().moves() == 0) {
      return Map.of();
    }
    return KeyFold.groups(BronzeChanges.moves(slice, context.broadcast(decoder)));
  }

  /**
   * Returns the columns by which rows without a key are looked up and grouped: those that every
   * event of the slice has, arrays left out where there are others.
   */
  private List<String> alike(BronzeSlice slice, SilverSchema silver) {
    if (!BronzeChanges.haveRemovals(slice)) {
      return List.of();
    }
    Set<String> common = new TreeSet<>(silver.sourcePositions().keySet());
    slice
        .eventSchemas(schemas, silver.renames())
        .forEach(event -> common.retainAll(event.inLake()));
    List<String> single =
        common.stream()
            .filter(name -> !(silver.columns().apply(name).dataType() instanceof ArrayType))
            .toList();
    return single.isEmpty() ? List.copyOf(common) : single;
  }

  private JavaRDD<InternalRow> checked(JavaRDD<InternalRow> folded, SilverTable silver) {
    return source.expectations().isEmpty()
        ? folded
        : CatalystRows.of(
            expectations.check(CatalystRows.dataset(spark, folded, FoldedRow.of(silver.schema()))));
  }

  private Output write(
      JavaRDD<InternalRow> folded, SilverTable silver, boolean replaying, int rows) {
    SilverWriter writer = writer(silver, replaying, rows);
    return checked(folded, silver).mapPartitions(writer).collect().stream()
        .reduce(Output.none(), Output::plus);
  }

  private SilverWriter writer(SilverTable silver, boolean replaying, int rows) {
    return new SilverWriter(
        SerializableTableWithSize.copyOf(silver.table()),
        SerializableTableWithSize.copyOf(rejectedRows.table()),
        rejectedRows.complete(Stage.SILVER, List.of(topic)).get(topic),
        replaying,
        silver.schema(),
        topic,
        !source.expectations().isEmpty(),
        expectations.names(OnBreak.QUARANTINE),
        rows);
  }

  /** Commits nothing of a batch that breaks an expectation which stops the table. */
  private void refuseBroken(Output output, SilverTable silver) {
    Optional<PipelineException> refusal = expectations.refusal(output.tally());
    if (refusal.isPresent()) {
      silver.discard(output.files());
      throw refusal.get();
    }
  }
}
