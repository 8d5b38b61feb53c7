/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.not;

import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.contract.Expectation.OnBreak;
import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.SourceTable.OnDelete;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.PipelineException;
import dev.cdclake.lake.CatalystRows;
import dev.cdclake.lake.ChangeContents;
import dev.cdclake.lake.EventSchemas;
import dev.cdclake.lake.KnownTables;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.lake.Position;
import dev.cdclake.lake.Progress;
import dev.cdclake.lake.RejectedRow;
import dev.cdclake.lake.RejectedRows;
import dev.cdclake.lake.Renames;
import dev.cdclake.lake.SilverKey;
import dev.cdclake.lake.TableTurn;
import dev.cdclake.lake.Watermark;
import dev.cdclake.lake.WriterPause;
import dev.cdclake.runtime.FaultPoint;
import dev.cdclake.runtime.PreparedReplay;
import dev.cdclake.runtime.StageReport;
import dev.cdclake.silver.KeyFold.Outcomes;
import dev.cdclake.silver.KeyFold.Rules;
import dev.cdclake.silver.KeyLookup.Needed;
import dev.cdclake.silver.SilverWriter.Output;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.iceberg.Table;
import org.apache.iceberg.spark.source.SerializableTableWithSize;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.types.ArrayType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Folds new bronze rows of one table into its silver table: one current row per key.
 *
 * <p>Safe to run again: the bronze snapshot that was read is committed together with the rows made
 * from it.
 */
public final class SilverJob {

  private static final Logger LOG = LoggerFactory.getLogger(SilverJob.class);

  /** Changes that are folded sooner than tasks could begin to. */
  private static final long FEW_CHANGES = 5_000;

  /** The same where tasks would run in this process, too: they have no more cores than it has. */
  private static final long FEW_CHANGES_ALONE = 100_000;

  private final SparkSession spark;
  private final JavaSparkContext context;
  private final LakeTables tables;
  private final KnownTables known;
  private final EventSchemas schemas;
  private final RejectedRows rejectedRows;
  private final SourceTable source;
  private final Expectations expectations;
  private final LakeTable bronzeName;
  private final LakeTable silverName;
  private final String topic;
  private final int epoch;
  private final long fewChanges;

  /** Fingerprints of schemas before which renames were looked for. */
  private final Set<String> examined = new HashSet<>();

  /** Prepares the job of one table. */
  public SilverJob(
      SparkSession spark,
      LakeTables tables,
      EventSchemas schemas,
      RejectedRows rejectedRows,
      Pipeline pipeline,
      SourceTable source) {
    this(
        spark,
        tables,
        schemas,
        rejectedRows,
        pipeline,
        source,
        foldsManyHere(spark, source) ? FEW_CHANGES_ALONE : FEW_CHANGES);
  }

  /**
   * Prepares the job of one table.
   *
   * @param fewChanges up to so many are folded by this process; more by tasks
   */
  public SilverJob(
      SparkSession spark,
      LakeTables tables,
      EventSchemas schemas,
      RejectedRows rejectedRows,
      Pipeline pipeline,
      SourceTable source,
      long fewChanges) {
    this.spark = spark;
    this.context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    this.tables = tables;
    this.known = new KnownTables(tables);
    this.schemas = schemas;
    this.rejectedRows = rejectedRows;
    this.source = source;
    this.expectations = new Expectations(source.expectations(), pipeline.silver(source));
    this.bronzeName = pipeline.bronze(source);
    this.silverName = pipeline.silver(source);
    this.topic = pipeline.topic(source);
    this.epoch = pipeline.source().epoch();
    this.fewChanges = fewChanges;
  }

  /** Whether tasks would run in this process; expectations are checked by them in any case. */
  private static boolean foldsManyHere(SparkSession spark, SourceTable source) {
    return spark.sparkContext().isLocal() && source.expectations().isEmpty();
  }

  /**
   * Carries one batch from bronze to silver.
   *
   * @param watermark how far bronze has every change; {@link Watermark#NONE} folds all it has
   * @return empty when there was nothing to fold
   */
  public Optional<StageReport> runBatch(Watermark watermark) {
    return TableTurn.in(silverName, () -> run(watermark));
  }

