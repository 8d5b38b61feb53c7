/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.gold;

import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SnapshotKeys;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.Stage;
import dev.cdclake.gold.ModelAnalyses.Analysis;
import dev.cdclake.lake.ConsistentSnapshots;
import dev.cdclake.lake.KeyHash;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.lake.Progress;
import dev.cdclake.lake.SoughtKeys;
import dev.cdclake.runtime.FaultPoint;
import dev.cdclake.runtime.StageReport;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.apache.iceberg.types.Types;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/**
 * Refreshes the gold models whose inputs changed, in the order in which they depend on each other.
 *
 * <p>The snapshots of the inputs are recorded with the result, so a refresh that dies is simply run
 * again, and a model whose inputs did not change is left alone.
 */
public final class GoldJob {

  private static final String SELECT = "select";

  private final SparkSession spark;
  private final LakeTables tables;
  private final Pipeline pipeline;
  private final List<GoldModel> models;
  private final ModelAnalyses analyses;

  public GoldJob(SparkSession spark, LakeTables tables, Pipeline pipeline) {
    this.spark = spark;
    this.tables = tables;
    this.pipeline = pipeline;
    this.models = GoldModels.read(pipeline);
    this.analyses = new ModelAnalyses(spark, pipeline);
  }

  /** Returns the names of a pipeline's models, in the order in which they are refreshed. */
  public static List<String> models(Pipeline pipeline) {
    return GoldModels.read(pipeline).stream().map(GoldModel::name).toList();
  }

  /** Runs the refresh of one model, and decides what becomes of its failure. */
  @FunctionalInterface
  public interface Attempt {

    /** Returns the report of a refresh; empty if there was none, or it failed. */
    Optional<StageReport> of(String model, Supplier<Optional<StageReport>> refresh);
  }

  /** Refreshes what changed, like {@link #runBatch(Attempt)}; the first failure ends it. */
  public List<StageReport> runBatch() {
    return runBatch((model, refresh) -> refresh.get());
  }

  /**
   * Refreshes what changed, all models at the one moment that silver published last.
   *
   * @param attempt runs each refresh; the models behind one that fails go on
   * @return a report per refreshed model; a model whose inputs do not exist yet has none
   */
  public List<StageReport> runBatch(Attempt attempt) {
    Optional<ConsistentSnapshots> moment = ConsistentSnapshots.read(tables, pipeline);
    List<StageReport> reports = new ArrayList<>();
    if (moment.isPresent()) {
      for (GoldModel model : models) {
        Optional<StageReport> refreshed =
            attempt.of(model.name(), () -> refresh(model, moment.get(), false));
        refreshed.ifPresent(reports::add);
        if (refreshed.isPresent()) {
          FaultPoint.GOLD_AFTER_COMMIT.pass();
        }
      }
    }
    return reports;
  }

  /**
   * Makes the models anew that depend on a silver table, directly or through others, whatever they
   * have read already: none of their older rows is kept.
   *
   * @return their tables, also of a model that cannot be made now because an input is gone
   */
  public List<LakeTable> rebuild(SourceTable source) {
    Optional<ConsistentSnapshots> moment = ConsistentSnapshots.read(tables, pipeline);
    Set<String> affected = new HashSet<>(Set.of("silver." + source.lakeName()));
    List<LakeTable> rebuilt = new ArrayList<>();
    for (GoldModel model : models) {
      LakeTable name = pipeline.gold(model.name());
      boolean depends = model.inputs().stream().anyMatch(affected::contains);
      if (depends && moment.isPresent() && tables.find(name).isPresent()) {
        refresh(model, moment.get(), true);
        affected.add("gold." + model.name());
        rebuilt.add(name);
      }
    }
    return rebuilt;
  }

  /** Runs the tests of the models over their whole tables; returns what is broken, in words. */
  public List<String> brokenTests() {
    List<String> broken = new ArrayList<>();
    for (GoldModel model : models) {
      if (tables.find(pipeline.gold(model.name())).isPresent()) {
        broken.addAll(ModelTests.broken(spark, model, pipeline.gold(model.name())));
      }
    }
    return broken;
  }

