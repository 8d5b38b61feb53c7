/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Stage;
import dev.cdclake.lake.LakeSession;
import dev.cdclake.line.LakeLine;
import dev.cdclake.verify.TableVerdict;
import dev.cdclake.verify.Verdict;
import dev.cdclake.verify.VerifyJob;
import java.time.Duration;
import java.util.EnumSet;
import org.apache.spark.sql.SparkSession;

/**
 * Brings the captured tables into silver, where that was not done, and then compares them with the
 * source, several times: the first time Java compiles, later it is warm.
 */
record VerifyRun(BenchLake lake, int round, int times) implements Task {

  @Override
  public void run(TaskOutput output) {
    Pipeline pipeline = lake.pipeline();
    SparkSession spark = LakeSession.open(pipeline, "bench-verify");
    try (LakeLine line = new LakeLine(spark, pipeline, report -> {})) {
      line.runAvailable(EnumSet.of(Stage.BRONZE, Stage.SILVER));
    }
    for (int time = 1; time <= times; time++) {
      Stopwatch watch = Stopwatch.start();
      Verdict verdict = new VerifyJob(spark, pipeline).run(null, Duration.ofMinutes(10));
      long rows = verdict.tables().stream().mapToLong(TableVerdict::sourceRows).sum();
      Sample sample =
          watch.sample(
              "%,d rows of %d tables".formatted(rows, verdict.tables().size()),
              "verify",
              round,
              time == 1,
              rows,
              0);
      output.sample(sample.judged(verdict.isEqual() ? "equal" : verdict.toJson(), "equal"));
    }
  }
}
