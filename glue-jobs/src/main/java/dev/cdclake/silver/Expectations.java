/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.array_compact;
import static org.apache.spark.sql.functions.arrays_overlap;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.when;

import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.contract.Expectation;
import dev.cdclake.contract.Expectation.OnBreak;
import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.FailureCode;
import dev.cdclake.failure.PipelineException;
import dev.cdclake.lake.ExpectationResults;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;

/**
 * What should hold for the rows of one silver table. Active rows are checked; which expectations
 * one breaks is written into {@code dq_flags}.
 */
final class Expectations {

  /** Flag of a version of a row that is held back; see {@link Expectation#QUARANTINED}. */
  static final String QUARANTINED = Expectation.QUARANTINED;

  /**
   * Names of the expectations that a folded row breaks, NULL if it was not checked; the last column
   * of a checked row.
   */
  static final String BROKEN = "_broken";

  private final List<Expectation> expectations;
  private final LakeTable table;

  Expectations(List<Expectation> expectations, LakeTable table) {
    this.expectations = expectations;
    this.table = table;
  }

  /** Whether broken rows may be held back, so that every version of a row has to be checked. */
  boolean holdBack() {
    return !names(OnBreak.QUARANTINE).isEmpty();
  }

  /** Adds {@link #BROKEN} to folded rows, flags them, and marks those that are held back. */
  Dataset<Row> check(Dataset<Row> folded) {
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
    try {
      Dataset<Row> checked = folded.withColumn(BROKEN, when(col(ChangeColumns.IS_ACTIVE), broken));
      Column flags = col(ChangeColumns.DQ_FLAGS);
      Dataset<Row> flagged =
          checked.withColumn(ChangeColumns.DQ_FLAGS, coalesce(concat(flags, col(BROKEN)), flags));
      return holdBack() ? heldBack(flagged) : flagged;
    } catch (Exception e) {
      // Spark throws this checked exception without declaring it.
      if (e instanceof AnalysisException) {
        throw refused(e);
      }
      throw e;
    }
  }

  /** A version that is held back is not the row: it stands beside it, inactive and flagged. */
  private Dataset<Row> heldBack(Dataset<Row> flagged) {
    Column quarantining =
        array(names(OnBreak.QUARANTINE).stream().map(functions::lit).toArray(Column[]::new));
    Column held = coalesce(arrays_overlap(col(BROKEN), quarantining), lit(false));
    return flagged
        .withColumn(
            ChangeColumns.DQ_FLAGS,
            when(held, concat(col(ChangeColumns.DQ_FLAGS), array(lit(QUARANTINED))))
                .otherwise(col(ChangeColumns.DQ_FLAGS)))
        .withColumn(ChangeColumns.IS_ACTIVE, col(ChangeColumns.IS_ACTIVE).and(held.equalTo(false)));
  }

  /** Returns the names of the expectations of one severity. */
  List<String> names(OnBreak onBreak) {
    return expectations.stream()
        .filter(expectation -> expectation.onBreak() == onBreak)
        .map(Expectation::name)
        .toList();
  }

  /** Returns what a batch found, for the summary of its snapshot. */
  ExpectationResults results(ExpectationTally tally) {
    return new ExpectationResults(
        expectations.stream()
            .map(
                expectation ->
                    new ExpectationResults.Result(
                        expectation.name(),
                        expectation.onBreak().name().toLowerCase(Locale.ROOT),
                        tally.checked(),
                        tally.broken(expectation.name())))
            .toList());
  }

  /**
   * Refuses a batch that breaks an expectation which stops the table.
   *
   * @return the failure to throw, empty if the batch may be committed
   */
  Optional<PipelineException> refusal(ExpectationTally tally) {
    return expectations.stream()
        .filter(expectation -> expectation.onBreak() == OnBreak.STOP)
        .filter(expectation -> tally.broken(expectation.name()) > 0)
        .findFirst()
        .map(
            expectation ->
                new PipelineException(
                    Stage.SILVER,
                    FailureCode.EXPECTATION_BROKEN,
                    "Cannot commit to table '%s': %d rows break expectation '%s' (%s), for example the row with %s. Correct the rows in the source, or the expectation in pipeline.yaml; the table waits until then."
                        .formatted(
                            table.label(),
                            tally.broken(expectation.name()),
                            expectation.name(),
                            expectation.condition(),
                            tally.example(expectation.name()))));
  }

  private PipelineException refused(Exception cause) {
    return new PipelineException(
        Stage.SILVER,
        FailureCode.CONFIG_INVALID,
        "Cannot check the expectations %s of table '%s': %s. Correct 'expect' in pipeline.yaml."
            .formatted(
                expectations.stream().map(Expectation::name).collect(Collectors.joining(", ")),
                table.label(),
                cause.getMessage()),
        cause);
  }
}