  private Optional<StageReport> refresh(GoldModel model, ConsistentSnapshots moment, boolean anew) {
    Instant start = Instant.now();
    List<ModelInput> inputs = inputs(model, moment);
    if (inputs.size() < model.inputs().size()) {
      return Optional.empty();
    }
    LakeTable name = pipeline.gold(model.name());
    Progress before =
        tables.find(name).map(table -> Progress.of(table, Stage.GOLD)).orElse(Progress.NONE);
    Progress reached = reached(model, inputs);
    if (!anew && before.snapshots().equals(reached.snapshots())) {
      return Optional.empty();
    }

    Map<String, String> summary = new TreeMap<>(reached.summary(Stage.GOLD));
    if (moment.lsn() != 0) {
      summary.put(SnapshotKeys.COMPLETE_LSN, moment.position().lsnText());
    }
    Analysis analysis = analyses.of(model, inputs);
    StructType columns = analysis.columns();
    GoldTable gold = GoldTable.open(spark, tables, name, model, columns);
    boolean isIncremental =
        !anew
            && model.isIncremental()
            && sameSelect(before, reached)
            && gold.isRefreshable()
            && gold.hasColumns(columns)
            && (analysis.summed().isEmpty() || gold.isAsRefreshed());
    Optional<SummedRefresh.Result> summed =
        isIncremental && analysis.summed().isPresent()
            ? summed(model, analysis.summed().get(), inputs.get(0), gold, before)
            : Optional.empty();
    Optional<SoughtKeys> touched =
        isIncremental && summed.isEmpty() ? touched(model, inputs, gold, before) : Optional.empty();
    FaultPoint.GOLD_BEFORE_WRITING.pass();
    if (summed.isPresent()) {
      gold.replace(summed.get(), analysis.summed().get(), before, reached, summary);
      return Optional.of(report(model, summed.get().keys(), gold, start));
    }
    if (touched.isPresent()) {
      Broadcast<SoughtKeys> keys =
          JavaSparkContext.fromSparkContext(spark.sparkContext()).broadcast(touched.get());
      try {
        Dataset<Row> result = result(model, inputs, Optional.of(keys));
        gold.refresh(result, keys, model.key().get(0), before, reached, summary);
      } finally {
        keys.destroy();
      }
      return Optional.of(report(model, touched.get().size(), gold, start));
    }
    Dataset<Row> all = result(model, inputs, Optional.empty());
    if (gold.hasColumns(columns)) {
      gold.rebuild(all, summary);
    } else {
      gold.replace(all, summary);
    }
    return Optional.of(report(model, gold.rows().count(), gold, start));
  }

  /** Returns the inputs that are there. */
  private List<ModelInput> inputs(GoldModel model, ConsistentSnapshots moment) {
    return model.inputs().stream()
        .flatMap(name -> input(name, moment).stream())
        .filter(input -> input.table().snapshot(input.snapshot()) != null)
        .toList();
  }

  /** A model reads other models as they are: those were refreshed before, at the same moment. */
  private Optional<ModelInput> input(String input, ConsistentSnapshots moment) {
    String noun = input.substring(input.indexOf('.') + 1);
    if (input.startsWith("gold.")) {
      return tables
          .find(pipeline.gold(noun))
          .filter(table -> table.currentSnapshot() != null)
          .map(table -> new ModelInput(input, table, table.currentSnapshot().snapshotId()));
    }
    return source(input)
        .filter(table -> moment.snapshots().containsKey(table.lakeName()))
        .flatMap(table -> tables.find(pipeline.silver(table)))
        .map(table -> new ModelInput(input, table, moment.snapshots().get(noun)));
  }

  private Optional<SourceTable> source(String input) {
    return pipeline.tables().stream()
        .filter(table -> input.equals("silver." + table.lakeName()))
        .findFirst();
  }

