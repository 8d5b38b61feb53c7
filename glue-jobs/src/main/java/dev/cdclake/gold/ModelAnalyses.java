/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.gold;

import static java.util.stream.Collectors.toMap;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SettingsException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.iceberg.spark.SparkSchemaUtil;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructType;

/** What Spark makes of the models' selects; each is kept while its inputs have the same columns. */
final class ModelAnalyses {

  private final SparkSession spark;
  private final Pipeline pipeline;
  private final Map<String, Analysis> known = new HashMap<>();

  ModelAnalyses(SparkSession spark, Pipeline pipeline) {
    this.spark = spark;
    this.pipeline = pipeline;
  }

  /**
   * What a select is.
   *
   * @param inputs by name: the columns that its inputs had
   * @param columns of the result
   * @param summed how it is refreshed by the changed rows alone, if it can be
   */
  record Analysis(
      Map<String, StructType> inputs, StructType columns, Optional<SummedModel> summed) {}

  /**
   * Analyses a model's select.
   *
   * @throws SettingsException if Spark cannot, or the columns are not those that the model promises
   */
  Analysis of(GoldModel model, List<ModelInput> inputs) {
    Map<String, StructType> columns =
        inputs.stream()
            .collect(toMap(ModelInput::name, input -> SparkSchemaUtil.convert(input.columns())));
    Analysis analysis = known.get(model.name());
    if (analysis == null || !analysis.inputs().equals(columns)) {
      analysis = new Analysis(columns, checkedColumns(model), summed(model, inputs, columns));
      known.put(model.name(), analysis);
    }
    return analysis;
  }

  /** Analyses the select against the columns that silver has, and compares it with the promise. */
  private StructType checkedColumns(GoldModel model) {
    StructType actual = columns(model);
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
                DataType yielded = actual.apply(name).dataType();
                if (!DataType.fromDDL(column.type()).sameType(yielded)) {
                  problems.add(
                      "column '%s' is %s in %s.yml, the select yields %s."
                          .formatted(name, column.type(), model.name(), yielded.sql()));
                }
              });
    }
    if (!problems.isEmpty()) {
      throw new SettingsException("gold model " + model.name(), problems);
    }
    return actual;
  }

  private StructType columns(GoldModel model) {
    try {
      return spark.sql(model.sqlOver(input -> GoldModel.table(pipeline, input))).schema();
    } catch (Exception e) {
      // It is checked, though no method declares it.
      if (e instanceof AnalysisException) {
        throw new SettingsException(
            model.name() + ".sql", List.of(e.getMessage().lines().findFirst().orElse("")));
      }
      throw e;
    }
  }

  private Optional<SummedModel> summed(
      GoldModel model, List<ModelInput> inputs, Map<String, StructType> columns) {
    return inputs.stream()
        .filter(input -> inputs.size() == 1)
        .filter(input -> input.keyOf(model).isPresent())
        .findFirst()
        .flatMap(
            input ->
                SummedModel.of(
                    spark, model, columns.get(input.name()), model.touchedBy().get(input.name())));
  }
}
