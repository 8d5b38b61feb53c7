/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.gold;

import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SettingsException;
import dev.cdclake.contract.SnapshotKeys;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.Stage;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.apache.iceberg.Table;
import org.apache.iceberg.spark.SparkSchemaUtil;
import org.apache.iceberg.types.Types;
import org.apache.iceberg.util.SnapshotUtil;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataType;
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
  private final Map<String, Analysis> analyses = new HashMap<>();

  public GoldJob(SparkSession spark, LakeTables tables, Pipeline pipeline) {
    this.spark = spark;
    this.tables = tables;
    this.pipeline = pipeline;
    this.models = GoldModels.read(pipeline);
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
    Map<String, Input> inputs = inputs(model, moment);
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
    Analysis analysis = analysis(model, inputs);
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
            ? summed(model, analysis.summed().get(), inputs, gold, before)
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

  /** An input and the snapshot of it that is read. */
  private record Input(Table table, long snapshot) {}

  private Map<String, Input> inputs(GoldModel model, ConsistentSnapshots moment) {
    Map<String, Input> inputs = new LinkedHashMap<>();
    for (String name : model.inputs()) {
      input(name, moment)
          .filter(input -> input.table().snapshot(input.snapshot()) != null)
          .ifPresent(input -> inputs.put(name, input));
    }
    return inputs;
  }

  /** A model reads other models as they are: those were refreshed before, at the same moment. */
  private Optional<Input> input(String input, ConsistentSnapshots moment) {
    String noun = input.substring(input.indexOf('.') + 1);
    if (input.startsWith("gold.")) {
      return tables
          .find(pipeline.gold(noun))
          .filter(table -> table.currentSnapshot() != null)
          .map(table -> new Input(table, table.currentSnapshot().snapshotId()));
    }
    return source(input)
        .filter(table -> moment.snapshots().containsKey(table.lakeName()))
        .flatMap(table -> tables.find(pipeline.silver(table)))
        .map(table -> new Input(table, moment.snapshots().get(noun)));
  }

  private Optional<SourceTable> source(String input) {
    return pipeline.tables().stream()
        .filter(table -> input.equals("silver." + table.lakeName()))
        .findFirst();
  }

  /** The inputs' snapshots; and the select itself, because a changed one changes the rows. */
  private static Progress reached(GoldModel model, Map<String, Input> inputs) {
    Map<String, Long> snapshots = new HashMap<>();
    snapshots.put(SELECT, (long) model.sql().hashCode());
    inputs.forEach((name, input) -> snapshots.put(name, input.snapshot()));
    return new Progress(
        Progress.NONE.offsets(), snapshots, Progress.NONE.truncated(), Progress.NONE.topics());
  }

  private static boolean sameSelect(Progress before, Progress reached) {
    return reached.snapshots().get(SELECT).equals(before.snapshots().get(SELECT));
  }

  /** Analyses the select against the columns that silver has, and compares it with the promise. */
  private StructType checkedColumns(GoldModel model) {
    StructType actual;
    try {
      actual = spark.sql(model.sqlOver(input -> GoldModel.table(pipeline, input))).schema();
    } catch (Exception e) {
      if (e instanceof AnalysisException) {
        throw new SettingsException(
            model.name() + ".sql", List.of(e.getMessage().lines().findFirst().orElse("")));
      }
      throw e;
    }
    List<String> problems = new ArrayList<>();
    if (!List.of(actual.fieldNames()).equals(List.copyOf(model.columns().keySet()))) {
      problems.add(
          "%s.yml lists the columns %s, the select yields %s."
              .formatted(model.name(), model.columns().keySet(), List.of(actual.fieldNames())));
    } else {
      model
          .columns()
          .forEach(
              (name, column) -> {
                DataType promised = DataType.fromDDL(column.type());
                if (!promised.sameType(actual.apply(name).dataType())) {
                  problems.add(
                      "column '%s' is %s in %s.yml, the select yields %s."
                          .formatted(
                              name,
                              column.type(),
                              model.name(),
                              actual.apply(name).dataType().sql()));
                }
              });
    }
    if (!problems.isEmpty()) {
      throw new SettingsException("gold model " + model.name(), problems);
    }
    return actual;
  }

  /**
   * What a select is.
   *
   * @param inputs the columns that its inputs had
   * @param columns of the result
   * @param summed how it is refreshed by the changed rows alone, if it can be
   */
  private record Analysis(
      Map<String, StructType> inputs, StructType columns, Optional<SummedModel> summed) {}

  /** Analyses the select, again only if the columns of its inputs are others. */
  private Analysis analysis(GoldModel model, Map<String, Input> inputs) {
    Map<String, StructType> now = new HashMap<>();
    inputs.forEach(
        (name, input) ->
            now.put(
                name,
                SparkSchemaUtil.convert(SnapshotUtil.schemaFor(input.table(), input.snapshot()))));
    Analysis known = analyses.get(model.name());
    if (known == null || !known.inputs().equals(now)) {
      known = new Analysis(now, checkedColumns(model), summedModel(model, inputs, now));
      analyses.put(model.name(), known);
    }
    return known;
  }

  private Optional<SummedModel> summedModel(
      GoldModel model, Map<String, Input> inputs, Map<String, StructType> columns) {
    return inputs.entrySet().stream()
        .filter(input -> inputs.size() == 1)
        .filter(input -> keyColumn(model, input.getKey(), input.getValue()).isPresent())
        .map(Map.Entry::getKey)
        .findFirst()
        .flatMap(
            input ->
                SummedModel.of(spark, model, columns.get(input), model.touchedBy().get(input)));
  }

  /** Returns the model's changes by the changed rows alone; empty if they do not tell them. */
  private Optional<SummedRefresh.Result> summed(
      GoldModel model,
      SummedModel summed,
      Map<String, Input> inputs,
      GoldTable gold,
      Progress before) {
    String name = inputs.keySet().iterator().next();
    Input input = inputs.get(name);
    Long since = before.snapshots().get(name);
    return since == null
        ? Optional.empty()
        : SummedRefresh.of(
            JavaSparkContext.fromSparkContext(spark.sparkContext()),
            input.table(),
            model.touchedBy().get(name),
            summed,
            gold,
            since,
            input.snapshot());
  }

  /** Returns the keys to recompute; empty if the model has to be rebuilt. */
  private Optional<SoughtKeys> touched(
      GoldModel model, Map<String, Input> inputs, GoldTable gold, Progress before) {
    Types.NestedField key = gold.column(model.key().get(0));
    List<long[]> touched = new ArrayList<>();
    for (Map.Entry<String, Input> input : inputs.entrySet()) {
      Long since = before.snapshots().get(input.getKey());
      long now = input.getValue().snapshot();
      Optional<Types.NestedField> column = keyColumn(model, input.getKey(), input.getValue());
      if (column.isPresent() && !KeyHash.isSame(column.get().type(), key.type())) {
        return Optional.empty();
      }
      if (since != null && since == now) {
        continue;
      }
      if (since == null || column.isEmpty()) {
        return Optional.empty();
      }
      Optional<List<long[]>> keys =
          TouchedKeys.of(spark, input.getValue().table(), column.get(), since, now);
      if (keys.isEmpty()) {
        return Optional.empty();
      }
      touched.addAll(keys.get());
    }
    return Optional.of(SoughtKeys.of(touched.stream().map(SoughtKeys.Part::new).toList()));
  }

  /** Returns the column of an input that holds the model's key, as the snapshot has it. */
  private static Optional<Types.NestedField> keyColumn(GoldModel model, String name, Input input) {
    return Optional.ofNullable(model.touchedBy().get(name))
        .map(SnapshotUtil.schemaFor(input.table(), input.snapshot())::findField);
  }

  /**
   * Runs the select over the snapshots that are recorded with the result, and over the rows of the
   * touched keys alone if there are any given.
   */
  private Dataset<Row> result(
      GoldModel model, Map<String, Input> inputs, Optional<Broadcast<SoughtKeys>> touched) {
    Map<String, String> views = new HashMap<>();
    inputs.forEach(
        (name, input) -> {
          Optional<Types.NestedField> key =
              touched.isPresent() ? keyColumn(model, name, input) : Optional.empty();
          Dataset<Row> rows =
              key.isPresent()
                  ? spark.baseRelationToDataFrame(
                      new MemberRows(
                          spark, input.table(), input.snapshot(), key.get(), touched.get()))
                  : spark
                      .read()
                      .format("iceberg")
                      .option("versionAsOf", input.snapshot())
                      .load(GoldModel.table(pipeline, name));
          String view = "input_of_" + model.name() + "_" + name.replace('.', '_');
          rows.createOrReplaceTempView(view);
          views.put(name, view);
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
