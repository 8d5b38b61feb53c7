/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.glue;

import dev.cdclake.contract.LineMetric;
import dev.cdclake.runtime.StageReport;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchClient;
import software.amazon.awssdk.services.cloudwatch.model.Dimension;
import software.amazon.awssdk.services.cloudwatch.model.MetricDatum;
import software.amazon.awssdk.services.cloudwatch.model.StandardUnit;

/**
 * Publishes what the alarms read in CloudWatch. A metric that cannot be published is a warning in
 * the log, never the end of a run.
 */
final class LineMetrics implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(LineMetrics.class);

  private final CloudWatchClient client;
  private final String namespace;
  private final Dimension line;

  private LineMetrics(CloudWatchClient client, String namespace, String line) {
    this.client = client;
    this.namespace = namespace;
    this.line = Dimension.builder().name(LineMetric.LINE).value(line).build();
  }

  /** Opens a publisher for the line of this name. */
  static LineMetrics open(String region, String namespace, String line) {
    return new LineMetrics(
        CloudWatchClient.builder().region(Region.of(region)).build(), namespace, line);
  }

  /** Publishes what a batch tells. */
  void batch(StageReport report) {
    if (report.rejected() > 0) {
      put(LineMetric.REJECTED_ROWS, (double) report.rejected(), StandardUnit.COUNT);
    }
    if (report.behind() > 0) {
      put(LineMetric.EVENTS_WAITING, (double) report.behind(), StandardUnit.COUNT);
    }
  }

  /** Publishes how many tables wait; silence is none. */
  void waiting(int tables) {
    if (tables > 0) {
      put(LineMetric.TABLES_WAITING, tables, StandardUnit.COUNT);
    }
  }

  void behind(Duration age) {
    put(LineMetric.SECONDS_BEHIND, age.toMillis() / 1000.0, StandardUnit.SECONDS);
  }

  void differences(long rows) {
    put(LineMetric.ROWS_DIFFERENT, (double) rows, StandardUnit.COUNT);
  }

  /** Tells that gold was refreshed, or had nothing to refresh, and its tests hold. */
  void goldRun() {
    put(LineMetric.GOLD_RUNS, 1, StandardUnit.COUNT);
  }

  private void put(LineMetric metric, double value, StandardUnit unit) {
    MetricDatum datum =
        MetricDatum.builder()
            .metricName(metric.label())
            .dimensions(line)
            .value(value)
            .unit(unit)
            .build();
    try {
      client.putMetricData(request -> request.namespace(namespace).metricData(datum));
    } catch (SdkException e) {
      LOG.warn("Cannot publish metric {} = {}", metric, value, e);
    }
  }

  @Override
  public void close() {
    client.close();
  }
}
