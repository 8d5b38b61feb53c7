/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.not;

import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.Stage;
import dev.cdclake.lake.EventSchemas;
import dev.cdclake.lake.KnownTables;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.lake.Position;
import dev.cdclake.lake.Progress;
import dev.cdclake.lake.RejectedRow;
import dev.cdclake.lake.RejectedRows;
import dev.cdclake.lake.SilverKey;
import dev.cdclake.lake.TableTurn;
import dev.cdclake.lake.Watermark;
import dev.cdclake.lake.WriterPause;
import dev.cdclake.runtime.FaultPoint;
import dev.cdclake.runtime.PreparedReplay;
import dev.cdclake.runtime.StageReport;
import dev.cdclake.silver.KeyFold.Outcomes;
import dev.cdclake.silver.SilverWriter.Output;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.iceberg.Table;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
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

  private final SparkSession spark;
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
  private final SliceFold sliceFold;

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
        SliceFold.fewChanges(spark, source));
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
    this.sliceFold =
        new SliceFold(spark, schemas, rejectedRows, source, expectations, topic, fewChanges);
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
    evolve(silver, slice);
    Outcomes outcomes = outcomes();
    List<Truncation> truncations = slice.truncations(folded.truncated());
    Output output = sliceFold.fold(slice, silver, truncations, outcomes);
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
    evolve(silver, slice);
    Outcomes outcomes = outcomes();
    List<Truncation> truncations = slice.truncations(folded.truncated());
    Output output = sliceFold.foldAgain(slice, silver, truncations, outcomes, plan.removalsOnly());
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
    silver.evolution().conform(event, new SilverKey(key));
    return Optional.of(silver);
  }

  /** Lets the table follow the columns of the slice's events. */
  private void evolve(SilverTable silver, BronzeSlice slice) {
    SchemaEvolution evolution = silver.evolution();
    Set<String> fingerprints = slice.contents().schemas();
    if (!source.renames().isEmpty() && !examined.containsAll(fingerprints)) {
      // A rename shows in the schemas of the events before and after it, which bronze has.
      evolution.rename(
          SchemaVersion.history(spark.table(bronzeName.quoted()), schemas, topic, epoch),
          source.renames());
      examined.addAll(fingerprints);
    }
    evolution.evolve(slice.eventSchemas(schemas, silver.schema().renames()));
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