  private Optional<StageReport> run(Watermark watermark) {
    Instant start = Instant.now();
    Optional<SilverTable> existing =
        known.find(silverName).map(WriterPause::over).map(this::silver);
    Progress folded = existing.map(SilverTable::progress).orElse(Progress.NONE);
    BronzeSlice slice = unread(folded, watermark.cuts(topic));
    if (slice.isEmpty()) {
      return Optional.empty();
    }
    Optional<SilverTable> created =
        folded.equals(Progress.NONE) ? create(slice).or(() -> existing) : existing;
    if (created.isEmpty()) {
      LOG.warn(
          "Cannot create table '{}' yet: no event of topic '{}' carries a row with its schema"
              + " (expected JsonConverter with schemas.enable=true)",
          silverName.label(),
          topic);
      return Optional.empty();
    }

    SilverTable silver = created.get();
    followRenames(silver, slice);
    silver.evolve(eventSchemas(slice, silver.schema().renames()));
    Outcomes outcomes = outcomes();
    List<Truncation> truncations = slice.truncations(folded.truncated());
    Output output = fold(slice, silver, truncations, false, outcomes, false);
    refuseBroken(output, silver);
    if (output.hasRowsAside()) {
      silver.expectRowsAside();
    }
    FaultPoint.SILVER_BEFORE_COMMIT.pass();
    rejectedRows.append(
        Stage.SILVER, output.rejected(), Map.of(topic, slice.through().offsets(topic)));
    long snapshot =
        silver.commit(
            output.files(),
            folded,
            through(slice, truncations),
            complete(slice, watermark),
            expectations.results(output.tally()));
    FaultPoint.SILVER_AFTER_COMMIT.pass();
    return Optional.of(report(slice, outcomes, output, snapshot, start));
  }

  /**
   * Folds changes again that were rejected, at the place in the source's log that they have: one
   * that is older than its row changes nothing.
   *
   * @param rows rejected by silver
   */
  public PreparedReplay prepareReplay(List<RejectedRow> rows) {
    Optional<SilverTable> existing = known.find(silverName).map(this::silver);
    if (existing.isEmpty()) {
      return PreparedReplay.refusing(PreparedReplay.refusals(rows, "Silver has no such table yet"));
    }
    SilverTable silver = existing.get();
    Progress folded = silver.progress();
    ReplayPlan plan = ReplayPlan.of(rows, folded.offsets(topic), silver.schema(), places(rows));
    if (plan.usable().isEmpty()) {
      return PreparedReplay.refusing(plan.refused());
    }
    BronzeSlice slice = BronzeSlice.at(spark, bronzeName, plan.usable(), folded);
    followRenames(silver, slice);
    silver.evolve(eventSchemas(slice, silver.schema().renames()));
    Outcomes outcomes = outcomes();
    List<Truncation> truncations = slice.truncations(folded.truncated());
    Output output = fold(slice, silver, truncations, plan.removalsOnly(), outcomes, true);
    refuseBroken(output, silver);
    List<RejectedRow> accepted = RejectedRow.without(plan.usable(), output.refused());
    return new PreparedReplay(
        accepted,
        Stream.of(plan.refused(), output.refused()).flatMap(List::stream).toList(),
        "%,d written, %,d deleted, %,d older than what silver has"
            .formatted(
                accepted.size() - outcomes.deleted().value() - outcomes.superseded().value(),
                outcomes.deleted().value(),
                outcomes.superseded().value()),
        replay -> {
          if (output.hasRowsAside()) {
            silver.expectRowsAside();
          }
          silver.commit(
              output.files(),
              folded,
              through(slice, truncations).withSnapshot(PreparedReplay.PROGRESS, replay),
              Optional.empty(),
              expectations.results(output.tally()));
        },
        () -> silver.discard(output.files()));
  }

  /** Returns those of some places that bronze has. */
  private Set<RejectedRow.Place> places(List<RejectedRow> rows) {
    return BronzeSlice.at(spark, bronzeName, rows, Progress.NONE)
        .rows()
        .select(ChangeColumns.PARTITION, ChangeColumns.OFFSET)
        .collectAsList()
        .stream()
        .map(row -> new RejectedRow.Place(row.getInt(0), row.getLong(1)))
        .collect(Collectors.toSet());
  }

  private SilverTable silver(Table table) {
    return SilverTable.of(spark, silverName, table);
  }

  private BronzeSlice unread(Progress folded, Map<Integer, Long> cuts) {
    Optional<Table> bronze = known.find(bronzeName).filter(t -> t.currentSnapshot() != null);
    return bronze
        .map(table -> BronzeSlice.unread(spark, bronzeName, table, topic, folded, cuts))
        .orElseGet(BronzeSlice::nothing);
  }

