/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.check;

import static org.apache.spark.sql.functions.array_contains;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.sum;

import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.contract.Checks;
import dev.cdclake.contract.Checks.Reference;
import dev.cdclake.contract.Expectation;
import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.FailureCode;
import dev.cdclake.failure.PipelineException;
import dev.cdclake.lake.ConsistentSnapshots;
import dev.cdclake.lake.ExpectationCounts;
import dev.cdclake.lake.ExpectationResults;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.lake.SilverKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.iceberg.Table;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Looks whether the checks of the pipeline file hold for the active rows of silver.
 *
 * <p>Tables are read at the snapshots that belong to one moment of the source, so a row is never
 * seen without the row that it refers to; see {@link ConsistentSnapshots}. Before the first such
 * set they are read as they are.
 */
public final class CheckJob {

  private static final int EXAMPLES = 5;

  /** Rows changed within this time may be in the source and not in silver yet, or the reverse. */
  private static final Duration ON_THE_WAY = Duration.ofMinutes(1);

  private final SparkSession spark;
  private final LakeTables lake;
  private final Pipeline pipeline;
  private final Map<String, Long> consistent;

  public CheckJob(SparkSession spark, Pipeline pipeline) {
    this.spark = spark;
    this.lake = new LakeTables(spark);
    this.pipeline = pipeline;
    this.consistent =
        ConsistentSnapshots.read(lake, pipeline)
            .map(ConsistentSnapshots::snapshots)
            .orElse(Map.of());
  }

  /** A silver table at one of its snapshots. */
  private record Seen(SourceTable source, LakeTable name, Table table, long snapshot) {}

  /**
   * Runs all checks and adds what they found to the table of counts.
   *
   * @param sourceRows by silver table: how many rows the source has; tables that are absent are not
   *     compared
   * @return a result per check, in the order of the file; a table that silver does not have yet has
   *     none
   */
  public List<CheckResult> run(Map<String, Long> sourceRows) {
    List<CheckResult> results = new ArrayList<>();
    for (SourceTable source : pipeline.tables()) {
      Optional<Seen> seen = see(source);
      if (seen.isPresent()) {
        results.addAll(check(seen.get(), source.checks()));
        Long rows = sourceRows.get(source.lakeName());
        if (rows != null) {
          results.add(rowCount(seen.get(), rows));
        }
      }
    }
    keep(results);
    return results;
  }

  private Optional<Seen> see(SourceTable source) {
    LakeTable name = pipeline.silver(source);
    return lake.find(name)
        .filter(table -> table.currentSnapshot() != null)
        .map(table -> new Seen(source, name, table, snapshot(source, table)));
  }

  private long snapshot(SourceTable source, Table table) {
    Long moment = consistent.get(source.lakeName());
    return moment != null && table.snapshot(moment) != null
        ? moment
        : table.currentSnapshot().snapshotId();
  }

  private List<CheckResult> check(Seen seen, Checks checks) {
    List<CheckResult> results = new ArrayList<>();
    try {
      checks.unique().forEach(columns -> results.add(unique(seen, columns)));
      checks.references().forEach(reference -> results.add(reference(seen, reference)));
      if (!checks.freshWithin().isZero()) {
        results.add(fresh(seen, checks.freshWithin()));
      }
    } catch (Exception e) {
      // Spark throws this checked exception without declaring it.
      if (e instanceof AnalysisException) {
        throw new PipelineException(
            Stage.SILVER,
            FailureCode.CONFIG_INVALID,
            "Cannot check table '%s': %s. Correct 'checks' in pipeline.yaml."
                .formatted(seen.name().label(), e.getMessage().lines().findFirst().orElse("")),
            e);
      }
      throw e;
    }
    return results;
  }

  private CheckResult unique(Seen seen, List<String> columns) {
    Dataset<Row> values = active(seen).select(columns(columns)).na().drop();
    Dataset<Row> repeated =
        values.groupBy(columns(columns)).agg(count(lit(1)).as("copies")).where("copies > 1");
    Row found = repeated.agg(coalesce(sum("copies"), lit(0L))).head();
    List<String> examples =
        found.getLong(0) == 0
            ? List.of()
            : repeated.orderBy(col("copies").desc()).limit(EXAMPLES).collectAsList().stream()
                .map(
                    row ->
                        "%s in %d rows".formatted(text(row, columns), row.getLong(columns.size())))
                .toList();
    return result(
        seen, "unique " + String.join(", ", columns), values.count(), found.getLong(0), examples);
  }