  /** The inputs' snapshots; and the select itself, because a changed one changes the rows. */
  private static Progress reached(GoldModel model, List<ModelInput> inputs) {
    Map<String, Long> snapshots = new HashMap<>();
    snapshots.put(SELECT, (long) model.sql().hashCode());
    inputs.forEach(input -> snapshots.put(input.name(), input.snapshot()));
    return new Progress(
        Progress.NONE.offsets(), snapshots, Progress.NONE.truncated(), Progress.NONE.topics());
  }

  private static boolean sameSelect(Progress before, Progress reached) {
    return reached.snapshots().get(SELECT).equals(before.snapshots().get(SELECT));
  }

  /** Returns the model's changes by the changed rows alone; empty if they do not tell them. */
  private Optional<SummedRefresh.Result> summed(
      GoldModel model, SummedModel summed, ModelInput input, GoldTable gold, Progress before) {
    Long since = before.snapshots().get(input.name());
    return since == null
        ? Optional.empty()
        : SummedRefresh.of(
            JavaSparkContext.fromSparkContext(spark.sparkContext()),
            input.table(),
            model.touchedBy().get(input.name()),
            summed,
            gold,
            since,
            input.snapshot());
  }

  /** Returns the keys to recompute; empty if the model has to be rebuilt. */
  private Optional<SoughtKeys> touched(
      GoldModel model, List<ModelInput> inputs, GoldTable gold, Progress before) {
    Types.NestedField key = gold.column(model.key().get(0));
    List<long[]> touched = new ArrayList<>();
    for (ModelInput input : inputs) {
      Long since = before.snapshots().get(input.name());
      Optional<Types.NestedField> column = input.keyOf(model);
      if (column.isPresent() && !KeyHash.isSame(column.get().type(), key.type())) {
        return Optional.empty();
      }
      if (since != null && since == input.snapshot()) {
        continue;
      }
      if (since == null || column.isEmpty()) {
        return Optional.empty();
      }
      Optional<List<long[]>> keys =
          TouchedKeys.of(spark, input.table(), column.get(), since, input.snapshot());
      if (keys.isEmpty()) {
        return Optional.empty();
      }
      touched.addAll(keys.get());
    }
    return Optional.of(SoughtKeys.of(touched.stream().map(SoughtKeys.Part::new).toList()));
  }

  /**
   * Runs the select over the snapshots that are recorded with the result, and over the rows of the
   * touched keys alone if there are any given.
   */
  private Dataset<Row> result(
      GoldModel model, List<ModelInput> inputs, Optional<Broadcast<SoughtKeys>> touched) {
    Map<String, String> views = new HashMap<>();
    inputs.forEach(
        input -> {
          Optional<Types.NestedField> key =
              touched.isPresent() ? input.keyOf(model) : Optional.empty();
          Dataset<Row> rows =
              key.isPresent()
                  ? spark.baseRelationToDataFrame(
                      new MemberRows(
                          spark, input.table(), input.snapshot(), key.get(), touched.get()))
                  : spark
                      .read()
                      .format("iceberg")
                      .option("versionAsOf", input.snapshot())
                      .load(GoldModel.table(pipeline, input.name()));
          String view = "input_of_" + model.name() + "_" + input.name().replace('.', '_');
          rows.createOrReplaceTempView(view);
          views.put(input.name(), view);
        });
    // The views stay until the next refresh replaces them: a write analyses the select again.
    return spark.sql(model.sqlOver(views::get));
  }

  private StageReport report(GoldModel model, long rows, GoldTable gold, Instant start) {
    Instant now = Instant.now();
    return new StageReport(
        Stage.GOLD,
        model.name(),
        rows,
        rows,
        0,
        0,
        0,
        0,
        gold.snapshot(),
        now,
        now.toEpochMilli() - start.toEpochMilli(),
        -1,
        -1);
  }
}