  /** Creates the table from its first event; one that was made before it has to agree with it. */
  private Optional<SilverTable> create(BronzeSlice slice) {
    List<Row> first =
        slice
            .rows()
            .where(
                not(
                    BronzeSlice.endsRows()
                        .or(col(ChangeColumns.OP).equalTo(ChangeColumns.OP_FILL))))
            .where(col(ChangeColumns.SCHEMA).isNotNull())
            .orderBy(
                col(ChangeColumns.KEY).isNull(), col(ChangeColumns.EPOCH), col(ChangeColumns.LSN))
            .select(ChangeColumns.SCHEMA, ChangeColumns.KEY)
            .takeAsList(1);
    if (first.isEmpty()) {
      return Optional.empty();
    }
    String fingerprint = first.get(0).getString(0);
    List<String> key =
        source.key().isEmpty() ? RowKey.columns(first.get(0).getString(1)) : source.key();
    EventSchema event = EventSchema.of(fingerprint, schemas.schema(fingerprint));
    SilverTable silver = SilverTable.create(spark, tables, silverName, event, new SilverKey(key));
    silver.conform(event, new SilverKey(key));
    return Optional.of(silver);
  }

  /** A rename shows in the schemas of the events before and after it, which bronze has. */
  private void followRenames(SilverTable silver, BronzeSlice slice) {
    if (source.renames().isEmpty() || examined.containsAll(slice.contents().schemas())) {
      return;
    }
    silver.rename(
        SchemaVersion.history(spark.table(bronzeName.quoted()), schemas, topic, epoch),
        source.renames());
    examined.addAll(slice.contents().schemas());
  }

  /** Returns the schemas of a slice; one that lies on both sides of a rename counts as two. */
  private List<EventSchema> eventSchemas(BronzeSlice slice, Renames renames) {
    List<EventSchema> events = new ArrayList<>();
    if (renames.followed().isEmpty()) {
      for (String fingerprint : slice.contents().schemas()) {
        events.add(EventSchema.of(fingerprint, schemas.schema(fingerprint)));
      }
      return events;
    }
    for (BronzeSlice.Span span : slice.spans()) {
      EventSchema schema = EventSchema.of(span.schema(), schemas.schema(span.schema()));
      for (Position position : List.of(span.first(), span.last())) {
        events.add(schema.under(renames, position.epoch(), position.lsn()));
      }
    }
    return events;
  }

  private Output fold(
      BronzeSlice slice,
      SilverTable table,
      List<Truncation> truncations,
      boolean removalsOnly,
      Outcomes outcomes,
      boolean replaying) {
    SilverSchema silver = table.schema();
    Map<String, String> texts = new HashMap<>();
    slice.contents().schemas().forEach(key -> texts.put(key, schemas.schema(key)));
    Decoder decoder = new Decoder(silver, texts);
    decoder =
        silver.keyed()
            ? decoder.withGroups(groups(slice, decoder))
            : decoder.withAlike(alike(slice, silver));
    decoder = removalsOnly ? decoder.withRemovalsOnly() : decoder;
    Rules rules =
        new Rules(truncations, source.onDelete() == OnDelete.PURGE, expectations.holdBack());
    Needed needed = needed(table, rules);
    Optional<Output> output = foldHere(slice, table, needed, decoder, rules, outcomes);
    if (output.isPresent()) {
      return output.get();
    }
    return new FoldInTasks(spark, table, needed, decoder, rules, outcomes)
        .fold(slice, folded -> write(folded, table, replaying, mostRows(slice)));
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
    eventSchemas(slice, silver.renames()).forEach(event -> common.retainAll(event.inLake()));
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

  private static Progress through(BronzeSlice slice, List<Truncation> truncations) {
    return truncations.isEmpty()
        ? slice.through()
        : slice.through().withTruncated(truncations.get(truncations.size() - 1).position());
  }

  /** The table's moment: known where everything below the cut is folded. */
  private Optional<Position> complete(BronzeSlice slice, Watermark watermark) {
    return Optional.of(watermark)
        .filter(Watermark::isKnown)
        .filter(known -> known.isReachedBy(topic, slice.through().offsets(topic)))
        .map(Watermark::position);
  }

  private Outcomes outcomes() {
    return new Outcomes(
        spark.sparkContext().longAccumulator(),
        spark.sparkContext().longAccumulator(),
        spark.sparkContext().longAccumulator(),
        spark.sparkContext().longAccumulator());
  }

  private StageReport report(
      BronzeSlice slice, Outcomes outcomes, Output output, long snapshot, Instant start) {
    Instant now = Instant.now();
    return new StageReport(
        Stage.SILVER,
        source.lakeName(),
        outcomes.written().value()
            + outcomes.superseded().value()
            + outcomes.deleted().value()
            + outcomes.rejected().value(),
        outcomes.written().value() - output.heldBack(),
        outcomes.superseded().value(),
        outcomes.deleted().value(),
        outcomes.rejected().value() + output.heldBack(),
        slice.behind(),
        snapshot,
        now,
        now.toEpochMilli() - start.toEpochMilli(),
        output.latencies().quantile(0.5, now.toEpochMilli()),
        output.latencies().quantile(0.99, now.toEpochMilli()));
  }
}
