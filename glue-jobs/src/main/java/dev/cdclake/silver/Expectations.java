/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.array_compact;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.when;

import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.contract.Expectation;
import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.FailureCode;
import dev.cdclake.failure.PipelineException;
import java.util.List;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Names, in {@code dq_flags}, the expectations that an active row breaks. */
final class Expectations {

  private Expectations() {}

  static Dataset<Row> flag(Dataset<Row> folded, List<Expectation> expectations, LakeTable table) {
    if (expectations.isEmpty()) {
      return folded;
    }
    Column broken =
        array_compact(
            array(
                expectations.stream()
                    .map(
                        expectation ->
                            when(
                                    coalesce(expr(expectation.condition()), lit(false)),
                                    lit(null).cast("string"))
                                .otherwise(lit(expectation.name())))
                    .toArray(Column[]::new)));
    Column flags = col(ChangeColumns.DQ_FLAGS);
    try {
      return folded.withColumn(
          ChangeColumns.DQ_FLAGS,
          when(col(ChangeColumns.IS_ACTIVE), concat(flags, broken)).otherwise(flags));
    } catch (Exception e) {
      // Spark throws this checked exception without declaring it.
      if (e instanceof AnalysisException) {
        throw refused(expectations, table, e);
      }
      throw e;
    }
  }

  private static PipelineException refused(
      List<Expectation> expectations, LakeTable table, Exception cause) {
    return new PipelineException(
        Stage.SILVER,
        FailureCode.CONFIG_INVALID,
        "Cannot check the expectations %s of table '%s': %s. Correct 'expect' in pipeline.yaml."
            .formatted(
                expectations.stream().map(Expectation::name).toList(),
                table.label(),
                cause.getMessage()),
        cause);
  }
}