  private CheckResult reference(Seen seen, Reference reference) {
    SourceTable target =
        pipeline.tables().stream()
            .filter(table -> table.lakeName().equals(reference.table()))
            .findFirst()
            .orElseThrow();
    List<String> key = SilverKey.of(seen.table()).columns();
    Dataset<Row> dangling = dangling(seen, reference, target, key);
    long broken = dangling.count();
    return result(
        seen,
        "%s refers to %s.%s".formatted(reference.column(), reference.table(), reference.key()),
        active(seen).where(quoted(reference.column()).isNotNull()).count(),
        broken,
        broken == 0
            ? List.of()
            : dangling.limit(EXAMPLES).collectAsList().stream()
                .map(
                    row ->
                        "%s has %s %s"
                            .formatted(text(row, key), reference.column(), row.get(key.size())))
                .toList());
  }

  /** Returns key and value of the rows whose value the other table lacks. */
  private Dataset<Row> dangling(
      Seen seen, Reference reference, SourceTable target, List<String> key) {
    List<Column> columns = new ArrayList<>(Arrays.asList(columns(key)));
    columns.add(quoted(reference.column()).as("_value"));
    Dataset<Row> referring =
        active(seen).select(columns.toArray(Column[]::new)).where(col("_value").isNotNull());
    Optional<Seen> other = see(target);
    if (other.isEmpty()) {
      return referring;
    }
    Dataset<Row> referred = active(other.get()).select(quoted(reference.key()).as("_target"));
    return referring.join(
        referred, referring.col("_value").equalTo(referred.col("_target")), "left_anti");
  }

  private CheckResult fresh(Seen seen, Duration within) {
    Row newest = rows(seen).agg(max(col(ChangeColumns.COMMITTED_AT))).head();
    Instant committedAt = newest.isNullAt(0) ? Instant.EPOCH : newest.getInstant(0);
    Duration age = Duration.between(committedAt, Instant.now());
    boolean broken = age.compareTo(within) > 0;
    return result(
        seen,
        "newest change within %s".formatted(spelt(within)),
        1,
        broken ? 1 : 0,
        broken ? List.of("the newest change is %s old".formatted(spelt(age))) : List.of());
  }

  private CheckResult rowCount(Seen seen, long inSource) {
    Column[] key = columns(SilverKey.of(seen.table()).columns());
    Column held = array_contains(col(ChangeColumns.DQ_FLAGS), Expectation.QUARANTINED);
    long inSilver =
        rows(seen).where(col(ChangeColumns.IS_ACTIVE).or(held)).select(key).distinct().count();
    long onTheWay =
        rows(seen)
            .where(col(ChangeColumns.COMMITTED_AT).gt(lit(Instant.now().minus(ON_THE_WAY))))
            .count();
    long unexplained = Math.max(0, Math.abs(inSource - inSilver) - onTheWay);
    return result(
        seen,
        "as many rows as in the source",
        inSource,
        unexplained,
        unexplained == 0
            ? List.of()
            : List.of("the source has %,d rows, silver %,d".formatted(inSource, inSilver)));
  }

  private Dataset<Row> active(Seen seen) {
    return rows(seen).where(ChangeColumns.IS_ACTIVE);
  }

  private Dataset<Row> rows(Seen seen) {
    return spark
        .read()
        .format("iceberg")
        .option("versionAsOf", seen.snapshot())
        .load(seen.name().quoted());
  }

  private void keep(List<CheckResult> results) {
    ExpectationCounts counts = new ExpectationCounts(lake, pipeline);
    counts.collect();
    if (!results.isEmpty()) {
      Instant now = Instant.now();
      counts.append(
          results.stream()
              .map(
                  result ->
                      new ExpectationCounts.Count(
                          result.table(),
                          new ExpectationResults.Result(
                              result.check(), "check", result.checked(), result.broken()),
                          now,
                          result.snapshot()))
              .toList());
    }
  }

  private static CheckResult result(
      Seen seen, String check, long checked, long broken, List<String> examples) {
    return new CheckResult(
        seen.source().lakeName(), check, checked, broken, examples, seen.snapshot());
  }

  private static String text(Row row, List<String> columns) {
    List<String> parts = new ArrayList<>();
    for (int i = 0; i < columns.size(); i++) {
      parts.add(columns.get(i) + "=" + row.get(i));
    }
    return String.join(", ", parts);
  }

  private static String spelt(Duration duration) {
    long seconds = duration.toSeconds();
    return seconds < 120
        ? seconds + " s"
        : seconds < 7200 ? seconds / 60 + " min" : seconds / 3600 + " h";
  }

  private static Column[] columns(List<String> names) {
    return names.stream().map(CheckJob::quoted).collect(Collectors.toList()).toArray(Column[]::new);
  }

  private static Column quoted(String name) {
    return col("`" + name + "`");
  }
}
