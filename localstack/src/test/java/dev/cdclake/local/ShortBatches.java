/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import dev.cdclake.bronze.BronzeJob;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.Stage;
import dev.cdclake.lake.EventSchemas;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.lake.RejectedRows;
import dev.cdclake.lake.Watermark;
import dev.cdclake.lake.Watermarks;
import dev.cdclake.runtime.StageReport;
import dev.cdclake.silver.SilverJob;
import dev.cdclake.silver.SilverPublisher;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;

/**
 * Runs bronze and silver in batches of a chosen size, so that a batch ends wherever a test wants
 * it: in the middle of a transaction, between two changes of one key.
 */
public final class ShortBatches implements AutoCloseable {

  private final SparkSession spark;
  private final Pipeline pipeline;
  private final LakeTables lake;
  private final EventSchemas schemas;
  private final RejectedRows rejectedRows;
  private final List<SilverJob> silver = new ArrayList<>();
  private final SilverPublisher publisher;
  private final Map<Long, BronzeJob> bronze = new HashMap<>();

  /** Prepares the jobs of a pipeline. */
  public ShortBatches(SparkSession spark, Pipeline pipeline) {
    this.spark = spark;
    this.pipeline = pipeline;
    this.lake = new LakeTables(spark);
    this.schemas = new EventSchemas(lake, pipeline);
    this.rejectedRows = new RejectedRows(lake, pipeline);
    this.publisher = new SilverPublisher(lake, pipeline);
    for (SourceTable table : pipeline.tables()) {
      // Of every second table tasks fold even the fewest changes.
      long few = silver.size() % 2 == 0 ? Long.MAX_VALUE : 0;
      silver.add(new SilverJob(spark, lake, schemas, rejectedRows, pipeline, table, few));
    }
  }

  /**
   * Carries everything that is on the topics.
   *
   * @param stages bronze, silver or both; silver then follows every batch of bronze
   * @param events that a batch of bronze reads at most
   */
  public List<StageReport> run(List<Stage> stages, long events) {
    List<StageReport> reports = new ArrayList<>();
    boolean behind;
    do {
      behind = false;
      if (stages.contains(Stage.BRONZE)) {
        List<StageReport> batch = bronze(events).runBatch();
        reports.addAll(batch);
        behind = batch.stream().anyMatch(report -> report.behind() > 0);
      }
      if (stages.contains(Stage.SILVER)) {
        Watermark watermark = Watermarks.read(lake, pipeline);
        for (SilverJob job : silver) {
          Optional<StageReport> report = job.runBatch(watermark);
          report.ifPresent(reports::add);
          behind |= report.filter(told -> told.behind() > 0).isPresent();
        }
        publisher.publish(watermark);
      }
    } while (behind);
    return reports;
  }

  private BronzeJob bronze(long events) {
    return bronze.computeIfAbsent(
        events, size -> new BronzeJob(spark, lake, schemas, rejectedRows, pipeline, size));
  }

  @Override
  public void close() {
    bronze.values().forEach(BronzeJob::close);
  }
}
